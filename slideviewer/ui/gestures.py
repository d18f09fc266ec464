"""What the wheel, a trackpad and a touch screen mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QInputDevice, QNativeGestureEvent, QWheelEvent
from PySide6.QtWidgets import QGestureEvent, QPinchGesture

if TYPE_CHECKING:
    from slideviewer.ui.canvas import Canvas

ZOOM_PER_NOTCH = 1.25
"""How much one notch of the wheel (120 eighths of a degree) magnifies."""

NOTCH = 120


class Gestures:
    """Turns events into movements of the canvas.

    A mouse wheel zooms at the cursor. Two fingers on a trackpad pan, or zoom where the user
    prefers it; a pinch zooms and turns. Ctrl and the wheel change how strongly the overlays show,
    Alt and the wheel belong to the tool.
    """

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self.trackpad_pans = True
        canvas.grabGesture(Qt.GestureType.PinchGesture)

    def handle(self, event: QEvent) -> bool:
        """Whether the event was a gesture, which is done with."""
        if isinstance(event, QWheelEvent):
            self._wheel(event)
        elif isinstance(event, QNativeGestureEvent):
            return self._native(event)
        elif isinstance(event, QGestureEvent):
            return self._pinch(event)
        else:
            return False
        event.accept()
        return True

    def _wheel(self, event: QWheelEvent) -> None:
        canvas = self._canvas
        canvas.touched.emit()
        notches = event.angleDelta().y() / NOTCH
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            canvas.faded.emit(notches)
            return
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            # Qt takes the wheel with Alt for one that turns sideways, on some systems.
            turned = notches or event.angleDelta().x() / NOTCH
            if canvas.tool.wheel(turned):
                return
        device = event.device()
        is_trackpad = device is not None and device.type() == QInputDevice.DeviceType.TouchPad
        way = event.pixelDelta()
        is_trackpad = is_trackpad or event.phase() != Qt.ScrollPhase.NoScrollPhase
        if self.trackpad_pans and is_trackpad and not way.isNull():
            canvas.pan(way.x(), way.y())
        elif notches:
            canvas.zoom_by(ZOOM_PER_NOTCH**notches, event.position())

    def _native(self, event: QNativeGestureEvent) -> bool:
        canvas, at = self._canvas, event.position()
        canvas.touched.emit()
        view = canvas.viewpoint
        kind = event.gestureType()
        if kind == Qt.NativeGestureType.ZoomNativeGesture:
            scale = canvas.nearest_scale(view.scale * (1 + event.value()))
            canvas.go(view.zoomed(scale, at.x(), at.y()))
        elif kind == Qt.NativeGestureType.RotateNativeGesture:
            canvas.go(view.turned(view.rotation + event.value(), at.x(), at.y()))
        elif kind == Qt.NativeGestureType.SmartZoomNativeGesture:
            canvas.zoom_by(2.0, at)
        else:
            return False
        return True

    def _pinch(self, event: QGestureEvent) -> bool:
        pinch = event.gesture(Qt.GestureType.PinchGesture)
        if not isinstance(pinch, QPinchGesture):
            return False
        canvas = self._canvas
        canvas.touched.emit()
        at = QPointF(canvas.mapFromGlobal(pinch.centerPoint().toPoint()))
        view = canvas.viewpoint
        scale = canvas.nearest_scale(view.scale * pinch.scaleFactor())
        view = view.zoomed(scale, at.x(), at.y())
        turn = pinch.rotationAngle() - pinch.lastRotationAngle()
        shift = pinch.centerPoint() - pinch.lastCenterPoint()
        canvas.go(view.turned(view.rotation + turn, at.x(), at.y()).panned(shift.x(), shift.y()))
        event.accept(pinch)
        return True
