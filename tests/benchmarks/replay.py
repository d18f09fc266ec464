"""Replays gestures on a widget in real time, and measures how late the event loop comes round.

Knows Qt but nothing of the program, so that other programs can be measured the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

from PySide6.QtCore import (
    QCoreApplication,
    QElapsedTimer,
    QEvent,
    QObject,
    QPoint,
    QPointF,
    Qt,
    QTimer,
)
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from benchmarks.gesture_script import Gesture

_TYPES = {
    "press": QEvent.Type.MouseButtonPress,
    "move": QEvent.Type.MouseMove,
    "release": QEvent.Type.MouseButtonRelease,
}

HEARTBEAT_MS = 1
SETTLING_MS = 1000
"""How long the loop goes on after the last gesture: a flicked slide slides on."""


class Replay(QObject):
    """Sends gestures to a widget when their time has come.

    Parameters
    ----------
    widget : QWidget
        Gets the events.
    gestures : sequence of Gesture
        In the order of their times.
    ended : callable
        Called a second after the last one.
    """

    def __init__(
        self, widget: QWidget, gestures: Sequence[Gesture], ended: Callable[[], None]
    ) -> None:
        super().__init__(widget)
        self._widget, self._gestures, self._ended = widget, gestures, ended
        self._next = 0
        self._is_held = False
        self._clock = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._send_due)

    def start(self) -> None:
        """Begin; time counts from now."""
        self._clock.start()
        self._send_due()

    def _send_due(self) -> None:
        while self._next < len(self._gestures):
            gesture = self._gestures[self._next]
            wait = gesture.at_ms - self._clock.elapsed()
            if wait > 0:
                self._timer.start(wait)
                return
            self._next += 1
            self._send(gesture)
        QTimer.singleShot(SETTLING_MS, self._ended)

    def _send(self, gesture: Gesture) -> None:
        at = QPointF(gesture.x, gesture.y)
        screen = QPointF(self._widget.mapToGlobal(at))
        none, no_keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
        event: QWheelEvent | QMouseEvent
        if gesture.kind == "wheel":
            turn = QPoint(0, gesture.turn)
            phase = Qt.ScrollPhase.NoScrollPhase
            event = QWheelEvent(at, screen, QPoint(), turn, none, no_keys, phase, False)
        else:
            left = Qt.MouseButton.LeftButton
            if gesture.kind != "move":
                self._is_held = gesture.kind == "press"
            button = none if gesture.kind == "move" else left
            held = left if self._is_held else none
            event = QMouseEvent(_TYPES[gesture.kind], at, screen, button, held, no_keys)
        QCoreApplication.sendEvent(self._widget, event)


class Heartbeat(QObject):
    """A precise timer of a millisecond that notes how late it came.

    Attributes
    ----------
    delays_ms : list of float
        One for each beat, 0 where it was in time.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.delays_ms: list[float] = []
        self._last = perf_counter()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """Begin to listen."""
        self._last = perf_counter()
        self._timer.start(HEARTBEAT_MS)

    def stop(self) -> None:
        """Listen no more."""
        self._timer.stop()

    def forgive(self, seconds: float) -> None:
        """Take out of the beat under way what the measuring itself has cost."""
        self._last += seconds

    def _beat(self) -> None:
        now = perf_counter()
        self.delays_ms.append(max(0.0, 1000 * (now - self._last) - HEARTBEAT_MS))
        self._last = now
