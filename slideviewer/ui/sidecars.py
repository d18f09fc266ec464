"""What lies beside the XML that is open: told when it is read, and written when it is saved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from slideviewer.annotations import FORMATS, Annotation, AnnotationSet
from slideviewer.annotations.sidecar import Sidecar, mismatches, write_sidecar
from slideviewer.annotations.trail import history_of
from slideviewer.errors import SlideviewerError
from slideviewer.ui.author import user_name
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.session import Session
from slideviewer.ui.waiting import wait_for

AT_ONCE = 5_000
"""Annotations up to which it is written while the window waits: less than 0.1 s."""


class Sidecars(QObject):
    """Keeps who drew what and when, and the slide that was drawn on, with the document.

    Parameters
    ----------
    session : Session
    notices : NoticeStack
    window : QWidget
    """

    def __init__(self, session: Session, notices: NoticeStack, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._notices, self._window = session, notices, window
        self._known, self._file = Sidecar(), ""
        self._job: Job | None = None
        session.document.replaced.connect(self._forget)
        session.slide_changed.connect(self._compare)

    @property
    def known(self) -> Sidecar:
        """What is known of the open annotations."""
        return self._known

    def note_read(self, path: Path, sidecar: Sidecar) -> None:
        """Take what was read with a file that is shown now, and tell what is odd about it."""
        self._known, self._file = sidecar, path.name
        for notice in sidecar.notices:
            self._notices.warn(notice)
        self._compare()

    def history_of(self, annotation: Annotation) -> tuple[str, ...]:
        """Sentences on who drew and changed an annotation of what is open."""
        decisions = self._session.document.annotations.decisions
        return history_of(annotation, self._known.marks.get(annotation.id), decisions)

    def write(self, annotations: AnnotationSet, path: Path) -> None:
        """Write what an XML file that was just saved cannot hold beside it."""
        if path.suffix.lower() not in FORMATS[0].suffixes:
            return
        self.wait()
        frame, known = self._session.frame, self._known
        now, author = datetime.now(UTC), user_name()

        def work() -> Sidecar:
            return write_sidecar(annotations, path, known, frame, author, now)

        if len(annotations) <= AT_ONCE:
            try:
                self._note_written(path, work())
            except SlideviewerError as error:
                self._notices.warn(str(error))
            return
        self._begin(path, work)

    def wait(self) -> None:
        """Wait until what is being written lies on the disk."""
        if self._job is not None:
            wait_for(self._job, "Saving what belongs to the annotations …", self._window)

    def _begin(self, path: Path, work: Callable[[], Sidecar]) -> None:
        known = self._known
        self._job = job = Job(lambda _: work(), self)

        def succeeded(written: Sidecar) -> None:
            if self._known is known:  # the same document is open
                self._note_written(path, written)

        def ended() -> None:
            self._job = None

        job.succeeded.connect(succeeded)
        job.failed.connect(self._notices.warn)
        job.ended.connect(ended)
        job.start()

    def _note_written(self, path: Path, written: Sidecar) -> None:
        self._known, self._file = written, path.name

    def _forget(self) -> None:
        self._known, self._file = Sidecar(), ""

    def _compare(self) -> None:
        """Tell where the open slide is not the one that was drawn on."""
        frame = self._session.frame
        if frame is not None:
            for text in mismatches(self._known.slide, frame, self._file):
                self._notices.warn(text)
