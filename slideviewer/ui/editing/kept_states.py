"""Keeps which groups of a slide are hidden and locked, beside its bookmarks."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field
from PySide6.QtCore import QObject, Signal

from slideviewer.errors import SlideviewerError
from slideviewer.ui.editing.locks import GroupName
from slideviewer.ui.kept_file import read_kept, write_kept
from slideviewer.ui.session import Session
from slideviewer.ui.slide_identity import slide_key

WHAT = "The hidden and locked groups of this slide"
MOST_GROUPS = 10_000
MOST_FILE_BYTES = 4_000_000


class _Kept(BaseModel):
    """A file of group states; None stands for the annotations of no group."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(default=1, ge=1, le=1)
    slide: str = Field(default="", max_length=4096)
    hidden: tuple[str | None, ...] = Field(default=(), max_length=MOST_GROUPS)
    locked: tuple[str | None, ...] = Field(default=(), max_length=MOST_GROUPS)


class StateKeeper(QObject):
    """Takes the states of the session's slide when it is opened, and keeps each change at once.

    Parameters
    ----------
    session : Session
    folder : Path
        Made where it is not there.
    """

    failed = Signal(str)  # why they cannot be read or kept, for the user

    def __init__(self, session: Session, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._folder = session, folder
        self._file: Path | None = None
        self._name = ""
        self._is_taking = False
        session.slide_changed.connect(self._take)
        session.group_states.changed.connect(self._keep)

    def _take(self) -> None:
        slide = self._session.slide
        self._file, kept = None, _Kept()
        if slide is not None:
            self._file = self._folder / f"{slide_key(slide)}.groups.json"
            self._name = slide.path.name
            try:
                kept = read_kept(self._file, _Kept, WHAT, MOST_FILE_BYTES) or kept
            except SlideviewerError as problem:
                if self._file.exists():  # it cannot be read now, and must not be written over
                    self._file = None
                self.failed.emit(str(problem))
        self._is_taking = True
        self._session.group_states.set(frozenset(kept.hidden), frozenset(kept.locked))
        self._is_taking = False

    def _keep(self) -> None:
        if self._file is None or self._is_taking:
            return
        states = self._session.group_states
        kept = _Kept(slide=self._name, hidden=_put(states.hidden), locked=_put(states.locked))
        try:
            write_kept(self._file, kept, WHAT)
        except SlideviewerError as problem:
            self.failed.emit(str(problem))


def _put(groups: frozenset[GroupName]) -> tuple[GroupName, ...]:
    """Those that a file can hold, in an order that does not change from one time to the next."""
    writable = (it for it in groups if it is None or it.encode("utf-8", "ignore").decode() == it)
    return tuple(sorted(writable, key=lambda group: (group is not None, group or "")))
