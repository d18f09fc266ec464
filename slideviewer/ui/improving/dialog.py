"""The dialog: what there is to learn from, how far it is, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from slideviewer.models.package import ModelPackage
from slideviewer.progress import Step
from slideviewer.ui import words
from slideviewer.ui.elided_label import ElidedLabel
from slideviewer.ui.improving.result_view import ResultView
from slideviewer.ui.improving.slides_table import SHOWN, SlidesTable, Use, counted

if TYPE_CHECKING:
    from slideviewer.training.improving.survey import SurveyedSlide

EXPLAINED = (
    "The last layer of the model is fitted anew on tiles that were accepted, rejected or drawn."
    " Nothing is learnt from slides that are held out: on them both models are compared, and all"
    " tissue that is not marked counts as not being the target."
)
COUNTING = "Counting what was reviewed …"
NO_SLIDE_HELD_OUT = (
    "No slide is held out: the models can only be compared on other tiles of the same slides."
)
NOTHING = "There is nothing to learn from: accept, reject or draw on a slide, and save."


class ImproveDialog(QDialog):
    """Three pages: the slides, the progress, and before and after.

    Parameters
    ----------
    package : ModelPackage
        The model that is to be corrected.
    """

    folder_wanted = Signal()  # another folder of slides is to be chosen
    wanted = Signal()  # begin
    stop_wanted = Signal()
    use_wanted = Signal()  # take the new version in the former's place
    former_wanted = Signal()  # keep the former, and throw the new version away

    def __init__(self, package: ModelPackage, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Improve the model")
        self.package = package
        names = package.spec.class_names
        self._names = names
        self.table, self.compared = SlidesTable(names), ResultView()
        self.folder, self.summed, self.doing = ElidedLabel(), QLabel(), QLabel()
        self.problem = QLabel()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the correction")
        self.choose = QPushButton("Choose folder…")
        self.go, self.stop = QPushButton("Improve"), QPushButton("Cancel")
        self.use, self.former = QPushButton("Use it"), QPushButton("Keep the former")
        for label in (self.summed, self.doing, self.problem):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.pages = QStackedWidget()
        for page in (self._slides_page(), self._running_page(), self.compared):
            self.pages.addWidget(page)
        model = QLabel(f"Model: {package.spec.title or package.spec.name}")
        model.setWordWrap(True)
        row = QHBoxLayout()
        row.addStretch(1)
        for button in (self.former, self.use, self.stop, self.go):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addWidget(model)
        column.addWidget(self.pages, 1)
        column.addLayout(row)
        self.choose.clicked.connect(self.folder_wanted)
        self.go.clicked.connect(self.wanted)
        self.stop.clicked.connect(self._stop)
        self.use.clicked.connect(self.use_wanted)
        self.former.clicked.connect(self.former_wanted)
        self.table.changed.connect(self._show_sum)
        self._can_use = self._is_judged = False
        self.show_counting(Path())

    def sizeHint(self) -> QSize:
        return super().sizeHint().expandedTo(QSize(760, 460))

    def show_counting(self, folder: Path) -> None:
        """Show that the slides of a folder are looked at."""
        self.folder.set_words(f"Slides: {folder}")
        self.table.show_slides(())
        self.summed.setText(COUNTING)
        self._show_page(0)

    def show_slides(self, slides: tuple[SurveyedSlide, ...]) -> None:
        """Show what there is to learn from."""
        self.table.show_slides(slides)
        self._show_page(0)

    def show_problem(self, problem: str) -> None:
        """Show why it could not be done, and the slides again."""
        self.problem.setText(problem)
        if not self.table.slides:
            self.summed.setText("")
        self._show_page(0)

    def show_step(self, step: Step | None) -> None:
        """Show how far it is; None at the beginning."""
        self.problem.setText("")
        self.doing.setText("Starting …" if step is None else words.progress(step))
        self.bar.setRange(0, 0 if step is None else step.total)
        self.bar.setValue(0 if step is None else step.done)
        self._show_page(1)

    def show_result(self, result: Mapping[str, Any]) -> None:
        """Show before and after, and let the user decide."""
        self._can_use = result["package"] is not None
        self._is_judged = result["judgement"]["is_judged"]
        self.compared.show_result(result)
        self._show_page(2)

    def reject(self) -> None:
        """Esc and the window's own cross: as the button that changes nothing."""
        if self.pages.currentIndex() == 2:
            self.former_wanted.emit()
        else:
            self._stop()

    def _stop(self) -> None:
        self.stop_wanted.emit()

    def _slides_page(self) -> QWidget:
        page, explained = QWidget(), QLabel(EXPLAINED)
        explained.setWordWrap(True)
        explained.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        top = QHBoxLayout()
        top.addWidget(self.folder, 1)
        top.addWidget(self.choose)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(explained)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        column.addWidget(self.summed)
        column.addWidget(self.problem)
        return page

    def _running_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.doing)
        column.addWidget(self.bar)
        column.addStretch(1)
        return page

    def _show_page(self, number: int) -> None:
        self.pages.setCurrentIndex(number)
        self.problem.setVisible(bool(self.problem.text()))
        self.go.setVisible(number == 0)
        self.stop.setVisible(number < 2)
        self.stop.setText("Close" if number == 0 else "Cancel")
        self.use.setVisible(number == 2 and self._can_use)
        self.former.setVisible(number == 2)
        proposed = self.use if self._can_use and self._is_judged else self.former
        (self.go if number == 0 else proposed).setDefault(True)

    def _show_sum(self) -> None:
        if not self.table.slides:
            self.go.setEnabled(False)
            return
        total = self.table.total
        self.problem.setText("")
        self.problem.hide()
        self.go.setEnabled(bool(total.sum()))
        if not total.sum():
            self.summed.setText(NOTHING)
            return
        told = "; ".join(
            f"{name.lower()} {counted(total[of], self._names)}"
            for name, of in SHOWN.items()
            if np.any(total[of])
        )
        held_out = len(self.table.used(Use.HOLD_OUT))
        slides = "1 slide is" if held_out == 1 else f"{held_out} slides are"
        second = f"{slides} held out." if held_out else NO_SLIDE_HELD_OUT
        self.summed.setText(f"Tiles to learn from: {told}. {second}")
