"""A dialog that asks how much, and shows on the slide at once what comes of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from slideviewer.annotations import Annotation
from slideviewer.progress import Progress
from slideviewer.ui.jobs import Job

SLIDER_STEPS = 400

MARGIN = 24
"""Screen pixels between the dialog and the edge of the slide, most of which it leaves free."""


@dataclass(frozen=True)
class Amounts:
    """What can be asked for.

    Attributes
    ----------
    lowest, highest, start : float
    unit : str
    is_geometric : bool
        Whether each step of the slider multiplies; otherwise it adds.
    """

    lowest: float
    highest: float
    start: float
    unit: str
    is_geometric: bool = False

    def at(self, step: int) -> float:
        """The amount at a place of the slider."""
        share = step / SLIDER_STEPS
        if self.is_geometric:
            return float(self.lowest * (self.highest / self.lowest) ** share)
        return self.lowest + (self.highest - self.lowest) * share

    def step_of(self, amount: float) -> int:
        """The place of the slider nearest to an amount."""
        if self.is_geometric:
            share = math.log(amount / self.lowest) / math.log(self.highest / self.lowest)
        else:
            share = (amount - self.lowest) / (self.highest - self.lowest)
        return round(share * SLIDER_STEPS)


@dataclass(frozen=True)
class Outcome:
    """What comes of an amount.

    Attributes
    ----------
    shown : tuple of Annotation
        In place of those of the same id, while the dialog is open.
    told : str
    made : object
        What the caller wants of it.
    """

    shown: tuple[Annotation, ...]
    told: str
    made: object


class AmountDialog(QDialog):
    """A slider and a number.

    Parameters
    ----------
    title, question : str
    amounts : Amounts
    work : callable
        Makes the `Outcome` of an amount; called in another thread, with its `Progress`.
    preview : callable
        Shows annotations in place of those of the same id.
    over : QWidget
        What is looked at meanwhile.
    """

    worked_out = Signal()  # the outcome of the present amount is there

    def __init__(
        self,
        title: str,
        question: str,
        amounts: Amounts,
        work: Callable[[float, Progress], Outcome],
        preview: Callable[[Iterable[Annotation]], None],
        over: QWidget,
    ) -> None:
        super().__init__(over)
        self.setWindowTitle(title)
        self._amounts, self._work, self._preview, self._over = amounts, work, preview, over
        self._job: Job | None = None
        self._known: tuple[float, Outcome] | None = None
        self._is_agreed = False
        self.slider, self.box = QSlider(Qt.Orientation.Horizontal), QDoubleSpinBox()
        self.slider.setRange(0, SLIDER_STEPS)
        self.slider.setAccessibleName(question)
        self.slider.setMinimumWidth(220)
        decimals = 2 if amounts.lowest > 0 else 1
        self.box.setDecimals(decimals)
        self.box.setRange(amounts.lowest, amounts.highest)
        self.box.setSingleStep(10.0**-decimals * 10)
        self.box.setSuffix(f" {amounts.unit}")
        self.box.setAccessibleName(question)
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.told.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 4)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self._agree)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.addWidget(self.slider, 1)
        row.addWidget(self.box)
        asked = QLabel(question)
        asked.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addWidget(asked)
        column.addLayout(row)
        column.addWidget(self.told)
        column.addWidget(buttons)
        self.box.setValue(amounts.start)
        self.slider.setValue(amounts.step_of(self.box.value()))
        self.slider.valueChanged.connect(lambda step: self.box.setValue(amounts.at(step)))
        self.box.valueChanged.connect(self._on_typed)
        self.finished.connect(self._end)
        self._work_out()

    @property
    def amount(self) -> float:
        """What is asked for now."""
        return self.box.value()

    @property
    def outcome(self) -> Outcome | None:
        """What comes of the present amount, once that is worked out."""
        known = self._known
        return known[1] if known is not None and known[0] == self.amount else None

    def showEvent(self, event: QShowEvent) -> None:
        """Stand in a corner, so that the slide can be seen."""
        super().showEvent(event)
        self.adjustSize()
        corner = self._over.mapToGlobal(self._over.rect().topRight())
        self.move(corner.x() - self.width() - MARGIN, corner.y() + MARGIN)

    def _on_typed(self, amount: float) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(self._amounts.step_of(amount))
        self.slider.blockSignals(False)
        self._work_out()

    def _work_out(self) -> None:
        """Work the present amount out; one that is being worked out meanwhile is finished first."""
        if self._job is not None or self.outcome is not None:
            return
        amount = self.amount
        job = Job(lambda progress: (amount, self._work(amount, progress)), self)
        self._job = job
        job.succeeded.connect(self._on_worked_out)
        job.failed.connect(self._on_failed)
        job.start()

    def _on_worked_out(self, answer: tuple[float, Outcome]) -> None:
        self._job, self._known = None, answer
        self._preview(answer[1].shown)
        self.told.setText(answer[1].told)
        if self.outcome is None:
            self._work_out()
            return
        self.worked_out.emit()
        if self._is_agreed:
            self.accept()

    def _on_failed(self, problem: str) -> None:
        self._job, self._is_agreed = None, False
        self.told.setText(problem)

    def _agree(self) -> None:
        """Accept as soon as the present amount is worked out."""
        self._is_agreed = True
        if self.outcome is not None:
            self.accept()
        else:
            self._work_out()

    def _end(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._preview(())
