"""Draw a measurement: a line whose length is part of the markup."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QObject, QRectF, Qt
from PySide6.QtGui import QPainter

from slideviewer.annotations import Kind, Points, as_points
from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.ui.layers.measurements import put_length
from slideviewer.ui.layers.plates import Plates, plate_font
from slideviewer.ui.rulers import Ruler
from slideviewer.ui.tools.previews import on_screen, paint_line
from slideviewer.ui.tools.tool import Drawn, Pointer, Tool
from slideviewer.ui.viewpoint import Viewpoint

DRAG_DISTANCE = 4.0
"""Screen pixels; a press that moved less was a click, and the next click is the other end."""


class MeasurementTool(Tool):
    """Drag, or click twice."""

    name = "measurement"
    cursor = Qt.CursorShape.CrossCursor
    hint = "Drag or click twice to draw a measurement; Shift: steps of 45°; Esc drops it"

    def __init__(
        self,
        drawn: Drawn,
        spacing: Callable[[], Spacing | UnknownSpacing | None],
        parent: QObject | None = None,
    ) -> None:
        """Take the function that adds the two ends, and the one that knows the slide's spacing."""
        super().__init__(parent)
        self._drawn, self._spacing = drawn, spacing
        self._start: Pointer | None = None
        self._end: Pointer | None = None

    @property
    def is_busy(self) -> bool:
        return self._start is not None

    def press(self, pointer: Pointer) -> None:
        if self._start is None:
            self._start = self._end = pointer
            self.changed.emit()
        else:
            self._finish_at(pointer)

    def move(self, pointer: Pointer) -> None:
        if self._start is not None:
            self._end = pointer
            self.changed.emit()

    def release(self, pointer: Pointer) -> None:
        start = self._start
        if start is None:
            return
        at = pointer.x_screen, pointer.y_screen
        if math.dist(at, (start.x_screen, start.y_screen)) >= DRAG_DISTANCE:
            self._finish_at(pointer)

    def finish(self) -> None:
        if self._end is not None:
            self._finish_at(self._end)

    def cancel(self) -> None:
        self._start = self._end = None
        self.changed.emit()

    def delete(self) -> None:
        self.cancel()

    def paint(self, painter: QPainter, view: Viewpoint) -> None:
        if self._start is None or self._end is None:
            return
        ends = _between(self._start, self._end)
        paint_line(painter, on_screen(ends, view), closed=False)
        spacing = self._spacing()
        if spacing is not None:
            room = QRectF(0, 0, view.width, view.height).adjusted(4, 4, -4, -4)
            put_length(Plates(painter, plate_font(painter), room), view, ends, spacing)

    def _finish_at(self, pointer: Pointer) -> None:
        if self._start is None:
            return
        ends = _between(self._start, pointer)
        # The second click of a double-click, or one in the same place: not two ends yet.
        if math.dist(*ends.tolist()) * pointer.view.scale >= DRAG_DISTANCE:
            self.cancel()
            self._drawn(Kind.MEASUREMENT, ends)


def _between(start: Pointer, end: Pointer) -> Points:
    line = Ruler(start.x, start.y, end.x, end.y)
    if end.has(Qt.KeyboardModifier.ShiftModifier):
        line = line.kept_to_steps()
    return as_points([(line.x1, line.y1), (line.x2, line.y2)])
