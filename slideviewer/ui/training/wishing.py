"""Writes what the user wishes of a training, in the background and in order."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from slideviewer.errors import TrainingError
from slideviewer.training.wishes import Wishes
from slideviewer.ui.jobs import Job


class Wishing(QObject):
    """One word after the other: what was wished for last is what stands there in the end."""

    failed = Signal(str)  # words for the user

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: list[tuple[Path, str]] = []

    def wish(self, folder: Path, word: str) -> None:
        """Wish for something of the training in a folder; an empty word for nothing any more."""
        self._waiting.append((folder, word))
        if len(self._waiting) == 1:
            self._write()

    def _write(self) -> None:
        folder, word = self._waiting[0]
        job = Job(lambda _: _written(folder, word), self)
        job.failed.connect(self.failed)
        job.ended.connect(self._on_ended)
        job.start()

    def _on_ended(self) -> None:
        self._waiting.pop(0)
        if self._waiting:
            self._write()


def _written(folder: Path, word: str) -> None:
    wishes = Wishes(folder)
    if not word:
        wishes.clear()
        return
    try:
        wishes.wish(word)
    except OSError as error:
        raise TrainingError(
            f"The training cannot be told: {error.strerror or error}.", path=folder
        ) from error
