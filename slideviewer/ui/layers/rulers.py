"""Rulers on the slide, with their length and angle."""

from __future__ import annotations

import math

from PySide6.QtCore import QLineF, QObject, QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from slideviewer.geometry import Rect
from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.ui.layers.grid import clipped
from slideviewer.ui.layers.layer import Layer, Plane
from slideviewer.ui.layers.plates import Plates, plate_font
from slideviewer.ui.rulers import Ruler, Rulers
from slideviewer.ui.viewpoint import Viewpoint

TICK = 7.0
"""Screen pixels from the line to the end of a cross bar."""

CASING, LINE = QColor(255, 255, 255, 230), QColor(20, 20, 20)
"""Black on white: neither the colour of the markup nor that of a prediction."""


class RulerLayer(Layer):
    """Paints the rulers, thin and constant on the screen."""

    plane = Plane.GLASS

    def __init__(self, rulers: Rulers, parent: QObject | None = None) -> None:
        super().__init__("Rulers", parent)
        self._rulers = rulers
        self._spacing: Spacing | UnknownSpacing | None = None
        rulers.changed.connect(self._on_changed)

    def set_spacing(self, spacing: Spacing | UnknownSpacing | None) -> None:
        """Measure with this spacing; None where the rulers do not belong to what is shown."""
        self._spacing = spacing
        self.changed.emit(None)

    def paint(self, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool) -> None:
        spacing = self._spacing
        if spacing is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = QRectF(0, 0, view.width, view.height)
        plates = Plates(painter, plate_font(painter), room.adjusted(4, 4, -4, -4))
        # The newest one's words come first: it is the one being read.
        for ruler in reversed(self._rulers.shown):
            _paint_ruler(painter, view, ruler, ruler.words(spacing), plates, room)

    def _on_changed(self) -> None:
        self.changed.emit(None)


def _paint_ruler(
    painter: QPainter, view: Viewpoint, ruler: Ruler, text: str, plates: Plates, room: QRectF
) -> None:
    start = QPointF(*view.to_screen(ruler.x1, ruler.y1))
    end = QPointF(*view.to_screen(ruler.x2, ruler.y2))
    # Far beyond the canvas Qt's line drawing is slow and not exact.
    seen = clipped(QLineF(start, end), room.adjusted(-50, -50, 50, 50))
    if seen is None:
        return
    length = math.hypot(end.x() - start.x(), end.y() - start.y())
    tick = QPointF(-(end.y() - start.y()), end.x() - start.x()) * (TICK / length)
    bars = [QLineF(at - tick, at + tick) for at in (start, end)]
    for colour, width in ((CASING, 4.0), (LINE, 1.6)):
        painter.setPen(QPen(colour, width))
        painter.drawLines([seen, *bars])
    middle = clipped(seen, room)
    if middle is not None:
        # Above the line, where it neither covers the ends nor what is measured.
        away = tick if tick.y() < 0 or (tick.y() == 0 and tick.x() > 0) else -tick
        plates.put(text, middle.center() + away * (20 / TICK))
