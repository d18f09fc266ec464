"""The slides of a review: what each has to teach, and what is done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
)

from slideviewer.ui import words

if TYPE_CHECKING:
    # Only so: training takes a second to import, and the window is not to wait for it.
    from slideviewer.training.improving.survey import SurveyedSlide

SHOWN: Mapping[str, int] = {"Accepted": 1, "Rejected": 2, "Drawn": 0}
"""The columns between the slide and what is done with it, and their rows of counts."""


class Use(StrEnum):
    """What is done with a slide."""

    LEARN = "Learn from it"
    HOLD_OUT = "Hold it out"
    LEAVE_OUT = "Leave it out"


class SlidesTable(QTableWidget):
    """A row for each slide.

    Parameters
    ----------
    class_names : tuple of str
        Of the model.
    """

    changed = Signal()  # what is done with a slide was changed

    def __init__(self, class_names: tuple[str, ...]) -> None:
        super().__init__(0, 2 + len(SHOWN))
        self._names = class_names
        self.slides: tuple[SurveyedSlide, ...] = ()
        self.boxes: list[QComboBox] = []
        self.setAccessibleName("Slides of the review")
        self.setHorizontalHeaderLabels(["Slide", *SHOWN, "What is done with it"])
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(90)

    def show_slides(self, slides: Sequence[SurveyedSlide]) -> None:
        """Show slides, and propose what is done with each."""
        self.slides, self.boxes = tuple(slides), []
        self.setRowCount(len(slides))
        for row, slide in enumerate(slides):
            name = QTableWidgetItem(slide.name)
            name.setToolTip(words.plain(slide.problem or slide.name))
            self.setItem(row, 0, name)
            for column, of in enumerate(SHOWN.values(), 1):
                told = counted(slide.counts[of], self._names)
                self.setItem(row, column, QTableWidgetItem(told))
            box = QComboBox()
            box.setAccessibleName(f"What is done with {slide.name}")
            for use in Use:
                if not (use == Use.HOLD_OUT and slide.was_learnt):
                    box.addItem(use.value, use)
            if slide.was_learnt:
                box.setToolTip("The model has learnt from it before: it cannot be held out")
            if slide.problem:
                box.setCurrentText(Use.LEAVE_OUT)
                box.setEnabled(False)
                box.setToolTip(words.plain(slide.problem))
            elif not slide.counts.any():
                box.setCurrentText(Use.LEAVE_OUT)
                box.setToolTip("Nothing was accepted, rejected or drawn on it")
            elif slide.is_held_out:
                box.setCurrentText(Use.HOLD_OUT)
            box.currentIndexChanged.connect(lambda _: self.changed.emit())
            self.setCellWidget(row, self.columnCount() - 1, box)
            self.boxes.append(box)
        self.changed.emit()

    def used(self, use: Use) -> list[SurveyedSlide]:
        """The slides with which this is done."""
        return [
            slide
            for slide, box in zip(self.slides, self.boxes, strict=True)
            if box.currentData() == use
        ]

    @property
    def total(self) -> NDArray[np.int64]:
        """Tiles to learn from by source and class: shape (3, classes)."""
        nothing = np.zeros((len(SHOWN), len(self._names)), np.int64)
        return sum((it.counts for it in self.used(Use.LEARN)), nothing)


def counted(counts: NDArray[np.int64], names: tuple[str, ...]) -> str:
    """Tiles of each class that has any: "12 Tumor, 3 Normal"."""
    told = [
        f"{words.whole(int(count))} {name}"
        for count, name in zip(counts, names, strict=True)
        if count
    ]
    return ", ".join(told) or "–"
