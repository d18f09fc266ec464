"""What every layer of the canvas has in common."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QPainter

from slideviewer.ui.viewpoint import Viewpoint


class Layer(QObject):
    """Something painted over the canvas, in level-0 pixels."""

    changed = Signal()  # something of it looks different: paint again

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self._visible = True
        self._opacity = 1.0

    @property
    def visible(self) -> bool:
        """Whether it is painted."""
        return self._visible

    @visible.setter
    def visible(self, visible: bool) -> None:
        if visible != self._visible:
            self._visible = visible
            self.changed.emit()

    @property
    def opacity(self) -> float:
        """From 0 (not to be seen) to 1."""
        return self._opacity

    @opacity.setter
    def opacity(self, opacity: float) -> None:
        opacity = min(max(opacity, 0.0), 1.0)
        if opacity != self._opacity:
            self._opacity = opacity
            self.changed.emit()

    def paint(self, painter: QPainter, view: Viewpoint) -> None:
        """Paint onto the canvas; the painter is in screen pixels and has the layer's opacity."""
        raise NotImplementedError
