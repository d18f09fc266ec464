"""Set many points that are one annotation."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QPainter

from slideviewer.annotations import Kind, as_points
from slideviewer.ui.tools.previews import on_screen, paint_dots
from slideviewer.ui.tools.tool import Drawn, Pointer, Tool
from slideviewer.ui.viewpoint import Viewpoint


class PointSetTool(Tool):
    """Each click is a point more; Enter or a double-click ends the set."""

    name = "point_set"
    cursor = Qt.CursorShape.CrossCursor
    hint = (
        "Click for each point; Enter or a double-click ends the set, Delete takes the last point "
        "back, Esc drops them all"
    )

    def __init__(self, drawn: Drawn, parent: QObject | None = None) -> None:
        """Take the function that adds a set of one point or more."""
        super().__init__(parent)
        self._drawn = drawn
        self._points: list[tuple[float, float]] = []

    @property
    def is_busy(self) -> bool:
        return bool(self._points)

    def press(self, pointer: Pointer) -> None:
        self._points.append((pointer.x, pointer.y))
        self.changed.emit()

    def double_click(self, pointer: Pointer) -> None:
        self.finish()  # its first press has set a point

    def finish(self) -> None:
        points = self._points
        if points:
            self.cancel()
            self._drawn(Kind.POINT_SET, as_points(points))

    def cancel(self) -> None:
        self._points = []
        self.changed.emit()

    def delete(self) -> None:
        if self._points:
            self._points.pop()
            self.changed.emit()

    def paint(self, painter: QPainter, view: Viewpoint) -> None:
        if self._points:
            paint_dots(painter, on_screen(as_points(self._points), view))
