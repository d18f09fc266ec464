"""A curve that can be looked at and clicked: each of its points is a threshold."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from slideviewer.evaluation.report import Curve, Line
from slideviewer.ui.metrics.axes import Axes
from slideviewer.ui.words import short

LINES_HIGH, LEAST_WIDTH = 15, 180
"""Height in lines of text, and least width in pixels."""
DOT = 4.5
"""Radius of the point of the threshold."""
PALE = 70
"""Opacity of the grid."""
DASHES = (None, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)

Place = tuple[float, float]


class CurvePlot(QWidget):
    """Shows a curve and where the threshold stands on it.

    A click, or the arrow keys, choose another threshold. What lies under the mouse is said below
    by whoever hears of it.
    """

    threshold_wanted = Signal(float)
    pointed_at = Signal(str)  # the point under the mouse, in words; empty for none

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curve: Curve | None = None
        self._place: Place | None = None
        self._pointed: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.CrossCursor)

    @property
    def curve(self) -> Curve | None:
        """What is shown."""
        return self._curve

    @property
    def place(self) -> Place | None:
        """Where the threshold stands: x and y of the curve."""
        return self._place

    def show_curve(self, curve: Curve | None, place: Place | None) -> None:
        """Show a curve, and where the threshold stands on it; None where that is not known."""
        if curve is not self._curve:
            self._curve, self._pointed = curve, None
            self.setAccessibleName("" if curve is None else curve.title)
        self._place = place
        if curve is not None and place is not None:
            x, y = short(place[0]), short(place[1])
            told = f"At the threshold: {curve.x_label} {x}, {curve.y_label} {y}"
            self.setAccessibleDescription(told)
        self.update()

    def screen_place(self, index: int) -> QPointF:
        """Where a point of the curve lies in this widget."""
        line, axes = self._line, self._axes
        assert line is not None and axes is not None
        return axes.place(line.x[index], line.y[index])

    def sizeHint(self) -> QSize:
        return QSize(280, LINES_HIGH * self._line_height)

    def minimumSizeHint(self) -> QSize:
        return QSize(LEAST_WIDTH, LINES_HIGH * self._line_height)

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
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        step = steps.get(Qt.Key(event.key()))
        line = self._line
        if step is None or line is None or self._place is None or self._axes is None:
            super().keyPressEvent(event)
            return
        here = self._nearest(self._axes.place(*self._place))
        index = None if here is None else here + step
        if index is not None and 0 <= index < len(line.x) and line.thresholds[index] is not None:
            self._want(index)

    def paintEvent(self, event: QPaintEvent) -> None:
        curve, axes = self._curve, self._axes
        if curve is None or axes is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(axes.field, self.palette().base())
        self._paint_ground(painter, curve, axes)
        for number, line in enumerate(curve.lines):
            self._paint_line(painter, axes, line, number)
        self._paint_points(painter, axes)

    @property
    def _axes(self) -> Axes | None:
        if self._curve is None:
            return None
        line = self._line_height  # room for ticks and words
        inner = QRectF(self.rect()).adjusted(3.2 * line, line / 2, -line, -2.7 * line)
        return Axes.of(self._curve, inner)

    @property
    def _small_font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(max(7.0, font.pointSizeF() - 1.5))
        return font

    @property
    def _line_height(self) -> int:
        return QFontMetrics(self._small_font).height()

    @property
    def _line(self) -> Line | None:
        """The line whose points are thresholds."""
        lines = () if self._curve is None else self._curve.lines
        return next((line for line in lines if line.thresholds), None)

    def _nearest(self, at: QPointF) -> int | None:
        """The point of the curve nearest to a place of the screen."""
        line, axes = self._line, self._axes
        if line is None or axes is None:
            return None
        known = [index for index, it in enumerate(line.thresholds) if it is not None]

        def distance(index: int) -> float:
            apart = axes.place(line.x[index], line.y[index]) - at
            return apart.x() ** 2 + apart.y() ** 2

        return min(known, key=distance, default=None)

    def _point_at(self, index: int | None) -> None:
        self._pointed = index
        self.pointed_at.emit("" if index is None else self._words_of(index))
        self.update()

    def _words_of(self, index: int) -> str:
        line, curve = self._line, self._curve
        assert line is not None and curve is not None
        threshold = line.thresholds[index]
        at = "" if threshold is None else f"From {threshold:.3f}: "
        x, y = short(line.x[index]), short(line.y[index])
        return f"{at}{curve.x_label} {x}, {curve.y_label} {y}"

    def _want(self, index: int | None) -> None:
        line = self._line
        threshold = None if index is None or line is None else line.thresholds[index]
        if threshold is not None:
            self.threshold_wanted.emit(min(1.0, max(0.0, threshold)))

    def _paint_ground(self, painter: QPainter, curve: Curve, axes: Axes) -> None:
        """Grid, ticks and words."""
        text = self.palette().windowText().color()
        pale = QColor(text)
        pale.setAlpha(PALE)
        painter.setFont(self._small_font)
        field, high = axes.field, self._line_height
        for tick in axes.x_ticks:
            x = axes.place(tick, 0).x()
            painter.setPen(QPen(pale, 1))
            painter.drawLine(QPointF(x, field.top()), QPointF(x, field.bottom()))
            painter.setPen(text)
            below = QRectF(x - 1.6 * high, field.bottom() + 3, 3.2 * high, high)
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, f"{tick:g}")
        for tick in axes.y_ticks:
            y = axes.place(axes.x_first, tick).y()
            painter.setPen(QPen(pale, 1))
            painter.drawLine(QPointF(field.left(), y), QPointF(field.right(), y))
            painter.setPen(text)
            beside = QRectF(field.left() - 2 * high - 4, y - high / 2, 2 * high, high)
            middle = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(beside, middle, f"{tick:g}")
        words = QRectF(field.left(), self.height() - 1.3 * high, field.width(), high)
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, curve.x_label)
        painter.save()
        painter.translate(0, field.center().y())
        painter.rotate(-90)
        upright = QRectF(-field.height() / 2, 0, field.height(), high)
        painter.drawText(upright, Qt.AlignmentFlag.AlignCenter, curve.y_label)
        painter.restore()
        if curve.has_diagonal:
            painter.setPen(QPen(pale, 1.4, Qt.PenStyle.DotLine))
            painter.drawLine(axes.place(0, 0), axes.place(1, 1))
        if self.hasFocus():
            painter.setPen(QPen(self.palette().highlight().color(), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(field)

    def _paint_line(self, painter: QPainter, axes: Axes, line: Line, number: int) -> None:
        places = [axes.place(x, y) for x, y in zip(line.x, line.y, strict=True)]
        ink = self.palette().link().color()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if line.style != "dots":
            style = DASHES[number % len(DASHES)] or Qt.PenStyle.SolidLine
            painter.setPen(QPen(ink, 1.8, style))
            painter.drawPolyline(_stepped(places) if line.style == "steps" else QPolygonF(places))
        if "dots" in line.style:
            painter.setPen(QPen(ink, 1.2))
            painter.setBrush(self.palette().base())
            for place in places:
                painter.drawEllipse(place, 2.6, 2.6)

    def _paint_points(self, painter: QPainter, axes: Axes) -> None:
        """Where the threshold stands, and what the mouse points at."""
        text = self.palette().windowText().color()
        if self._pointed is not None and self._line is not None:
            painter.setPen(QPen(text, 1.2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(self.screen_place(self._pointed), DOT + 2, DOT + 2)
        if self._place is not None:
            painter.setPen(QPen(self.palette().base().color(), 1.2))
            painter.setBrush(text)
            painter.drawEllipse(axes.place(*self._place), DOT, DOT)


def _stepped(places: list[QPointF]) -> QPolygonF:
    """A height holds from the point before on."""
    made = [places[0]] if places else []
    for before, here in pairwise(places):
        made += [QPointF(before.x(), here.y()), here]
    return QPolygonF(made)
