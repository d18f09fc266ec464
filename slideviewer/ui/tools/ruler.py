"""Measure on the slide without leaving anything in the markup."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, Qt

from slideviewer.ui.rulers import Ruler, Rulers
from slideviewer.ui.tools.tool import Pointer, Tool

DRAG_DISTANCE = 4.0
"""Screen pixels; a press that moved less was a click, and the next click is the other end."""


class RulerTool(Tool):
    """Drag, or click twice; rulers stay until they are cleared."""

    name = "ruler"
    cursor = Qt.CursorShape.CrossCursor
    hint = (
        "Drag or click twice to measure; Shift: steps of 45°; Delete takes the last one away, "
        "Esc all. Rulers are not saved."
    )

    def __init__(self, rulers: Rulers, parent: QObject | None = None) -> None:
        """Take what holds the rulers."""
        super().__init__(parent)
        self._rulers = rulers
        self._start: tuple[float, float] | None = None
        self._pressed_at: tuple[float, float] | None = None

    @property
    def is_busy(self) -> bool:
        return self._start is not None

    def press(self, pointer: Pointer) -> None:
        if self._start is None:
            self._start = (pointer.x, pointer.y)
            self._pressed_at = (pointer.x_screen, pointer.y_screen)
        else:
            self._lay_down(pointer)

    def move(self, pointer: Pointer) -> None:
        if self._start is not None:
            self._rulers.hold(self._ruler_to(pointer))

    def release(self, pointer: Pointer) -> None:
        if self._start is None or self._pressed_at is None:
            return
        at = (pointer.x_screen, pointer.y_screen)
        if math.dist(at, self._pressed_at) >= DRAG_DISTANCE:
            self._lay_down(pointer)

    def cancel(self) -> None:
        self._start = self._pressed_at = None
        self._rulers.hold(None)

    def escape(self) -> None:
        if self.is_busy:
            self.cancel()
        else:
            self._rulers.clear()

    def delete(self) -> None:
        if self.is_busy:
            self.cancel()
        else:
            self._rulers.remove_last()

    def _lay_down(self, pointer: Pointer) -> None:
        ruler = self._ruler_to(pointer)
        self.cancel()
        if ruler is not None and ruler.length_px * pointer.view.scale >= DRAG_DISTANCE:
            self._rulers.lay_down(ruler)

    def _ruler_to(self, pointer: Pointer) -> Ruler | None:
        if self._start is None:
            return None
        ruler = Ruler(*self._start, pointer.x, pointer.y)
        return ruler.kept_to_steps() if pointer.has(Qt.KeyboardModifier.ShiftModifier) else ruler
