"""The Adjust panel: brightness, contrast, gamma, and whether the slide's profile is used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from slideviewer.slide import Pixels
from slideviewer.ui.colour_management import Unmanaged
from slideviewer.ui.look import BRIGHTNESS, CONTRAST, GAMMA, Look
from slideviewer.ui.panels.look_editor import LookEditor

PROFILE_WORDS = "Colours by the slide's profile"
PROFILE_TIP = "Shows the scanner's colours as its ICC profile says they were"

AUTO_PERCENTILES = (0.5, 99.5)
"""What Auto makes black and white: so few pixels are lost that no structure is."""

HALF_STEPS = 200
"""Positions of a slider on each side of its middle."""


@dataclass(frozen=True)
class _Quantity:
    """One thing to adjust: its words, its range, and the value at which it does nothing."""

    words: str
    lowest: float
    highest: float
    at_rest: float
    tip: str

    def position(self, value: float) -> int:
        """Where on the slider a value lies; rest is in the middle, each side is linear."""
        if value < self.at_rest:
            return round(HALF_STEPS * (value - self.at_rest) / (self.at_rest - self.lowest))
        return round(HALF_STEPS * (value - self.at_rest) / (self.highest - self.at_rest))

    def value(self, position: int) -> float:
        """What a position of the slider means."""
        side = self.at_rest - self.lowest if position < 0 else self.highest - self.at_rest
        value = self.at_rest + position * side / HALF_STEPS
        return min(max(value, self.lowest), self.highest)  # 1 - 0.9 is a hair below 0.1


QUANTITIES = {
    "brightness": _Quantity("Brightness", *BRIGHTNESS, 0.0, "Lightens or darkens everything"),
    "contrast": _Quantity("Contrast", *CONTRAST, 1.0, "Spreads values apart around middle grey"),
    "gamma": _Quantity("Gamma", *GAMMA, 1.0, "Below 1 lightens what is dark, above 1 darkens it"),
}


class NameLabel(QLabel):
    """The name of something that can be put back to rest by a double-click on it."""

    double_clicked = Signal()  # put it back

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.double_clicked.emit()


class AdjustPanel(LookEditor[Look]):
    """Shows one look and says how it is to change; display only, no model sees it."""

    auto_wanted = Signal()  # answer with `stretch`, given what is in view

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Look(), parent)
        self.labels: dict[str, NameLabel] = {}
        self.sliders: dict[str, QSlider] = {}
        self.boxes: dict[str, QDoubleSpinBox] = {}
        self.auto = QPushButton("Auto")
        self.auto.setToolTip("Stretch brightness and contrast to what is in view")
        self.reset = QPushButton("Reset")
        self.reset.setToolTip("Put brightness, contrast and gamma back")
        self.managed = QCheckBox(PROFILE_WORDS)
        self.managed.setToolTip(PROFILE_TIP)

        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        for row, (name, quantity) in enumerate(QUANTITIES.items()):
            self._add_row(grid, row, name, quantity)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.auto)
        buttons.addWidget(self.reset)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addLayout(grid)
        column.addLayout(buttons)
        column.addWidget(self.managed)
        column.addStretch(1)

        self.auto.clicked.connect(self.auto_wanted)
        self.reset.clicked.connect(self._reset_all)
        self.managed.toggled.connect(lambda on: self._want(replace(self._look, managed=on)))
        self.setFocusProxy(self.sliders["brightness"])
        self._replaced.connect(self._show)
        self._show()

    def set_management(self, unmanaged: Unmanaged | None) -> None:
        """Say whether the slide's profile can be used: the reason why not, or None."""
        self.managed.setEnabled(unmanaged is None)
        self.managed.setToolTip(PROFILE_TIP if unmanaged is None else unmanaged.reason)
        self.managed.setAccessibleDescription(self.managed.toolTip())

    def stretch(self, pixels: Pixels) -> None:
        """Want the brightness and contrast that make the most of some pixels.

        Parameters
        ----------
        pixels : ndarray (height, width, 3), uint8, RGB
            As they are without brightness, contrast and gamma.
        """
        if pixels.size:
            self._want(stretched(self._look, pixels))

    def _add_row(self, grid: QGridLayout, row: int, name: str, quantity: _Quantity) -> None:
        label = NameLabel(quantity.words)
        label.setToolTip(f"{quantity.tip}\nDouble-click: back to {quantity.at_rest:g}")
        label.double_clicked.connect(lambda: self._set(name, quantity.at_rest))
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(-HALF_STEPS, HALF_STEPS)
        slider.setPageStep(HALF_STEPS // 10)
        box = QDoubleSpinBox()
        box.setRange(quantity.lowest, quantity.highest)
        box.setDecimals(2)
        box.setSingleStep(0.05)
        box.setKeyboardTracking(False)  # a half-typed number is not wanted yet
        for widget in (slider, box):
            widget.setToolTip(quantity.tip)
            widget.setAccessibleName(quantity.words)
        slider.valueChanged.connect(lambda position: self._set(name, quantity.value(position)))
        box.valueChanged.connect(partial(self._set, name))
        parts: tuple[QWidget, ...] = (label, slider, box)
        for column, part in enumerate(parts):
            grid.addWidget(part, row, column)
        self.labels[name], self.sliders[name], self.boxes[name] = label, slider, box

    def _reset_all(self) -> None:
        at_rest: dict[str, Any] = {name: rest.at_rest for name, rest in QUANTITIES.items()}
        self._want(replace(self._look, **at_rest))

    def _set(self, name: str, value: float) -> None:
        changes: dict[str, Any] = {name: value}
        self._want(replace(self._look, **changes))

    def _show(self) -> None:
        for name, quantity in QUANTITIES.items():
            value = getattr(self._look, name)
            with QSignalBlocker(self.sliders[name]), QSignalBlocker(self.boxes[name]):
                self.sliders[name].setValue(quantity.position(value))
                self.boxes[name].setValue(value)
        with QSignalBlocker(self.managed):
            self.managed.setChecked(self._look.managed)


def stretched(look: Look, pixels: Pixels) -> Look:
    """Give a look the brightness and contrast that spread pixels from black to white.

    The same stretch serves red, green and blue, so that hues stay. Where the limits of a `Look`
    do not allow all of it, dark pictures keep their black and light ones their white. Where all
    pixels are alike there is nothing to spread, and the look stays.

    Parameters
    ----------
    look : Look
        Its gamma, profile and channels are kept.
    pixels : ndarray (height, width, 3), uint8, RGB
        As they are without brightness, contrast and gamma; not empty.
    """
    low, high = (float(value) / 255 for value in np.percentile(pixels, AUTO_PERCENTILES))
    if low == high:
        return look
    is_dark = low + high < 1
    kept, target = (low, 0.0) if is_dark else (high, 1.0)
    # What is kept lands on its target: contrast * (kept - 0.5) + 0.5 + brightness = target.
    largest = (BRIGHTNESS[1] + 0.5) / max(abs(kept - 0.5), 1e-6)
    contrast = min(1 / (high - low), CONTRAST[1], largest)
    brightness = target - 0.5 - contrast * (kept - 0.5)
    return replace(look, contrast=contrast, brightness=max(min(brightness, 1.0), -1.0))
