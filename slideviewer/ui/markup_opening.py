"""Opening annotation files, those beside a slide, and what is readable of broken ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from slideviewer.annotations import Loaded
from slideviewer.annotations.sidecar import Sidecar
from slideviewer.ui import settings
from slideviewer.ui.jobs import Job
from slideviewer.ui.markup_lock import Way
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.opening import (
    Offers,
    Opening,
    ReadAnnotations,
    read_with_stamp,
    recover_with_sidecar,
)
from slideviewer.ui.saving import Saving
from slideviewer.ui.session import Session


class MarkupOpening(QObject):
    """Shows what annotation files hold, and replaces no unsaved work unasked.

    Parameters
    ----------
    session : Session
    notices : NoticeStack
    saving : Saving
    opening : Opening
        Also opens the slides, so that one thing is opened at a time.
    offers : Offers
        On the open slide.
    parent : QObject
    """

    failed = Signal(str)  # why a file that was asked for could not be opened, for the user

    def __init__(
        self,
        session: Session,
        notices: NoticeStack,
        saving: Saving,
        opening: Opening,
        offers: Offers,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session, self._notices, self._saving = session, notices, saving
        self._opening, self._offers = opening, offers
        self._job: Job | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether annotations are being read that are to be shown."""
        return self._opening.is_at(self._job)

    def open(self, path: Path) -> None:
        """Read a file in the background and show it in place of the present markup."""

        def show(read: ReadAnnotations) -> None:
            if self._saving.may_still_leave(agreed):
                self._show(path, read, is_copy=way is Way.COPY)

        def fail(problem: str) -> None:
            self.failed.emit(problem)
            self._offer_recovery(path, problem)

        way = self._saving.lock.way_to_open(path)
        if way is Way.STAY or not self._saving.may_leave():
            return
        agreed = self._session.document.annotations
        self._read(path, show, fail)

    def open_beside(self, path: Path) -> None:
        """Open the file that lies beside the open slide, or offer it where it must be asked for.

        Nothing happens where something else is being opened, or where this file is open already.
        """
        document = self._session.document
        if self._opening.is_under_way or document.path == path:
            return
        is_free = document.is_blank and document.is_saved
        is_free = is_free and not self._saving.lock.words_on_holder(path)
        if is_free and settings.read(settings.AUTO_OPEN_ANNOTATIONS):
            self._open_unasked(path)
        else:
            self._offer(path)

    def _open_unasked(self, path: Path) -> None:
        def show(read: ReadAnnotations) -> None:
            if self._session.document.annotations is agreed:
                self._show(path, read)
                self._notices.tell(f"Opened {path.name} beside the slide.")
            else:  # something was drawn meanwhile
                self._offer(path)

        def fail(problem: str) -> None:
            self._notices.warn(problem)
            self._offer_recovery(path, problem)

        agreed = self._session.document.annotations
        self._read(path, show, fail)

    def _read(
        self, path: Path, show: Callable[[ReadAnnotations], None], fail: Callable[[str], None]
    ) -> None:
        frame = self._session.frame
        self._job = self._opening.begin(lambda _: read_with_stamp(path, frame), show, fail)

    def _show(self, path: Path, read: ReadAnnotations, *, is_copy: bool = False) -> None:
        self._saving.note(path, read.stamp)
        opened_as = None if is_copy or read.is_only_read else path
        self._session.document.open(read.loaded.annotations, opened_as, stamp=read.stamp)
        self._saving.sidecars.note_read(path, read.sidecar)
        if read.is_only_read:
            self._notices.tell(f"{path.name} can only be read: saving asks for another file.")
        elif is_copy:
            self._notices.tell(f"This is a copy of {path.name}: saving asks for another name.")
        self._tell(read.loaded)

    def _offer(self, path: Path) -> None:
        holder = self._saving.lock.words_on_holder(path)
        where = f", and is open in another window ({holder})" if holder else ""
        self._offers.make(
            f"{path.name} lies beside the slide{where}.",
            "Open annotations",
            lambda: self.open(path),
        )

    def _offer_recovery(self, path: Path, problem: str) -> None:
        if path.suffix.lower() == ".xml" and path.is_file():
            self._offers.make(problem, "Recover what is readable", lambda: self._recover(path))

    def _recover(self, path: Path) -> None:
        def show(recovered: tuple[Loaded, Sidecar]) -> None:
            if self._saving.may_still_leave(agreed):
                # It has no file yet: saving asks for a new one, and the broken one stays.
                loaded, sidecar = recovered
                self._session.document.open(loaded.annotations, None, unsaved=True)
                self._saving.sidecars.note_read(path, sidecar)
                self._tell(loaded)

        if not self._saving.may_leave():
            return
        agreed = self._session.document.annotations
        self._opening.begin(lambda _: recover_with_sidecar(path), show, self.failed.emit)

    def _tell(self, loaded: Loaded) -> None:
        for notice in loaded.notices:
            self._notices.warn(notice)
