"""Correcting the model in the window: the dialog, the process, and the versions."""

from __future__ import annotations

import glob
import itertools
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from slideviewer.models.package import ModelPackage
from slideviewer.models.versions import (
    parent_among,
    take_over,
    throw_away,
    throw_away_forgotten,
    waiting_place,
)
from slideviewer.progress import Progress
from slideviewer.ui import prediction_words
from slideviewer.ui.improving.dialog import ImproveDialog
from slideviewer.ui.improving.process import ImprovingProcess
from slideviewer.ui.improving.slides_table import Use
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.prediction import PredictionControl
from slideviewer.ui.review.panel import UNREAD
from slideviewer.ui.session import Session

TAKING_SECONDS = 5.0
"""So long a window that closes waits for a version that is being put among the models."""

NOT_SAVED = "Save the annotations first: only what is saved is learnt from."
NOT_OF_TILES = (
    "“{title}” answers for every pixel, and only models of tiles are corrected from a review."
)
BUSY = "The slide is being predicted: wait for its end, or cancel it."
NO_FORMER = "“{title}” is no corrected version of another model."
FORMER_GONE = "The model that “{title}” was made of is not installed any more."
BACK = "The model is “{title}” again. The corrected version stays in the list."


class Improving(QObject):
    """Lets a model learn from a review, and go back to the one before.

    Parameters
    ----------
    session : Session
    prediction : PredictionControl
    is_hidden : callable
        Whether predictions are hidden now.
    notices : NoticeStack
    window : QWidget
    """

    def __init__(
        self,
        session: Session,
        prediction: PredictionControl,
        is_hidden: Callable[[], bool],
        notices: NoticeStack,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._prediction = session, prediction
        self._is_hidden, self._notices, self._window = is_hidden, notices, window
        self.process = ImprovingProcess(self)
        self.dialog: ImproveDialog | None = None
        self._folder = Path()
        self._waiting: Path | None = None  # the version that is being made, or decided on
        self._survey: Job | None = None
        self._taking: Job | None = None
        self._numbers = itertools.count(1)
        self.process.progressed.connect(self._on_step)
        self.process.noticed.connect(notices.tell)
        self.process.ended.connect(self._on_ended)
        self.process.failed.connect(self._on_failed)

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {"improve_model": self.ask, "former_model": self.go_back}

    def close(self) -> None:
        """End the process, and leave no version that nobody decided on."""
        self._end_survey()
        self.process.cancel()
        if self._taking is not None:
            self._taking.wait(TAKING_SECONDS)
            return  # it was wanted
        self._throw_away()

    def ask(self) -> None:
        """Show what there is to learn from on the slides beside the open one."""
        if self._is_hidden():
            self._notices.tell(UNREAD)
            return
        if self.dialog is not None:
            self.dialog.raise_()
            self.dialog.activateWindow()
            return
        package, slide = self._package(), self._session.slide
        if package is None:
            return
        if not self._session.document.is_saved:
            self._notices.tell(NOT_SAVED)
            return
        folder = slide.path.absolute().parent if slide is not None else self._ask_for_folder()
        if folder is None:
            return
        dialog = self.dialog = ImproveDialog(package, self._window)
        dialog.folder_wanted.connect(self._choose_folder)
        dialog.wanted.connect(self._begin)
        dialog.stop_wanted.connect(self._stop)
        dialog.use_wanted.connect(self._use)
        dialog.former_wanted.connect(self._keep_former)
        self._count(folder)
        dialog.show()

    def go_back(self) -> None:
        """Choose the model that the present one was made of."""
        chooser = self._prediction.chooser
        package: ModelPackage | None = chooser.currentData()
        if package is None:
            self._notices.warn(prediction_words.NO_MODEL)
            return
        if self._prediction.is_running:
            self._notices.tell(BUSY)
            return
        title = package.spec.title or package.spec.name
        parent = parent_among(package, chooser.packages)
        if parent is None:
            words = NO_FORMER if package.spec.parent is None else FORMER_GONE
            self._notices.tell(words.format(title=title))
            return
        chooser.choose(parent)
        self._notices.tell(BACK.format(title=parent.spec.title or parent.spec.name))

    def _package(self) -> ModelPackage | None:
        package: ModelPackage | None = self._prediction.chooser.currentData()
        if package is None:
            self._notices.warn(prediction_words.NO_MODEL)
        elif package.spec.task != "tile-classification":
            title = package.spec.title or package.spec.name
            self._notices.tell(NOT_OF_TILES.format(title=title))
            return None
        return package

    def _ask_for_folder(self) -> Path | None:
        parent = self.dialog or self._window
        name = QFileDialog.getExistingDirectory(parent, "Slides of the review", str(self._folder))
        return Path(name) if name else None

    def _choose_folder(self) -> None:
        folder = self._ask_for_folder()
        if folder is not None and self.dialog is not None:
            self._count(folder)

    def _count(self, folder: Path) -> None:
        """Look in the background what there is to learn from."""
        dialog = self.dialog
        if dialog is None:
            return
        self._end_survey()
        self._folder = folder
        dialog.problem.setText("")
        dialog.show_counting(folder)
        package = dialog.package

        def work(progress: Progress) -> object:
            throw_away_forgotten()
            # Late, and here: it takes a second to import.
            from slideviewer.training.improving.options import ImproveOptions
            from slideviewer.training.improving.survey import survey

            return survey(package, ImproveOptions(str(package.folder), folder, Path()), progress)

        job = self._survey = Job(work, self)
        job.succeeded.connect(dialog.show_slides)
        job.failed.connect(dialog.show_problem)
        job.start()

    def _end_survey(self) -> None:
        if self._survey is not None:
            self._survey.cancel()
            self._survey = None

    def _begin(self) -> None:
        """Start the process on what stands in the dialog."""
        dialog = self.dialog
        if dialog is None:
            return
        held_out = dialog.table.used(Use.HOLD_OUT)
        words = ["--model", str(dialog.package.folder), "--data", str(self._folder)]
        for slide in held_out:
            words += ["--hold-out", glob.escape(slide.name)]
        for slide in dialog.table.used(Use.LEAVE_OUT):
            words += ["--leave-out", glob.escape(slide.name)]
        if not held_out:
            words += ["--hold-out-share", "0"]
        self._throw_away()
        self._waiting = waiting_place(next(self._numbers))
        dialog.show_step(None)
        self.process.start([*words, "--out", str(self._waiting)])

    def _on_step(self, step: object) -> None:
        if self.dialog is not None:
            self.dialog.show_step(step)  # type: ignore[arg-type]

    def _on_ended(self, result: dict[str, Any]) -> None:
        if self.dialog is not None:
            self.dialog.show_result(result)

    def _on_failed(self, problem: str) -> None:
        self._throw_away()
        if self.dialog is not None:
            self.dialog.show_problem(problem)

    def _stop(self) -> None:
        """End the process and show the slides again; where it does not run, close the dialog."""
        if self.process.is_running:
            self.process.cancel()
            self._throw_away()
            if self.dialog is not None:
                self.dialog.show_problem("")
            return
        self._end_survey()
        self._close_dialog()

    def _keep_former(self) -> None:
        if self._taking is not None:  # it was decided otherwise a moment ago
            return
        self._throw_away()
        self._close_dialog()

    def _use(self) -> None:
        """Put the new version among the models, in the background, and choose it."""
        folder, dialog = self._waiting, self.dialog
        if folder is None or dialog is None or self._taking is not None:
            return
        dialog.setEnabled(False)
        job = self._taking = Job(lambda _: take_over(folder), self)
        job.succeeded.connect(self._on_taken)
        job.failed.connect(self._on_not_taken)
        job.start()

    def _on_not_taken(self, problem: str) -> None:
        """The version waits on: it can be tried again."""
        self._taking = None
        if self.dialog is not None:
            self.dialog.setEnabled(True)
        self._notices.warn(problem)

    def _on_taken(self, package: ModelPackage) -> None:
        self._taking = self._waiting = None
        self._close_dialog()
        chooser = self._prediction.chooser
        title = package.spec.title or package.spec.name
        chooser.offer(package)
        if self._prediction.is_running:
            self._notices.tell(f"“{title}” is in the list of models.")
            return
        chooser.choose(package)
        self._notices.offer(f"“{title}” predicts from now on.", "Back to the former", self.go_back)

    def _close_dialog(self) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.hide()
            dialog.deleteLater()

    def _throw_away(self) -> None:
        folder, self._waiting = self._waiting, None
        if folder is not None:
            throw_away(folder)
            for half in folder.parent.glob(f".making-{folder.name}-*"):
                throw_away(half)
            with suppress(OSError):
                folder.parent.rmdir()
