"""A folder of slides, listed in the background and again whenever it changes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QFileSystemWatcher, QObject, QTimer, Signal, Slot

from slideviewer.cohort.folder_listing import Listing, list_slides
from slideviewer.ui.jobs import Job

SETTLE_MS = 400
"""How long a folder must be quiet before it is listed again: copying changes it all the time."""


class WatchedFolder(QObject):
    """Lists one folder at a time; a listing of the one before is not waited for.

    Parameters
    ----------
    parent : QObject
    """

    began = Signal()  # the folder is being listed
    listed = Signal(object)  # Listing of the folder
    failed = Signal(str)  # why it could not be listed, for the user

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._path: Path | None = None
        self._job: Job | None = None
        self._watcher = QFileSystemWatcher(self)
        self._settled = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._watcher.directoryChanged.connect(self._settled.start)
        self._settled.timeout.connect(self.look_again)

    @property
    def path(self) -> Path | None:
        """What is listed."""
        return self._path

    @property
    def is_being_listed(self) -> bool:
        """Whether a listing is under way."""
        return self._job is not None

    def go_to(self, path: Path) -> None:
        """List another folder."""
        self._path = path
        self.look_again()

    @Slot()
    def look_again(self) -> None:
        """List the folder anew, if there is one."""
        folder = self._path
        if folder is None:
            return
        if self._job is not None:
            self._job.cancel()
        # The application owns the job: this object may be gone when a network answers.
        self._job = Job(partial(_list, folder), QCoreApplication.instance())
        self._job.succeeded.connect(self._on_listing)
        self._job.failed.connect(self._on_failure)
        self._job.start()
        self.began.emit()

    @Slot(object)
    def _on_listing(self, listing: Listing) -> None:
        self._job = None
        self._watch(listing.folder)
        self.listed.emit(listing)

    @Slot(str)
    def _on_failure(self, problem: str) -> None:
        self._job = None
        self.failed.emit(problem)

    def _watch(self, folder: Path) -> None:
        """Hear of changes; a folder that has just been listed answers at once."""
        watched = self._watcher.directories()
        if watched != [str(folder)]:
            if watched:
                self._watcher.removePaths(watched)
            self._watcher.addPath(str(folder))


def _list(folder: Path, progress: object) -> Listing:
    return list_slides(folder)
