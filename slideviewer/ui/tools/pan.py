"""Drag the slide."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt

from slideviewer.ui.tools.tool import Pointer, Tool


class PanTool(Tool):
    """Moves the slide with the mouse, one to one."""

    name = "pan"
    cursor = Qt.CursorShape.OpenHandCursor
    hint = "Drag to pan, wheel to zoom"

    def __init__(self, pan: Callable[[float, float], None], parent: QObject | None = None) -> None:
        """Take the function that moves the slide by so many screen pixels."""
        super().__init__(parent)
        self._pan = pan
        self._last: tuple[float, float] | None = None

    def press(self, pointer: Pointer) -> None:
        self._last = (pointer.x_screen, pointer.y_screen)

    def move(self, pointer: Pointer) -> None:
        if self._last is not None:
            last_x, last_y = self._last
            self._last = (pointer.x_screen, pointer.y_screen)
            self._pan(pointer.x_screen - last_x, pointer.y_screen - last_y)

    def release(self, pointer: Pointer) -> None:
        self._last = None

    def cancel(self) -> None:
        self._last = None
