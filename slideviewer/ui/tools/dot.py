"""Set single points."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QPainter

from slideviewer.annotations import Kind, as_points
from slideviewer.ui.tools.previews import on_screen, paint_dots
from slideviewer.ui.tools.tool import Drawn, Pointer, Tool
from slideviewer.ui.viewpoint import Viewpoint


class DotTool(Tool):
    """Each click is a dot; it lies where the button is let go, so that it can still be shifted."""

    name = "dot"
    cursor = Qt.CursorShape.CrossCursor
    hint = "Click to set a dot; while the button is held it can be shifted, and Esc drops it"

    def __init__(self, drawn: Drawn, parent: QObject | None = None) -> None:
        """Take the function that adds the dot."""
        super().__init__(parent)
        self._drawn = drawn
        self._held: Pointer | None = None

    @property
    def is_busy(self) -> bool:
        return self._held is not None

    def press(self, pointer: Pointer) -> None:
        self._held = pointer
        self.changed.emit()

    def move(self, pointer: Pointer) -> None:
        if self._held is not None:
            self.press(pointer)

    def release(self, pointer: Pointer) -> None:
        if self._held is not None:
            self.cancel()
            self._drawn(Kind.DOT, as_points([(pointer.x, pointer.y)]))

    def cancel(self) -> None:
        self._held = None
        self.changed.emit()

    def delete(self) -> None:
        self.cancel()

    def paint(self, painter: QPainter, view: Viewpoint) -> None:
        if self._held is not None:
            paint_dots(painter, on_screen(as_points([(self._held.x, self._held.y)]), view))
