"""From which probability on a prediction counts: a slider and a number."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QLabel, QSlider, QWidget

from slideviewer.ui.predicted.predicted import Predicted


class ThresholdRow(QWidget):
    """The threshold of what is shown; hidden where that has none."""

    def __init__(self, predicted: Predicted, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._predicted = predicted
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 1000)
        self.slider.setAccessibleName("Probability threshold")
        self.value = QDoubleSpinBox(minimum=0, maximum=1, singleStep=0.01, decimals=3)
        self.value.setAccessibleName("Probability threshold")
        self.value.setKeyboardTracking(False)  # a half-typed number is not wanted yet
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(QLabel("Probability from"), 0, 0)
        grid.addWidget(self.value, 0, 1)
        grid.addWidget(self.slider, 1, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        self.slider.valueChanged.connect(lambda value: self._set(value / 1000))
        self.value.valueChanged.connect(self._set)
        predicted.changed.connect(self._follow)
        self._show()

    def _set(self, threshold: float) -> None:
        self._predicted.shown.threshold = threshold

    def _follow(self) -> None:
        self._show()
        self.setVisible(self._predicted.shown.has_threshold)

    def _show(self) -> None:
        overlay = self._predicted.shown
        with QSignalBlocker(self.slider), QSignalBlocker(self.value):
            self.slider.setValue(round(1000 * overlay.threshold))
            self.value.setValue(overlay.threshold)
