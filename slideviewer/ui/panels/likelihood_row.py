"""The Layers panel's row of a likelihood map."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.ui.layers.likelihood import LikelihoodLayer


class LikelihoodControls(QWidget):
    """From which likelihood on a map is painted, what it may be used for, and a way out."""

    def __init__(self, layer: LikelihoodLayer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layer = layer
        self.threshold = QSlider(Qt.Orientation.Horizontal)
        self.threshold.setRange(0, 100)
        self.threshold.setAccessibleName("Likelihood threshold")
        self.value = QDoubleSpinBox(minimum=0, maximum=1, singleStep=0.01, decimals=2)
        self.value.setAccessibleName("Likelihood threshold")
        self.value.setKeyboardTracking(False)  # a half-typed number is not wanted yet
        self.remove = QToolButton()
        self.remove.setText("✕")
        self.remove.setAutoRaise(True)
        self.remove.setToolTip("Take the likelihood map away")
        self.remove.setAccessibleName("Take the likelihood map away")
        self.research_use = QLabel(RESEARCH_USE_ONLY)
        self.research_use.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(QLabel("from"))
        row.addWidget(self.threshold, 1)
        row.addWidget(self.value)
        row.addWidget(self.remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 0, 0, 4)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.research_use)
        self._show()
        self.threshold.valueChanged.connect(lambda value: setattr(layer, "threshold", value / 100))
        self.value.valueChanged.connect(lambda value: setattr(layer, "threshold", value))
        self.remove.clicked.connect(layer.removal_wanted)
        layer.changed.connect(self._show)

    def _show(self, _: object = None) -> None:
        with QSignalBlocker(self.threshold), QSignalBlocker(self.value):
            self.threshold.setValue(round(100 * self._layer.threshold))
            self.value.setValue(self._layer.threshold)
