"""Tells other windows that an annotation file is open here, and asks where it is open there."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from slideviewer.annotations.file_lock import FileLock, holder_of
from slideviewer.ui.asking import ask
from slideviewer.ui.document import Document


class Way(Enum):
    """How to open a file that another window has open; in the words of the buttons."""

    COPY = "Open a copy"
    ANYWAY = "Open anyway"
    STAY = "Cancel"


class MarkupLock(QObject):
    """Holds the lock of the document's file.

    Parameters
    ----------
    document : Document
    window : QWidget
        Over which questions stand.
    """

    def __init__(self, document: Document, window: QWidget) -> None:
        super().__init__(window)
        self._document, self._window = document, window
        self._lock: FileLock | None = None
        self.is_wanted = True
        """Whether files are locked, and questions asked: not where nobody works on them."""
        document.state_changed.connect(self._follow)

    def way_to_open(self, path: Path) -> Way:
        """Ask how to open a file, where another window has it open."""
        holder = self.words_on_holder(path)
        if not holder:
            return Way.ANYWAY
        answer = ask(
            self._window,
            "Open in another window",
            f"{path.name} is open in another window ({holder}). Of what both save, only the "
            "last would stay.",
            tuple(way.value for way in Way),
        )
        return Way(answer)

    def words_on_holder(self, path: Path) -> str:
        """Who else has a file open, for the user; empty where nobody has."""
        is_ours = self._lock is not None and self._lock.path == path
        holder = holder_of(path) if self.is_wanted and not is_ours else None
        return "" if holder is None else holder.words

    def release(self) -> None:
        """Hold no lock any more; the window is about to close."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()

    def _follow(self) -> None:
        path = self._document.path if self.is_wanted else None
        if path == (self._lock.path if self._lock is not None else None):
            return
        self.release()
        if path is not None:
            lock = FileLock(path)
            lock.take()
            self._lock = lock
