"""Draw a polygon: clicks and freehand strokes, mixed at will."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from slideviewer.annotations import Points, as_points
from slideviewer.ui import colours
from slideviewer.ui.layers.markup import HANDLE_SIZE, OUTLINE_WIDTH
from slideviewer.ui.tools.tool import Pointer, Tool
from slideviewer.ui.viewpoint import Viewpoint

CLOSING_DISTANCE = 12
"""Screen pixels from the first vertex within which a click closes the shape, as in ASAP."""

FREEHAND_STEP = 40
"""Screen pixels between the vertices of a freehand stroke, as in ASAP."""


class PolygonTool(Tool):
    """Click or drag to add vertices; close by a click on the start, a double-click or Enter."""

    name = "polygon"
    cursor = Qt.CursorShape.CrossCursor
    hint = "Click or drag to draw; double-click, Enter or a click on the start closes; Esc drops it"

    def __init__(self, drawn: Callable[[Points], None], parent: QObject | None = None) -> None:
        """Take the function that adds a finished outline of 3 vertices or more."""
        super().__init__(parent)
        self._drawn = drawn
        self._vertices: list[tuple[float, float]] = []
        self._mouse: tuple[float, float] | None = None
        self._dragging = False

    @property
    def is_busy(self) -> bool:
        return bool(self._vertices)

    def press(self, pointer: Pointer) -> None:
        if len(self._vertices) >= 3 and self._is_on_start(pointer):
            self.finish()
            return
        self._add(pointer)
        self._dragging = True

    def move(self, pointer: Pointer) -> None:
        self._mouse = (pointer.x, pointer.y)
        if self._dragging and pointer.screen_distance(*self._vertices[-1]) > FREEHAND_STEP:
            self._add(pointer)
        if self._vertices:
            self.changed.emit()

    def release(self, pointer: Pointer) -> None:
        # A stroke that went round and came back to its start is a closed shape.
        was_stroke, self._dragging = self._dragging, False
        if was_stroke and len(self._vertices) > 3 and self._is_on_start(pointer):
            self.finish()

    def double_click(self, pointer: Pointer) -> None:
        self.finish()

    def finish(self) -> None:
        vertices = self._vertices
        if len(vertices) >= 3:
            self.cancel()
            self._drawn(as_points(vertices))

    def cancel(self) -> None:
        self._vertices, self._mouse, self._dragging = [], None, False
        self.changed.emit()

    def delete(self) -> None:
        if self._vertices:
            self._vertices.pop()
            self._dragging = False
            self.changed.emit()

    def paint(self, painter: QPainter, view: Viewpoint) -> None:
        if not self._vertices:
            return
        points = [QPointF(*view.to_screen(x, y)) for x, y in self._vertices]
        start = points[0]
        if self._mouse is not None:
            points.append(QPointF(*view.to_screen(*self._mouse)))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colours.MARKUP_SELECTED, OUTLINE_WIDTH))
        painter.drawPolyline(QPolygonF(points))
        painter.setPen(QPen(colours.MARKUP, 1.5))
        painter.setBrush(QColor("white"))
        half = HANDLE_SIZE / 2
        painter.drawRect(QRectF(start.x() - half, start.y() - half, HANDLE_SIZE, HANDLE_SIZE))

    def _add(self, pointer: Pointer) -> None:
        self._vertices.append((pointer.x, pointer.y))
        self.changed.emit()

    def _is_on_start(self, pointer: Pointer) -> bool:
        return pointer.screen_distance(*self._vertices[0]) <= CLOSING_DISTANCE
