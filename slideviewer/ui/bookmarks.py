"""Bookmarks: places on a slide to come back to, kept in a file of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from PySide6.QtCore import QObject, Signal

from slideviewer.errors import SlideviewerError
from slideviewer.files import replacing
from slideviewer.slide import Slide
from slideviewer.ui.slide_identity import slide_key
from slideviewer.ui.viewpoint import LARGEST_SCALE, Viewpoint

MOST_BOOKMARKS = 5000
MOST_FILE_BYTES = 16_000_000
"""Many more than so many bookmarks with long notes take."""

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


class BookmarkStore:
    """One JSON file a slide.

    Parameters
    ----------
    folder : Path
        Made where it is not there; only its owner may look into it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path_for(self, slide: Slide) -> Path:
        """Where a slide's bookmarks are kept."""
        return self._folder / f"{slide_key(slide)}.bookmarks.json"

    def load(self, slide: Slide) -> tuple[Bookmark, ...]:
        """Read a slide's bookmarks.

        Raises
        ------
        SlideviewerError
            Where the file cannot be read or is damaged; a damaged one has been set aside under
            another name, so that nothing writes over it.
        """
        path = self.path_for(slide)
        try:
            with path.open("rb") as file:
                data = file.read(MOST_FILE_BYTES + 1)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise SlideviewerError(
                f"The bookmarks cannot be read ({error.strerror or error}).", path=path
            ) from error
        try:
            if len(data) > MOST_FILE_BYTES:
                raise ValueError(f"it has more than {MOST_FILE_BYTES} bytes")
            kept = _Kept.model_validate_json(data)
            if len({bookmark.id for bookmark in kept.bookmarks}) < len(kept.bookmarks):
                raise ValueError("two bookmarks have the same id")
        except ValueError as error:  # pydantic's is one, too
            raise SlideviewerError(
                f"The bookmarks of this slide are damaged ({_reason(error)}).",
                path=path,
                remedy=f"They were set aside as {_set_aside(path)}.",
            ) from error
        return kept.bookmarks

    def save(self, slide: Slide, bookmarks: Iterable[Bookmark]) -> None:
        """Keep a slide's bookmarks; SlideviewerError where they cannot be written."""
        path = self.path_for(slide)
        kept = _Kept(slide=slide.path.name, bookmarks=tuple(bookmarks))
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with replacing(path) as stream:
                stream.write(kept.model_dump_json(indent=1).encode())
        except OSError as error:
            raise SlideviewerError(
                f"The bookmarks cannot be kept ({error.strerror or error}).",
                path=path,
                remedy="Make room, or make the folder writable; then change a bookmark again.",
            ) from error


class Bookmarks(QObject):
    """The bookmarks of the slide that is looked at now. Every change is kept at once."""

    changed = Signal()
    failed = Signal(str)  # why they cannot be read or kept, for the user

    def __init__(self, store: BookmarkStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._slide: Slide | None = None
        self._all: tuple[Bookmark, ...] = ()
        self._may_save = True

    @property
    def slide(self) -> Slide | None:
        """Whose bookmarks these are."""
        return self._slide

    @property
    def all(self) -> tuple[Bookmark, ...]:
        """In the order in which they were made."""
        return self._all

    def set_slide(self, slide: Slide | None) -> None:
        """Take those of another slide."""
        if slide is self._slide:
            return
        self._slide, self._all, self._may_save = slide, (), True
        if slide is not None:
            try:
                self._all = self._store.load(slide)
            except SlideviewerError as problem:
                # A file that is there but cannot be read now must not be written over.
                self._may_save = not self._store.path_for(slide).exists()
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
            self._set(bookmark if other.id == bookmark.id else other for other in self._all)
        elif len(self._all) >= MOST_BOOKMARKS:
            self.failed.emit(f"A slide can have {MOST_BOOKMARKS} bookmarks. Delete some first.")
        else:
            at = len(self._all) if row is None else row
            self._set((*self._all[:at], bookmark, *self._all[at:]))

    def remove(self, bookmark_id: str) -> None:
        """Take one away."""
        self._set(bookmark for bookmark in self._all if bookmark.id != bookmark_id)

    def _set(self, bookmarks: Iterable[Bookmark]) -> None:
        self._all = tuple(bookmarks)
        self.changed.emit()
        if self._slide is None:
            return
        if not self._may_save:
            self.failed.emit("The bookmarks are not kept, since their file cannot be read.")
            return
        try:
            self._store.save(self._slide, self._all)
        except SlideviewerError as problem:
            self.failed.emit(str(problem))


def _reason(error: ValueError) -> str:
    """What is wrong, in a few words."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"{place}: {first['msg']}" if place else str(first["msg"])
    return str(error)


def _set_aside(path: Path) -> str:
    """Rename a damaged file to a name that is free; gives the name."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.damaged-{number}.json")).exists():
        number += 1
    try:
        path.rename(aside)
    except OSError as error:
        raise SlideviewerError(
            f"The bookmarks of this slide are damaged, and cannot be set aside "
            f"({error.strerror or error}).",
            path=path,
        ) from error
    return aside.name
