"""Bookmarks: places on a slide to come back to, kept in a file of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, field_validator
from PySide6.QtCore import QObject, QTimer, Signal

from slideviewer.errors import SlideviewerError
from slideviewer.slide import Slide
from slideviewer.ui.kept_file import read_kept, write_kept
from slideviewer.ui.slide_identity import slide_key
from slideviewer.ui.viewpoint import LARGEST_SCALE, Viewpoint

MOST_BOOKMARKS = 5000
MOST_FILE_BYTES = 16_000_000
"""Many more than so many bookmarks with long notes take."""

WHAT = "The bookmarks of this slide"

PAUSE_MILLISECONDS = 500
"""A note is kept when its writer pauses, since keeping it takes the disk longer than a key."""

Coordinate = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]


class Bookmark(BaseModel):
    """A place, and how it was looked at.

    Attributes
    ----------
    id : str
        Identity, so that two of one name are told apart.
    name, note : str
    x, y : float
        The level-0 point in the middle of the view.
    scale : float
        Screen pixels per level-0 pixel.
    rotation : float
        Degrees, clockwise.
    mirrored : bool
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(default_factory=lambda: uuid4().hex, min_length=1, max_length=64)
    name: str = Field(min_length=1, max_length=200)
    x: Coordinate
    y: Coordinate
    scale: float = Field(gt=0, le=LARGEST_SCALE, allow_inf_nan=False)
    rotation: float = Field(default=0.0, ge=0, lt=360)
    mirrored: bool = False
    note: str = Field(default="", max_length=10_000)

    @classmethod
    def of(cls, view: Viewpoint, name: str, note: str = "") -> Bookmark:
        """Mark what a viewpoint shows."""
        return cls(
            name=name,
            note=note,
            x=view.centre_x,
            y=view.centre_y,
            scale=view.scale,
            rotation=view.rotation,
            mirrored=view.mirrored,
        )

    def seen_from(self, view: Viewpoint) -> Viewpoint:
        """The place on a canvas of the present size."""
        return replace(
            view,
            centre_x=self.x,
            centre_y=self.y,
            scale=self.scale,
            rotation=self.rotation,
            mirrored=self.mirrored,
        )


class _Kept(BaseModel):
    """A file of bookmarks."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(default=1, ge=1, le=1)
    slide: str = Field(default="", max_length=4096)
    bookmarks: tuple[Bookmark, ...] = Field(default=(), max_length=MOST_BOOKMARKS)

    @field_validator("bookmarks")
    @classmethod
    def _are_told_apart(cls, read: tuple[Bookmark, ...]) -> tuple[Bookmark, ...]:
        if len({bookmark.id for bookmark in read}) < len(read):
            raise ValueError("two bookmarks have the same id")
        return read


@dataclass(frozen=True)
class Owner:
    """The slide that bookmarks belong to, known without having it open."""

    key: str
    name: str

    @classmethod
    def of(cls, slide: Slide) -> Owner:
        """What an open slide is known by."""
        return cls(slide_key(slide), slide.path.name)


class BookmarkStore:
    """One JSON file a slide.

    Parameters
    ----------
    folder : Path
        Made where it is not there; only its owner may look into it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path_for(self, owner: Owner) -> Path:
        """Where a slide's bookmarks are kept."""
        return self._folder / f"{owner.key}.bookmarks.json"

    def load(self, owner: Owner) -> tuple[Bookmark, ...]:
        """Read a slide's bookmarks; see `read_kept` for what may go wrong."""
        kept = read_kept(self.path_for(owner), _Kept, WHAT, MOST_FILE_BYTES)
        return kept.bookmarks if kept is not None else ()

    def save(self, owner: Owner, bookmarks: Iterable[Bookmark]) -> None:
        """Keep a slide's bookmarks; SlideviewerError where they cannot be written."""
        kept = _Kept(slide=owner.name, bookmarks=tuple(bookmarks))
        write_kept(self.path_for(owner), kept, WHAT)


class Bookmarks(QObject):
    """The bookmarks of the slide that is looked at now.

    Every change is kept at once, but for names and notes: they are when their writer pauses, and
    in any case before another slide's bookmarks are taken.
    """

    changed = Signal()
    failed = Signal(str)  # why they cannot be read or kept, for the user

    def __init__(self, store: BookmarkStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._slide: Slide | None = None
        self._owner: Owner | None = None
        self._all: tuple[Bookmark, ...] = ()
        self._may_save = True
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MILLISECONDS)
        self._pause.timeout.connect(self._save)

    @property
    def slide(self) -> Slide | None:
        """Whose bookmarks these are."""
        return self._slide

    @property
    def all(self) -> tuple[Bookmark, ...]:
        """In the order in which they were made."""
        return self._all

    @property
    def owner(self) -> Owner | None:
        """What that slide is known by when it is closed."""
        return self._owner

    def set_slide(self, slide: Slide | None) -> None:
        """Take those of another slide."""
        if slide is self._slide:
            return
        if self._pause.isActive():
            self._save()
        self._slide, self._all, self._may_save = slide, (), True
        self._owner = Owner.of(slide) if slide is not None else None
        if self._owner is not None:
            try:
                self._all = self._store.load(self._owner)
            except SlideviewerError as problem:
                # A file that is there but cannot be read now must not be written over.
                self._may_save = not self._store.path_for(self._owner).exists()
                self.failed.emit(str(problem))
        self.changed.emit()

    def next_name(self) -> str:
        """A name that no bookmark has yet."""
        taken = {bookmark.name for bookmark in self._all}
        number = len(self._all) + 1
        while f"Bookmark {number}" in taken:
            number += 1
        return f"Bookmark {number}"

    def put(self, bookmark: Bookmark, row: int | None = None) -> None:
        """Add a bookmark, at the end or in a row, or change the one of the same id."""
        if any(other.id == bookmark.id for other in self._all):
            self._all = tuple(bookmark if it.id == bookmark.id else it for it in self._all)
            self.changed.emit()
            self._pause.start()
            return
        try:
            self._set(_inserted(self._all, bookmark, row))
        except SlideviewerError as problem:
            self.failed.emit(str(problem))

    def remove(self, bookmark_id: str) -> None:
        """Take one away."""
        self._set(tuple(it for it in self._all if it.id != bookmark_id))

    def put_back(self, owner: Owner, bookmark: Bookmark, row: int) -> None:
        """Add one that was taken away, whatever slide is looked at now."""
        if owner == self._owner:
            self.put(bookmark, row)
            return
        try:
            self._store.save(owner, _inserted(self._store.load(owner), bookmark, row))
        except SlideviewerError as problem:
            self.failed.emit(str(problem))

    def _set(self, bookmarks: tuple[Bookmark, ...]) -> None:
        self._all = bookmarks
        self.changed.emit()
        self._save()

    def _save(self) -> None:
        self._pause.stop()
        if self._owner is None:
            return
        if not self._may_save:
            self.failed.emit("The bookmarks are not kept, since their file cannot be read.")
            return
        try:
            self._store.save(self._owner, self._all)
        except SlideviewerError as problem:
            self.failed.emit(str(problem))


def _inserted(
    bookmarks: tuple[Bookmark, ...], bookmark: Bookmark, row: int | None
) -> tuple[Bookmark, ...]:
    if len(bookmarks) >= MOST_BOOKMARKS:
        raise SlideviewerError(
            f"A slide can have {MOST_BOOKMARKS} bookmarks.", remedy="Delete some first."
        )
    at = len(bookmarks) if row is None else row
    return (*bookmarks[:at], bookmark, *bookmarks[at:])
