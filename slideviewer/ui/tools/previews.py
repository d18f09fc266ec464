"""How a shape looks while it is being drawn: as it will, with what the hand needs to see."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from slideviewer.annotations import Points
from slideviewer.ui import colours
from slideviewer.ui.layers.markup import HANDLE_SIZE, OUTLINE_WIDTH
from slideviewer.ui.viewpoint import Viewpoint

DOT_RADIUS = 4.0
"""Screen pixels; of the points of a dot or a point set, as the markup's layer paints them."""

VERTEX_RADIUS = 2.5


def on_screen(points: Points, view: Viewpoint) -> list[QPointF]:
    """Level-0 points where they lie on the canvas."""
    return [QPointF(*view.to_screen(x, y)) for x, y in points.tolist()]


def paint_line(painter: QPainter, points: Sequence[QPointF], *, closed: bool) -> None:
    """A line through screen points, like a selected outline but not thicker than others."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(colours.MARKUP_SELECTED, OUTLINE_WIDTH)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    line = QPolygonF(list(points))
    if closed:
        painter.drawPolygon(line)
    else:
        painter.drawPolyline(line)


def paint_start(painter: QPainter, at: QPointF, *, closes: bool) -> None:
    """The handle of the first vertex; filled while a click there would close the shape."""
    half = HANDLE_SIZE / 2
    painter.setPen(QPen(colours.MARKUP, 1.5))
    painter.setBrush(colours.MARKUP if closes else QColor("white"))
    painter.drawRect(QRectF(at.x() - half, at.y() - half, HANDLE_SIZE, HANDLE_SIZE))


def paint_vertices(painter: QPainter, points: Sequence[QPointF]) -> None:
    """Small dots on the line, where a vertex was put."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colours.MARKUP)
    for point in points:
        painter.drawEllipse(point, VERTEX_RADIUS, VERTEX_RADIUS)


def paint_dots(painter: QPainter, points: Sequence[QPointF]) -> None:
    """Points that are shapes themselves."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor("white"), 1))
    painter.setBrush(colours.MARKUP_SELECTED)
    for point in points:
        painter.drawEllipse(point, DOT_RADIUS, DOT_RADIUS)
