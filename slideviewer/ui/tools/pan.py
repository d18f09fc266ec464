"""Drag the slide."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt

from slideviewer.ui.motion import Grasp
from slideviewer.ui.tools.tool import Pointer, Tool


class PanTool(Tool):
    """Moves the slide with the mouse, one to one; a slide let go in movement slides on."""

    name = "pan"
    cursor = Qt.CursorShape.OpenHandCursor
    hint = "Drag to pan, wheel to zoom"

    def __init__(
        self,
        pan: Callable[[float, float], None],
        fling: Callable[[float, float], None],
        parent: QObject | None = None,
    ) -> None:
        """Take the functions that move the slide by screen pixels, and at pixels per second."""
        super().__init__(parent)
        self._pan, self._fling = pan, fling
        self._last: tuple[float, float] | None = None
        self._grasp = Grasp()

    def press(self, pointer: Pointer) -> None:
        self._last = (pointer.x_screen, pointer.y_screen)
        self._grasp = Grasp()

    def move(self, pointer: Pointer) -> None:
        if self._last is not None:
            last_x, last_y = self._last
            self._last = (pointer.x_screen, pointer.y_screen)
            self._grasp.move(pointer.seconds, pointer.x_screen, pointer.y_screen)
            self._pan(pointer.x_screen - last_x, pointer.y_screen - last_y)

    def release(self, pointer: Pointer) -> None:
        held, self._last = self._last is not None, None
        velocity = self._grasp.velocity(pointer.seconds)
        if held and velocity is not None:
            self._fling(*velocity)

    def cancel(self) -> None:
        self._last = None
