"""The canvas: a stage whose slide is moved and marked with the mouse."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QCursor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from slideviewer.ui.gestures import Gestures
from slideviewer.ui.manner import Manner
from slideviewer.ui.stage import Stage
from slideviewer.ui.tools.pan import PanTool
from slideviewer.ui.tools.tool import Pointer, Tool

ARROWS: Mapping[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
"""To the right and down, for each arrow key."""

CLICK_SLACK = 3
"""Screen pixels that the mouse may stray during a click before it counts as a drag."""

LARGE_NUDGE = 10
"""Screen pixels for an arrow key with Shift, as in drawing programs; without it is one."""


class Canvas(Stage):
    """Hands the mouse and the keys to a tool."""

    hovered = Signal(float, float)  # level-0 point under the mouse
    left = Signal()  # the mouse left the canvas
    clicked = Signal(float, float)  # level-0 point; the left button, and the mouse stood still
    touched = Signal()  # pressed, or the wheel turned: this is the view that is meant
    faded = Signal(float)  # Ctrl and the wheel: so many notches more (or less) of the overlays

    _gestures: Gestures | None = None  # events come before it is made

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._gestures = Gestures(self)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Slide")
        self._hand = PanTool(self.pan, self.fling, self)
        self._tool: Tool = self._hand
        self._tool.changed.connect(self.update)
        self._gripped: Tool | None = None  # the tool that got the press gets the release
        self._grip_button = Qt.MouseButton.NoButton
        self._space_held = False
        self._pressed_at = QPointF()

    @property
    def hand(self) -> PanTool:
        """The pan tool, which the middle button and the held Space key use too."""
        return self._hand

    @property
    def tool(self) -> Tool:
        """What the left mouse button does."""
        return self._tool

    def set_manner(self, manner: Manner) -> None:
        """Move and look like this from now on."""
        super().set_manner(manner)
        if self._gestures is not None:
            self._gestures.trackpad_pans = manner.trackpad_pans

    def set_tool(self, tool: Tool) -> None:
        """Give the left mouse button to a tool; the one before keeps what it has begun."""
        if tool is self._tool:
            return
        self._tool.changed.disconnect(self.update)
        self._tool = tool
        tool.changed.connect(self.update)
        self._show_cursor()
        self.update()

    def point_under_mouse(self) -> tuple[float, float]:
        """The level-0 point under the mouse, wherever it is."""
        at = self.mapFromGlobal(QCursor.pos())
        return self._view.to_slide(at.x(), at.y())

    def paint_above(self, painter: QPainter) -> None:
        self._tool.paint(painter, self._view)

    def event(self, event: QEvent) -> bool:
        if self._gestures is not None and self._gestures.handle(event):
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._stop_motion()
        self.touched.emit()
        tool = self._tool_for(event.button())
        if tool is not None and self._gripped is None:
            self._gripped, self._grip_button = tool, event.button()
            self._pressed_at = event.position()
            self._is_dragged = tool is self._hand
            self._show_cursor()
            tool.press(self._pointer(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        pointer = self._pointer(event)
        (self._gripped or self._tool).move(pointer)
        self.hovered.emit(pointer.x, pointer.y)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        tool = self._gripped
        if tool is not None and event.button() == self._grip_button:
            self._gripped, self._is_dragged = None, False
            pointer = self._pointer(event)
            tool.release(pointer)
            self._show_cursor()
            strayed = (event.position() - self._pressed_at).manhattanLength()
            if event.button() == Qt.MouseButton.LeftButton and strayed <= CLICK_SLACK:
                self.clicked.emit(pointer.x, pointer.y)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        tool = self._tool_for(event.button())
        if tool is not None and tool is not self._hand:
            tool.double_click(self._pointer(event))
        else:
            self.mousePressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._tool.leave()
        self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space_held = True
            self._show_cursor()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._tool.finish()
        elif event.key() == Qt.Key.Key_Escape:
            self._tool.escape()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._tool.delete()
        elif not self._nudges(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space_held = False
            self._show_cursor()
        else:
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space_held = False  # its release goes elsewhere
        self._show_cursor()

    def _nudges(self, event: QKeyEvent) -> bool:
        """Whether it was an arrow key that the tool has a use for; Shift makes larger steps."""
        shift = Qt.KeyboardModifier.ShiftModifier
        others = event.modifiers() & ~(shift | Qt.KeyboardModifier.KeypadModifier)
        if others or event.key() not in ARROWS:
            return False
        step = LARGE_NUDGE if event.modifiers() & shift else 1
        right, down = ARROWS[event.key()]
        return self._tool.nudge(step * right, step * down, self._view)

    def _tool_for(self, button: Qt.MouseButton) -> Tool | None:
        if button == Qt.MouseButton.MiddleButton or self._space_held:
            return self._hand
        return self._tool if button == Qt.MouseButton.LeftButton else None

    def _pointer(self, event: QMouseEvent) -> Pointer:
        at = event.position()
        x, y = self._view.to_slide(at.x(), at.y())
        button, modifiers = event.button(), event.modifiers()
        seconds = event.timestamp() / 1000
        return Pointer(x, y, at.x(), at.y(), self._view, button, modifiers, seconds)

    def _show_cursor(self) -> None:
        if self._gripped is self._hand:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        else:
            self.setCursor((self._hand if self._space_held else self._tool).cursor)
