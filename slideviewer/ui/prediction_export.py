"""Writing a prediction to files from the window, in the background."""

from __future__ import annotations

from time import monotonic

from PySide6.QtCore import QObject

from slideviewer.inference.stored import Stored
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.predicted.kinds import Wanted, kind_of

EXPORT_SECONDS = 10.0
"""How long an export is waited for at the end: a network drive that hangs must not hold the
window. What it writes is whole or not there at all."""


class PredictionExports(QObject):
    """The exports under way."""

    def __init__(self, notices: NoticeStack, parent: QObject) -> None:
        super().__init__(parent)
        self._notices = notices
        self._jobs: list[Job] = []

    def start(self, prediction: Stored, wanted: Wanted) -> None:
        """Write a prediction in every form that there is of it to a folder."""
        kind = kind_of(prediction)
        job = Job(lambda progress: kind.write(prediction, wanted, progress), self)
        job.succeeded.connect(lambda _: self._notices.tell(f"Exported to {wanted.folder}."))
        job.failed.connect(lambda problem: self._notices.warn(problem))
        job.ended.connect(lambda: self._jobs.remove(job))
        self._jobs.append(job)
        job.start()

    def close(self) -> None:
        """Wait a while for those under way."""
        until = monotonic() + EXPORT_SECONDS
        for job in self._jobs:
            job.wait(max(0.0, until - monotonic()))
