"""The Layers panel: what is shown, how strongly, and from which probability on."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QBrush, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.ui import colours
from slideviewer.ui.layers.layer import Layer
from slideviewer.ui.layers.likelihood import LikelihoodLayer
from slideviewer.ui.panels.likelihood_row import LikelihoodControls
from slideviewer.ui.panels.prediction_classes import PredictionClasses
from slideviewer.ui.panels.prediction_look import PredictionLook
from slideviewer.ui.panels.threshold_row import ThresholdRow
from slideviewer.ui.predicted.predicted import Predicted
from slideviewer.ui.views.grid import ViewGrid

SWATCHES = {
    "Specialist markup": (colours.MARKUP, Qt.BrushStyle.NoBrush),
    "Predicted tumour": (colours.PREDICTION, Qt.BrushStyle.SolidPattern),
    "Likelihood map": (colours.PREDICTION, Qt.BrushStyle.SolidPattern),
}
"""A layer's colour, and whether it fills: an outline and a fill are told apart by any eye."""


SLIDER_WIDTH = 96
"""Screen pixels."""


class LayerRow(QWidget):
    """One layer: shown or not, and its opacity."""

    def __init__(self, layer: Layer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.layer = layer
        self.shown = QCheckBox(layer.title)
        self.shown.setChecked(layer.visible)
        self.shown.toggled.connect(lambda shown: setattr(layer, "visible", shown))
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(round(100 * layer.opacity))
        self.opacity.setToolTip("Opacity")
        self.opacity.setAccessibleName(f"Opacity of {layer.name}")
        self.opacity.valueChanged.connect(lambda value: setattr(layer, "opacity", value / 100))
        swatch = QLabel()
        swatch.setPixmap(_swatch(layer.name))
        row = QHBoxLayout()
        row.addWidget(swatch)
        row.addWidget(self.shown, 1)
        self.opacity.setFixedWidth(SLIDER_WIDTH)  # lest a long name move it out of line
        row.addWidget(self.opacity)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        if isinstance(layer, LikelihoodLayer):
            column.addWidget(LikelihoodControls(layer))
        layer.changed.connect(self._show_state)

    def _show_state(self) -> None:
        with QSignalBlocker(self.shown), QSignalBlocker(self.opacity):
            self.shown.setText(self.layer.title)
            self.shown.setChecked(self.layer.visible)
            self.opacity.setValue(round(100 * self.layer.opacity))


class LayersPanel(QWidget):
    """A row a layer, the topmost first, and the prediction's threshold."""

    def __init__(
        self, views: ViewGrid, predicted: Predicted, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._views, self._predicted = views, predicted
        self.rows: dict[str, LayerRow] = {}
        threshold_row = ThresholdRow(predicted)
        self.threshold, self.threshold_value = threshold_row.slider, threshold_row.value
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setTextFormat(Qt.TextFormat.PlainText)

        column = QVBoxLayout(self)
        column.setSpacing(8)
        self._rows = QVBoxLayout()
        column.addLayout(self._rows)
        column.addSpacing(8)
        column.addWidget(threshold_row)
        self.classes = PredictionClasses(predicted)
        column.addWidget(self.classes)
        self.look = PredictionLook(predicted)
        column.addWidget(self.look)
        column.addWidget(self.summary)
        self.research_use = QLabel(RESEARCH_USE_ONLY)
        self.research_use.setWordWrap(True)
        column.addWidget(self.research_use)
        column.addStretch(1)

        predicted.changed.connect(self._show_summary)
        self._show_summary()
        for signal in (views.active_changed, views.layers_changed):
            signal.connect(self._show_rows)
        self._show_rows()

    def _show_rows(self) -> None:
        """A row for each layer of the active view."""
        layers = self._views.active.layers
        if [row.layer for row in reversed(self.rows.values())] == layers:
            return
        for row in self.rows.values():
            self._rows.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = {layer.name: LayerRow(layer) for layer in reversed(layers)}
        for row in self.rows.values():
            self._rows.addWidget(row)

    def _show_summary(self) -> None:
        overlay = self._predicted.shown
        self.summary.setText(overlay.summary)
        self.research_use.setVisible(overlay.has_prediction)


def _swatch(layer_name: str) -> QPixmap:
    """A small sample of how a layer looks; empty for one without a colour of its own."""
    pixmap = QPixmap(14, 14)
    pixmap.fill(Qt.GlobalColor.transparent)
    if layer_name in SWATCHES:
        colour, filling = SWATCHES[layer_name]
        painter = QPainter(pixmap)
        painter.setPen(QPen(colour, 3, j=Qt.PenJoinStyle.MiterJoin))
        painter.setBrush(QBrush(colour, filling))
        painter.drawRect(2, 2, 10, 10)
        painter.end()
    return pixmap
