"""The curves of a report, one at a time, and what its points say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from slideviewer.evaluation.report import Curve
from slideviewer.ui.metrics.plot import CurvePlot, Place

HINT = "A click on a point sets the threshold."


class CurvesView(QWidget):
    """Choose a curve; a click on it chooses a threshold."""

    threshold_wanted = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chooser, self.plot, self.told = QComboBox(), CurvePlot(), QLabel(HINT)
        self.chooser.setAccessibleName("Curve")
        fitting = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self.chooser.setSizeAdjustPolicy(fitting)
        self.told.setWordWrap(True)
        self._curves: Sequence[Curve] = ()
        self._places: Mapping[str, Place] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.chooser, self.plot, self.told):
            column.addWidget(part)
        self.chooser.currentIndexChanged.connect(lambda _: self._show())
        self.plot.threshold_wanted.connect(self.threshold_wanted)
        self.plot.pointed_at.connect(lambda words: self.told.setText(words or HINT))

    def show_curves(self, curves: Sequence[Curve], places: Mapping[str, Place]) -> None:
        """Show curves, and where the threshold stands on each, by their names."""
        chosen = self.chooser.currentText()
        self._curves, self._places = curves, places
        titles = [curve.title for curve in curves]
        if titles != [self.chooser.itemText(it) for it in range(self.chooser.count())]:
            with QSignalBlocker(self.chooser):
                self.chooser.clear()
                self.chooser.addItems(titles)
                self.chooser.setCurrentIndex(max(0, self.chooser.findText(chosen)))
        self.chooser.setVisible(len(curves) > 1)
        self.setVisible(bool(curves))
        self._show()

    def _show(self) -> None:
        index = self.chooser.currentIndex()
        if not 0 <= index < len(self._curves):
            self.plot.show_curve(None, None)
            return
        curve = self._curves[index]
        self.plot.show_curve(curve, self._places.get(curve.name))
        has_thresholds = any(line.thresholds for line in curve.lines)
        self.told.setVisible(has_thresholds)
