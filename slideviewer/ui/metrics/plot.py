"""A curve that can be looked at and clicked: each of its points is a threshold."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from slideviewer.evaluation.report import Curve, Line
from slideviewer.ui.plots import Axis, Plot
from slideviewer.ui.words import short

LINES_HIGH = 13
DOT, RING = 9.0, 13.0
"""Across, in pixels: the point of the threshold, and what is around the one under the mouse."""
STEPS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
BEYOND = 1.15
"""A logarithmic axis ends so much behind its last tick."""
DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)

Place = tuple[float, float]


class CurvePlot(Plot):
    """Shows a curve and where the threshold stands on it.

    A click, or the arrow keys, choose another threshold. What lies under the mouse is said below
    by whoever hears of it.
    """

    threshold_wanted = Signal(float)
    pointed_at = Signal(str)  # the point under the mouse, in words; empty for none

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(LINES_HIGH, parent)
        self.curve: Curve | None = None
        self.place: Place | None = None
        self._line: Line | None = None  # that whose points are thresholds
        self._pointed: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def show_curve(self, curve: Curve | None, place: Place | None) -> None:
        """Show a curve, and where the threshold stands on it; None where that is not known."""
        former, self.curve, self.place = self.curve, curve, place
        if curve is not None and place is not None:
            x, y = short(place[0]), short(place[1])
            told = f"At the threshold: {curve.x_label} {x}, {curve.y_label} {y}"
            self.setAccessibleDescription(told)
        if curve is former:
            self._mark()
            return
        lines = () if curve is None else curve.lines
        self._line = next((line for line in lines if line.thresholds), None)
        self._pointed = None
        self.setAccessibleName("" if curve is None else curve.title)
        self.redraw()

    def screen_place(self, index: int) -> QPointF:
        """Where a point of the curve lies in this widget."""
        assert self._line is not None
        return QPointF(*self.places(self._line.x[index], self._line.y[index]))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(self._nearest(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        self._want(self._nearest(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or self._line is None or self.place is None:
            super().keyPressEvent(event)
            return
        here = self._nearest(QPointF(*self.places(*self.place)))
        if here is not None and 0 <= here + step < len(self._line.x):
            self._want(here + step)

    def draw(self) -> None:
        curve = self.curve
        if curve is None:
            return
        ticks, last = curve.x_ticks, 1.0 if curve.most_y is None else curve.most_y
        across = Axis(0, 1, STEPS, curve.x_label)
        if ticks:
            across = Axis(ticks[0] / 2, ticks[-1] * BEYOND, ticks, curve.x_label, is_log=True)
        self.lay(across, Axis(0, last, tuple(it * last for it in STEPS), curve.y_label))
        if curve.has_diagonal:
            self.line((0, 1), (0, 1), {"color": self.pale, "width": 1.4, "style": DASHES[2]})
        ink, base = self.palette().link().color(), self.palette().base().color()
        dots = {"symbol": "o", "symbolSize": 5.2, "symbolBrush": base}
        dots["symbolPen"] = {"color": ink, "width": 1.2}
        for number, line in enumerate(curve.lines):
            pen = {"color": ink, "width": 1.8, "style": DASHES[number % len(DASHES)]}
            options = dots if "dots" in line.style else {}
            if line.style == "steps":
                options = {"stepMode": "left"}
            self.line(line.x, line.y, None if line.style == "dots" else pen, **options)
        self._mark()

    def _mark(self) -> None:
        """Mark where the threshold stands, and what the mouse points at."""
        text, base = self.palette().windowText().color(), self.palette().base().color()
        spots, line = [], self._line
        if self._pointed is not None and line is not None:
            ring = {"size": RING, "pen": {"color": text, "width": 1.2}, "brush": None}
            spots.append((line.x[self._pointed], line.y[self._pointed], ring))
        if self.place is not None:
            dot = {"size": DOT, "pen": {"color": base, "width": 1.2}, "brush": text}
            spots.append((*self.place, dot))
        self.mark(*spots)

    def _nearest(self, at: QPointF) -> int | None:
        """The point of the curve nearest to a place of the screen."""
        line = self._line
        if line is None:
            return None
        apart = np.hypot(*(self.places(line.x, line.y) - at.toTuple()).T)
        known = [index for index, it in enumerate(line.thresholds) if it is not None]
        return min(known, key=apart.__getitem__, default=None)

    def _point_at(self, index: int | None) -> None:
        line, curve, words = self._line, self.curve, ""
        if index is not None and line is not None and curve is not None:
            x, y = short(line.x[index]), short(line.y[index])
            words = f"From {line.thresholds[index]:.3f}: {curve.x_label} {x}, {curve.y_label} {y}"
        self._pointed = index
        self.pointed_at.emit(words)
        self._mark()

    def _want(self, index: int | None) -> None:
        threshold = None if index is None or self._line is None else self._line.thresholds[index]
        if threshold is not None:
            self.threshold_wanted.emit(min(1.0, max(0.0, threshold)))
