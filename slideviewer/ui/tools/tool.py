"""The language of gestures that every tool speaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QPainter

from slideviewer.annotations import Kind, Points
from slideviewer.ui.viewpoint import Viewpoint

Drawn = Callable[[Kind, Points], object]
"""What is told of a finished shape: its kind, and its vertices in level-0 pixels."""


@dataclass(frozen=True)
class Pointer:
    """The mouse at one moment.

    Attributes
    ----------
    x, y : float
        Level-0 pixels.
    x_screen, y_screen : float
        Pixels of the canvas.
    view : Viewpoint
        What the canvas shows.
    button : Qt.MouseButton
        What was pressed or released; NoButton while moving.
    modifiers : Qt.KeyboardModifier
    seconds : float
        When, counted from some moment in the past.
    """

    x: float
    y: float
    x_screen: float
    y_screen: float
    view: Viewpoint
    button: Qt.MouseButton = Qt.MouseButton.NoButton
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    seconds: float = 0.0

    def has(self, modifier: Qt.KeyboardModifier) -> bool:
        """Whether a modifier key is held."""
        return bool(self.modifiers & modifier)

    def screen_distance(self, x: float, y: float) -> float:
        """Screen pixels from here to a level-0 point."""
        return float(((self.x - x) ** 2 + (self.y - y) ** 2) ** 0.5) * self.view.scale


class Tool(QObject):
    """One way to use the left mouse button. Does nothing of its own."""

    changed = Signal()  # its preview looks different

    name = ""
    cursor = Qt.CursorShape.ArrowCursor
    hint = ""
    """What to do, for the status line."""

    def press(self, pointer: Pointer) -> None:
        """Button down."""

    def move(self, pointer: Pointer) -> None:
        """The mouse moved, with or without a button."""

    def release(self, pointer: Pointer) -> None:
        """Button up."""

    def double_click(self, pointer: Pointer) -> None:
        """Second press of a double-click (the first came as an ordinary one)."""

    def finish(self) -> None:
        """Enter: complete what was begun."""

    def cancel(self) -> None:
        """Esc, another tool or another slide: drop what was begun."""

    def escape(self) -> None:
        """Esc alone, for a tool that has more to drop then."""
        self.cancel()

    def delete(self) -> None:
        """Delete or Backspace: take back the last small step."""

    def nudge(self, right: int, down: int, view: Viewpoint) -> bool:
        """An arrow key: so many screen pixels; whether the tool has a use for it."""
        return False

    def wheel(self, notches: float) -> bool:
        """The wheel turned while Alt was held; whether the tool has a use for it."""
        return False

    def leave(self) -> None:
        """The mouse left the canvas."""

    @property
    def is_busy(self) -> bool:
        """Whether a gesture is under way; then there is no undo."""
        return False

    def paint(self, painter: QPainter, view: Viewpoint) -> None:
        """Paint the preview over all layers."""
