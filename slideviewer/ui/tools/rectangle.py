"""Draw a rectangle: by its diagonal, or by its size."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QPainter

from slideviewer.annotations import Kind, Points, as_points
from slideviewer.ui.tools.previews import on_screen, paint_line
from slideviewer.ui.tools.tool import Drawn, Pointer, Tool
from slideviewer.ui.viewpoint import Viewpoint

LEAST_SIDE = 4.0
"""Screen pixels; a drag that went less far along either axis was a click."""

AskSize = Callable[[], tuple[float, float] | None]
"""Asks the user for a width and a height; the answer in level-0 pixels, None for no answer."""


class RectangleTool(Tool):
    """Drag from corner to corner; a double-click asks for the size.

    Its sides are those of the slide, even where the slide lies turned on the screen: a rectangle
    of ASAP has no angle.
    """

    name = "rectangle"
    cursor = Qt.CursorShape.CrossCursor
    hint = "Drag to draw a rectangle, Shift: a square; a double-click asks for the size"

    def __init__(self, drawn: Drawn, ask_size: AskSize, parent: QObject | None = None) -> None:
        """Take the function that adds the four corners, and the one that asks for a size."""
        super().__init__(parent)
        self._drawn, self._ask_size = drawn, ask_size
        self._start: Pointer | None = None
        self._end: Pointer | None = None

    @property
    def is_busy(self) -> bool:
        return self._start is not None

    def press(self, pointer: Pointer) -> None:
        self._start = self._end = pointer

    def move(self, pointer: Pointer) -> None:
        if self._start is not None:
            self._end = pointer
            self.changed.emit()

    def release(self, pointer: Pointer) -> None:
        if self._start is None:
            return
        corners = _between(self._start, pointer)
        self.cancel()
        sides = (corners[2] - corners[0]) * pointer.view.scale
        if min(sides) >= LEAST_SIDE:
            self._drawn(Kind.RECTANGLE, corners)

    def double_click(self, pointer: Pointer) -> None:
        self.cancel()
        size = self._ask_size()
        if size is not None:
            width, height = size
            left, top = pointer.x - width / 2, pointer.y - height / 2
            self._drawn(Kind.RECTANGLE, corners_of(left, top, left + width, top + height))

    def cancel(self) -> None:
        self._start = self._end = None
        self.changed.emit()

    def delete(self) -> None:
        self.cancel()

    def paint(self, painter: QPainter, view: Viewpoint) -> None:
        if self._start is not None and self._end is not None:
            paint_line(painter, on_screen(_between(self._start, self._end), view), closed=True)


def corners_of(left: float, top: float, right: float, bottom: float) -> Points:
    """The corners in ASAP's order: top left, top right, bottom right, bottom left."""
    return as_points([(left, top), (right, top), (right, bottom), (left, bottom)])


def _between(start: Pointer, end: Pointer) -> Points:
    """The corners of a drag; of a square while Shift is held, as large as its longer side."""
    across, down = end.x - start.x, end.y - start.y
    if end.has(Qt.KeyboardModifier.ShiftModifier):
        side = max(abs(across), abs(down))
        across, down = math.copysign(side, across), math.copysign(side, down)
    (left, right), (top, bottom) = (
        sorted((start.x, start.x + across)),
        sorted((start.y, start.y + down)),
    )
    return corners_of(left, top, right, bottom)
