"""Draw a polygon: clicks and freehand strokes, mixed at will."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QPainter

from slideviewer.annotations import Kind, Points, as_points
from slideviewer.ui.tools.previews import on_screen, paint_line, paint_start, paint_vertices
from slideviewer.ui.tools.tool import Drawn, Pointer, Tool
from slideviewer.ui.viewpoint import Viewpoint

CLOSING_DISTANCE = 12
"""Screen pixels from the first vertex within which a click closes the shape, as in ASAP."""

FREEHAND_STEP = 40
"""Screen pixels between the vertices of a freehand stroke, as in ASAP."""

FEWEST_VERTICES = 3


class PolygonTool(Tool):
    """Click or drag to add vertices; close by a click on the start, a double-click or Enter."""

    name = "polygon"
    kind = Kind.POLYGON
    cursor = Qt.CursorShape.CrossCursor
    hint = "Click or drag to draw; double-click, Enter or a click on the start closes; Esc drops it"

    def __init__(self, drawn: Drawn, parent: QObject | None = None) -> None:
        """Take the function that adds a finished outline of 3 vertices or more."""
        super().__init__(parent)
        self._drawn = drawn
        self._vertices: list[tuple[float, float]] = []
        self._mouse: Pointer | None = None
        self._dragging = False

    @property
    def is_busy(self) -> bool:
        return bool(self._vertices)

    def press(self, pointer: Pointer) -> None:
        if self._would_close(pointer):
            self.finish()
            return
        self._add(pointer)
        self._dragging = True

    def move(self, pointer: Pointer) -> None:
        self._mouse = pointer
        if self._dragging and pointer.screen_distance(*self._vertices[-1]) > FREEHAND_STEP:
            self._add(pointer)
        if self._vertices:
            self.changed.emit()

    def release(self, pointer: Pointer) -> None:
        # A stroke that went round and came back to its start is a closed shape.
        was_stroke, self._dragging = self._dragging, False
        if was_stroke and len(self._vertices) > FEWEST_VERTICES and self._would_close(pointer):
            self.finish()

    def double_click(self, pointer: Pointer) -> None:
        self.finish()

    def finish(self) -> None:
        vertices = self._vertices
        if len(vertices) >= FEWEST_VERTICES:
            self.cancel()
            self._drawn(self.kind, as_points(vertices))

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
        mouse = self._mouse
        ahead = [] if mouse is None else [(mouse.x, mouse.y)]
        self._paint_shape(painter, view, as_points(self._vertices + ahead))
        placed = on_screen(as_points(self._vertices), view)
        paint_vertices(painter, placed[1:])
        paint_start(painter, placed[0], closes=mouse is not None and self._would_close(mouse))

    def _paint_shape(self, painter: QPainter, view: Viewpoint, points: Points) -> None:
        """Paint what there is so far, up to the mouse."""
        paint_line(painter, on_screen(points, view), closed=False)

    def _add(self, pointer: Pointer) -> None:
        self._vertices.append((pointer.x, pointer.y))
        self.changed.emit()

    def _would_close(self, pointer: Pointer) -> bool:
        """Whether a click there means the start, and not one more vertex."""
        if len(self._vertices) < FEWEST_VERTICES:
            return False
        return pointer.screen_distance(*self._vertices[0]) <= CLOSING_DISTANCE
