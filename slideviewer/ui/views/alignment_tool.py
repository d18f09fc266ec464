"""The tool that points out places on a slide, and how such places look."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from slideviewer.ui.tools.pan import PanTool
from slideviewer.ui.tools.tool import Pointer, Tool
from slideviewer.ui.viewpoint import Viewpoint
from slideviewer.ui.views.landmarks import Landmarks

CLICK_REACH = 4.0
"""Screen pixels that the mouse may move in a click; a longer way pans the slide."""

GRASP_REACH = 10.0
"""Screen pixels around a place within which it is dragged."""

RING = 8.0
DARK, BRIGHT = QColor(20, 20, 20), QColor("white")
"""Neither of the two colours that mean something on the slide."""


class LandmarkTool(Tool):
    """A click points out a place, a drag moves the slide or a place."""

    name = "landmark"
    cursor = Qt.CursorShape.CrossCursor
    hint = "Click the same place on both slides, drag to pan"

    def __init__(
        self,
        landmarks: Landmarks,
        side: int,
        hand: PanTool,
        *,
        on_changed: Callable[[], None],
        on_finished: Callable[[], None],
        on_cancelled: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._landmarks, self._side, self._hand = landmarks, side, hand
        self._on_changed, self._on_finished = on_changed, on_finished
        self._on_cancelled = on_cancelled
        self._pressed: Pointer | None = None
        self._is_panning = False
        self._grasped: int | None = None

    def press(self, pointer: Pointer) -> None:
        self._pressed, self._is_panning = pointer, False
        self._grasped = self._point_at(pointer)
        self._hand.press(pointer)

    def move(self, pointer: Pointer) -> None:
        if self._pressed is None:
            return
        if self._grasped is not None:
            self._landmarks.move(self._side, self._grasped, pointer.x, pointer.y)
            self._on_changed()
        elif self._is_panning or _way(self._pressed, pointer) > CLICK_REACH:
            self._is_panning = True
            self._hand.move(pointer)

    def release(self, pointer: Pointer) -> None:
        pressed, self._pressed = self._pressed, None
        if self._is_panning:
            self._hand.release(pointer)
            return
        self._hand.cancel()
        if pressed is not None and self._grasped is None:
            # Where it was pressed: meanwhile the slide may have moved under the mouse.
            self._landmarks.add(self._side, pressed.x, pressed.y)
            self._on_changed()

    def delete(self) -> None:
        self._landmarks.undo()
        self._on_changed()

    def finish(self) -> None:
        self._on_finished()

    def cancel(self) -> None:
        self._hand.cancel()
        self._on_cancelled()

    @property
    def is_busy(self) -> bool:
        return True  # from the first click to the last: undoing means the points

    def paint(self, painter: QPainter, view: Viewpoint) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(painter.font())
        font.setPixelSize(12)
        font.setBold(True)
        painter.setFont(font)
        for number, (x, y) in enumerate(self._landmarks.points(self._side), 1):
            _paint_marker(painter, QPointF(*view.to_screen(x, y)), str(number), view)
        painter.restore()

    def _point_at(self, pointer: Pointer) -> int | None:
        for index, (x, y) in enumerate(self._landmarks.points(self._side)):
            if pointer.screen_distance(x, y) <= GRASP_REACH:
                return index
        return None


def _way(start: Pointer, end: Pointer) -> float:
    return math.hypot(end.x_screen - start.x_screen, end.y_screen - start.y_screen)


def _paint_marker(painter: QPainter, at: QPointF, text: str, view: Viewpoint) -> None:
    """A ring with a cross that leaves the place itself free, and its number where it is seen."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((DARK, 4.0), (BRIGHT, 1.8)):
        painter.setPen(QPen(colour, width, c=Qt.PenCapStyle.FlatCap))
        painter.drawEllipse(at, RING, RING)
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            out, within = RING + 4, 3.0
            painter.drawLine(
                at + QPointF(dx * within, dy * within), at + QPointF(dx * out, dy * out)
            )
    room = painter.fontMetrics().horizontalAdvance(text)
    plate = QRectF(at.x() + RING + 2, at.y() - RING - 16, room + 10, 17)
    if plate.right() > view.width:
        plate.moveRight(at.x() - RING - 2)
    if plate.top() < 0:
        plate.moveTop(at.y() + RING)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(DARK)
    painter.drawRoundedRect(plate, 4, 4)
    painter.setPen(BRIGHT)
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
