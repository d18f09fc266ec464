"""Lets the user wait for a job whose end is needed before anything else may happen."""

from __future__ import annotations

from PySide6.QtCore import QEventLoop, Qt
from PySide6.QtWidgets import QProgressDialog, QWidget

from slideviewer.ui.jobs import Job

PATIENCE_MILLISECONDS = 400
"""A shorter wait shows nothing."""


def wait_for(job: Job, words: str, window: QWidget) -> None:
    """Return when a job that was started has ended; until then its window takes no input.

    Parameters
    ----------
    job : Job
        One that has not ended yet: what it says last must still be to come.
    words : str
        What is going on.
    window : QWidget
    """
    loop = QEventLoop()
    job.ended.connect(loop.quit)
    shown = QProgressDialog(words, "", 0, 0, window)
    shown.setCancelButton(None)
    shown.setWindowTitle("One moment")
    shown.setWindowModality(Qt.WindowModality.WindowModal)
    shown.setMinimumDuration(PATIENCE_MILLISECONDS)
    shown.setValue(0)
    window.setEnabled(False)
    try:
        loop.exec()
    finally:
        window.setEnabled(True)
        shown.reset()
        shown.deleteLater()
