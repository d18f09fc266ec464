"""How a prediction is coloured: what is shown of it, in which colours, and what they mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QRectF, QSignalBlocker
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer.ui import settings
from slideviewer.ui.palettes import PALETTES, RED
from slideviewer.ui.predicted.predicted import Predicted

LEGEND_HEIGHT = 14
"""Screen pixels of the strip of colours."""

STOPS = 32
"""Colours of the strip; those between are mixed."""

SHOWN = {False: "Probability", True: "Uncertainty"}


class Legend(QWidget):
    """A strip of the colours; the values at its ends stand below it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = RED
        self.setFixedHeight(LEGEND_HEIGHT)
        self.setAccessibleName("Colours, from the lowest to the highest value")

    def show_colours(self, palette: str) -> None:
        """Show a palette."""
        if palette != self._palette:
            self._palette = palette
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        strip = QRectF(0.5, 0.5, self.width() - 1, self.height() - 1)
        gradient = QLinearGradient(strip.topLeft(), strip.topRight())
        places = np.linspace(0, 1, STOPS)
        colours = PALETTES[self._palette].at(places).round().astype(int).tolist()
        for place, colour in zip(places.tolist(), colours, strict=True):
            gradient.setColorAt(place, QColor(*colour))
        painter.fillRect(strip, QColor("white"))  # as on a slide, where the palest is seen through
        painter.setPen(QPen(self.palette().placeholderText().color(), 1))
        painter.setBrush(gradient)
        painter.drawRect(strip)


class PredictionLook(QWidget):
    """Lets the user choose, and shows what is chosen."""

    def __init__(self, predicted: Predicted, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._predicted = predicted
        self.colours, self.shown = QComboBox(), QComboBox()
        for name, palette in PALETTES.items():
            self.colours.addItem(palette.words, name)
        for shows_spread, said in SHOWN.items():
            self.shown.addItem(said, shows_spread)
        self.shown.setToolTip("Uncertainty is how much the answers for a tile differ")
        self.smooth = QCheckBox("Smooth")
        self.smooth.setToolTip("Let colours run from tile to tile; otherwise each tile has one")
        self.legend = Legend()
        self.low, self.high = _end("lowest"), _end("highest")
        self.automatic = QToolButton()
        self.automatic.setText("Automatic")
        self.automatic.setToolTip("From the threshold up to all there is")
        ends = QHBoxLayout()
        ends.addWidget(self.low)
        ends.addStretch(1)
        ends.addWidget(self.automatic)
        ends.addStretch(1)
        ends.addWidget(self.high)
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        for name, box in (("Show", self.shown), ("Colours", self.colours)):
            box.setAccessibleName(f"{name} of the prediction")
            self._form.addRow(QLabel(name), box)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(self._form)
        column.addWidget(self.smooth)
        column.addWidget(self.legend)
        column.addLayout(ends)
        predicted.look = replace(
            predicted.look,
            palette=settings.read(settings.PREDICTION_COLOURS),
            is_smooth=settings.read(settings.PREDICTION_SMOOTH),
        )
        self.colours.currentIndexChanged.connect(lambda _: self._choose())
        self.shown.currentIndexChanged.connect(lambda _: self._choose())
        self.smooth.toggled.connect(lambda _: self._choose())
        for end in (self.low, self.high):
            end.valueChanged.connect(lambda _: self._choose_span())
        self.automatic.clicked.connect(
            lambda: setattr(predicted, "look", replace(predicted.look, span=None))
        )
        predicted.changed.connect(self._show)
        self._show()

    def _choose(self) -> None:
        settings.write(settings.PREDICTION_COLOURS, self.colours.currentData())
        settings.write(settings.PREDICTION_SMOOTH, self.smooth.isChecked())
        look, shows_spread = self._predicted.look, self.shown.currentData()
        self._predicted.look = replace(
            look,
            palette=self.colours.currentData(),
            is_smooth=self.smooth.isChecked(),
            shows_spread=shows_spread,
            span=look.span if shows_spread == look.shows_spread else None,
        )

    def _choose_span(self) -> None:
        low, high = self.low.value(), self.high.value()
        self._predicted.look = replace(
            self._predicted.look,
            span=(min(low, high), max(low, high)),
            shows_spread=self._predicted.shown.shows_spread,  # what the numbers were chosen for
        )

    def _show(self) -> None:
        overlay, look = self._predicted.shown, self._predicted.look
        with QSignalBlocker(self.colours), QSignalBlocker(self.shown), QSignalBlocker(self.smooth):
            self.colours.setCurrentIndex(self.colours.findData(look.palette))
            self.shown.setCurrentIndex(self.shown.findData(look.shows_spread))
            self.smooth.setChecked(look.is_smooth)
        if self._form.isRowVisible(self.shown) != overlay.has_spread:  # it costs a new layout
            self._form.setRowVisible(self.shown, overlay.has_spread)
        self.legend.show_colours(look.palette)
        for end, value in zip((self.low, self.high), overlay.span, strict=True):
            with QSignalBlocker(end):
                end.setValue(value)
        self.automatic.setEnabled(overlay.chosen_span is not None)
        self.setVisible(overlay.has_prediction and overlay.has_colours)


def _end(which: str) -> QDoubleSpinBox:
    """The value at one end of the colours."""
    box = QDoubleSpinBox(minimum=0, maximum=1, singleStep=0.05, decimals=3)
    box.setKeyboardTracking(False)  # a half-typed number is not wanted yet
    box.setToolTip(f"The {which} value that has a colour of its own")
    box.setAccessibleName(f"Value of the {which} colour")
    return box
