"""The numbers by which tissue is told from glass, each with what it means."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QWidget,
)

from slideviewer.slide.tissue_colours import TissueParameters
from slideviewer.ui import settings
from slideviewer.ui.tissue_settings import FIELDS, LEAVE_OUT_PEN, PEN_TIP, PEN_WORDS, USUAL

EXPLANATION_WIDTH = 340
"""Screen pixels."""


class TissueForm(QWidget):
    """A number a parameter, with what it means."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.numbers: dict[str, QSpinBox] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(2, 1)
        for row, field in enumerate(FIELDS):
            box = QSpinBox()
            box.setRange(0, field.highest)
            box.setSingleStep(field.step)
            box.setSuffix(f" {field.unit}" if field.unit else "")
            box.setAccessibleName(field.words)
            box.setAccessibleDescription(field.tip)
            box.setValue(settings.read(field.setting))
            box.valueChanged.connect(lambda _: self.changed.emit())
            self.numbers[field.name] = box
            grid.addWidget(QLabel(field.words), row, 0)
            grid.addWidget(box, row, 1)
            grid.addWidget(_explanation(field.tip), row, 2)
        self.leaves_out_pen = QCheckBox(PEN_WORDS)
        self.leaves_out_pen.setChecked(settings.read(LEAVE_OUT_PEN))
        self.leaves_out_pen.setToolTip(PEN_TIP)
        self.leaves_out_pen.toggled.connect(lambda _: self.changed.emit())
        self.usual = QPushButton("As usual")
        self.usual.setToolTip("Set all of them back")
        self.usual.setAutoDefault(False)
        self.usual.clicked.connect(self._set_back)
        grid.addWidget(self.leaves_out_pen, len(FIELDS), 0, 1, 2)
        grid.addWidget(_explanation(PEN_TIP), len(FIELDS), 2)
        grid.addWidget(self.usual, len(FIELDS) + 1, 0)

    def keep(self) -> None:
        """Have what is set now count from now on."""
        for field in FIELDS:
            settings.write(field.setting, self.numbers[field.name].value())
        settings.write(LEAVE_OUT_PEN, self.leaves_out_pen.isChecked())

    @property
    def parameters(self) -> TissueParameters:
        """What is set in the form."""
        values = {
            name: type(getattr(USUAL, name))(box.value()) for name, box in self.numbers.items()
        }
        return replace(USUAL, leave_out_pen=self.leaves_out_pen.isChecked(), **values)

    def _set_back(self) -> None:
        for field in FIELDS:
            self.numbers[field.name].setValue(field.setting.default)
        self.leaves_out_pen.setChecked(USUAL.leave_out_pen)


def _explanation(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setMinimumWidth(EXPLANATION_WIDTH)
    label.setMinimumHeight(label.heightForWidth(EXPLANATION_WIDTH))  # which layouts do not ask for
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label
