"""The canvas: shows layers from a viewpoint and hands the mouse to a tool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import (
    QCursor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from slideviewer.geometry import Rect
from slideviewer.ui import colours
from slideviewer.ui.layers.layer import Layer
from slideviewer.ui.tools.pan import PanTool
from slideviewer.ui.tools.tool import Pointer, Tool
from slideviewer.ui.viewpoint import Viewpoint

ZOOM_PER_NOTCH = 1.25
"""How much one notch of the wheel (120 eighths of a degree) magnifies."""


class Canvas(QWidget):
    """Paints its layers in order; scene coordinates are level-0 pixels."""

    viewpoint_changed = Signal(object)  # Viewpoint
    hovered = Signal(float, float)  # level-0 point under the mouse
    left = Signal()  # the mouse left the canvas

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Slide")
        self.setMinimumSize(320, 240)
        self._layers: tuple[Layer, ...] = ()
        self._extent: Rect | None = None
        self._home: Rect | None = None
        self._is_at_home = True
        self._view = Viewpoint()
        self._hand = PanTool(self.pan, self)
        self._tool: Tool = self._hand
        self._tool.changed.connect(self.update)
        self._gripped: Tool | None = None  # the tool that got the press gets the release
        self._grip_button = Qt.MouseButton.NoButton
        self._space_held = False

    @property
    def viewpoint(self) -> Viewpoint:
        """What is shown."""
        return self._view

    @property
    def hand(self) -> PanTool:
        """The pan tool, which the middle button and the held Space key use too."""
        return self._hand

    @property
    def tool(self) -> Tool:
        """What the left mouse button does."""
        return self._tool

    def set_layers(self, layers: Sequence[Layer]) -> None:
        """Paint these, the first one lowest."""
        self._layers = tuple(layers)
        for layer in layers:
            layer.changed.connect(self.update)

    def set_tool(self, tool: Tool) -> None:
        """Give the left mouse button to a tool; the one before drops what it had begun."""
        self._tool.cancel()
        self._tool.changed.disconnect(self.update)
        self._tool = tool
        tool.changed.connect(self.update)
        self._show_cursor()
        self.update()

    def set_extent(self, extent: Rect | None, home: Rect | None = None) -> None:
        """Say how large the slide is and what "the whole slide" means; shows all of it."""
        self._extent, self._home = extent, home or extent
        self.show_home()

    def show_home(self) -> None:
        """Show the whole slide."""
        if self._home is not None:
            self._go(self._view.fitted(self._home))
            self._is_at_home = True

    def show_rect(self, rect: Rect) -> None:
        """Show all of a level-0 rectangle."""
        self._go(self._view.fitted(rect))

    def zoom_to(self, scale: float, at: QPointF | None = None) -> None:
        """Set the scale (screen pixels per level-0 pixel) about a screen point, or the middle."""
        point = at if at is not None else QPointF(self.width() / 2, self.height() / 2)
        self._go(self._view.zoomed(scale, point.x(), point.y()))

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Magnify by a factor about a screen point, or the middle."""
        if self._extent is None:
            return
        limits = self._view.zoomed(self._view.scale * factor, 0, 0).kept_on(self._extent)
        self.zoom_to(limits.scale, at)

    def centre_on(self, x: float, y: float) -> None:
        """Put a level-0 point into the middle."""
        self._go(replace(self._view, centre_x=x, centre_y=y))

    def point_under_mouse(self) -> tuple[float, float]:
        """The level-0 point under the mouse, wherever it is."""
        at = self.mapFromGlobal(QCursor.pos())
        return self._view.to_slide(at.x(), at.y())

    def pan(self, dx_screen: float, dy_screen: float) -> None:
        """Move the slide by so many screen pixels."""
        self._go(self._view.panned(dx_screen, dy_screen))

    def _go(self, view: Viewpoint) -> None:
        if self._extent is None:
            return
        self._view = view.kept_on(self._extent)
        self._is_at_home = False
        self.update()
        self.viewpoint_changed.emit(self._view)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), colours.CANVAS)
        if self._extent is None:
            return
        for layer in self._layers:
            if layer.visible and layer.opacity > 0:
                painter.save()
                painter.setOpacity(layer.opacity)
                layer.paint(painter, self._view)
                painter.restore()
        self._tool.paint(painter, self._view)

    def resizeEvent(self, event: QResizeEvent) -> None:
        was_at_home = self._is_at_home
        self._view = self._view.resized(self.width(), self.height())
        if was_at_home:
            self.show_home()
        self.viewpoint_changed.emit(self._view)

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if notches:
            self.zoom_by(ZOOM_PER_NOTCH**notches, event.position())
        event.accept()

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QNativeGestureEvent)
            and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
        ):
            self.zoom_by(1 + event.value(), event.position())
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        tool = self._tool_for(event.button())
        if tool is not None and self._gripped is None:
            self._gripped, self._grip_button = tool, event.button()
            self._show_cursor()
            tool.press(self._pointer(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        pointer = self._pointer(event)
        (self._gripped or self._tool).move(pointer)
        self.hovered.emit(pointer.x, pointer.y)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        tool = self._gripped
        if tool is not None and event.button() == self._grip_button:
            self._gripped = None
            tool.release(self._pointer(event))
            self._show_cursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        tool = self._tool_for(event.button())
        if tool is not None and tool is not self._hand:
            tool.double_click(self._pointer(event))
        else:
            self.mousePressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space_held = True
            self._show_cursor()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._tool.finish()
        elif event.key() == Qt.Key.Key_Escape:
            self._tool.cancel()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._tool.delete()
        else:
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

    def _tool_for(self, button: Qt.MouseButton) -> Tool | None:
        if button == Qt.MouseButton.MiddleButton or self._space_held:
            return self._hand
        return self._tool if button == Qt.MouseButton.LeftButton else None

    def _pointer(self, event: QMouseEvent) -> Pointer:
        at = event.position()
        x, y = self._view.to_slide(at.x(), at.y())
        return Pointer(x, y, at.x(), at.y(), self._view, event.button(), event.modifiers())

    def _show_cursor(self) -> None:
        if self._gripped is self._hand:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        else:
            self.setCursor((self._hand if self._space_held else self._tool).cursor)
