"""Shows background work that takes long, and lets the user cancel it."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QProgressDialog, QWidget

from slideviewer.progress import Step
from slideviewer.ui import words
from slideviewer.ui.jobs import Job

PATIENCE_MILLISECONDS = 600
"""Quicker work shows nothing."""

CLOSE_SECONDS = 1.5
"""How long cancelled work is waited for at the end: a file on a lost network may hang."""


class Running(QObject):
    """The jobs under way, each with a small window of its own after a moment.

    Parameters
    ----------
    window : QWidget
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._jobs: list[Job] = []

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._jobs)

    def start(self, job: Job, title: str, doing: str) -> None:
        """Start a job and show how far it is.

        Parameters
        ----------
        job : Job
            Not yet started.
        title : str
            Of its window.
        doing : str
            What to say before the job says anything itself.
        """
        shown = QProgressDialog(f"{doing} …", "Cancel", 0, 0, self._window)
        shown.setWindowTitle(title)
        shown.setWindowModality(Qt.WindowModality.NonModal)
        shown.setMinimumDuration(PATIENCE_MILLISECONDS)
        shown.setMinimumWidth(360)
        shown.setAutoClose(False)
        shown.setAutoReset(False)

        def show_step(step: Step) -> None:
            if not shown.wasCanceled():  # a step that was on its way would bring it back
                shown.setLabelText(words.progress(step))
                shown.setMaximum(step.total)
                shown.setValue(step.done)

        def end() -> None:
            self._jobs.remove(job)
            shown.hide()
            shown.deleteLater()

        job.progressed.connect(show_step)
        shown.canceled.connect(job.cancel)
        job.ended.connect(end)
        self._jobs.append(job)
        job.start()

    def close(self) -> None:
        """Cancel all and wait a little, so that nothing half written stays behind."""
        for job in self._jobs:
            job.cancel()
        until = time.monotonic() + CLOSE_SECONDS
        for job in self._jobs:
            job.wait(max(0.0, until - time.monotonic()))
