"""Which classes of a mask are painted, each in a colour of its own."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from slideviewer.ui.predicted.predicted import Predicted

SWATCH_PX = 12
"""Screen pixels."""


class PredictionClasses(QWidget):
    """A box to check for each class; not to be seen where there is nothing to choose."""

    def __init__(self, predicted: Predicted, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._predicted = predicted
        self.boxes: dict[str, QCheckBox] = {}
        self._known: dict[str, str] = {}  # the colours of the classes that have boxes
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        predicted.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        classes = self._predicted.shown.classes
        colours = {name: colour for name, (colour, _) in classes.items()}
        if colours != self._known:
            self._known = colours
            self._make_boxes()
        for name, (_, is_shown) in classes.items():
            with QSignalBlocker(self.boxes[name]):
                self.boxes[name].setChecked(is_shown)
        self.setVisible(len(classes) > 1)

    def _make_boxes(self) -> None:
        for box in self.boxes.values():
            self._column.removeWidget(box)
            box.hide()
            box.deleteLater()
        self.boxes.clear()
        for name, colour in self._known.items():
            box = self.boxes[name] = QCheckBox(name)
            swatch = QPixmap(SWATCH_PX, SWATCH_PX)
            swatch.fill(QColor(colour))
            box.setIcon(QIcon(swatch))
            box.setAccessibleName(f"Paint {name}")
            box.toggled.connect(
                lambda is_on, name=name: self._predicted.shown.show_class(name, is_on)
            )
            self._column.addWidget(box, 0, Qt.AlignmentFlag.AlignLeft)
