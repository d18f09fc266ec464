"""A value of a training by epoch, as a plot in the window's own colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from slideviewer.training.history import EpochRow

HELD_OUT = "val_"
HEIGHT = 150
MOST_MARKS = 60
"""Of more points, only the last one is marked."""

_COLOURS = {
    "training": {"light": "#0072b2", "dark": "#56b4e9"},
    "held out": {"light": "#d55e00", "dark": "#f0a050"},
}
"""After Okabe and Ito (2008), lighter ones on a dark window; the line of what is held out is also
thicker, and its points are marked."""
_MARGIN = (44, 22, 10, 22)
_BEFORE = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_FORMER = 0.35
"""Opacity of repeats before the last one."""


@dataclass(frozen=True)
class Line:
    """Values of one repeat.

    Attributes
    ----------
    repeat : int
    is_held_out : bool
    points : tuple of (int, float)
        Epoch and value.
    """

    repeat: int
    is_held_out: bool
    points: tuple[tuple[int, float], ...]


def names_of(rows: Sequence[EpochRow]) -> list[str]:
    """What there are curves of, without those of the middle of tiles."""
    names = (name.removeprefix(HELD_OUT) for row in rows for name in row.values)
    return [name for name in dict.fromkeys(names) if " central " not in name]


def lines_of(rows: Sequence[EpochRow], name: str) -> list[Line]:
    """The curves of a value: for each repeat that of training, and that of what is held out."""
    lines = []
    for repeat in dict.fromkeys(row.repeat for row in rows):
        for key in (name, f"{HELD_OUT}{name}"):
            points = tuple(
                (row.epoch, row.values[key])
                for row in rows
                if row.repeat == repeat and math.isfinite(row.values.get(key, math.nan))
            )
            if points:
                lines.append(Line(repeat, key != name, points))
    return lines


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from below the lowest value to above the highest, three to seven of them."""
    span = max(high - low, abs(high) * 1e-3, 1e-6)
    step = 10.0 ** math.floor(math.log10(span))
    while span / step > 4:
        step *= 2
    while span / step < 2:
        step /= 2
    first = math.floor(low / step)
    last = max(first + 1, math.ceil(high / step - 1e-9))
    return [number * step for number in range(first, last + 1)]


class Curves(QWidget):
    """One plot; the mouse over it tells the values of an epoch."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = ""
        self.lines: list[Line] = []
        self._epochs = 1
        self.setMouseTracking(True)
        self.setMinimumHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_rows(self, rows: Sequence[EpochRow], name: str, epochs: int = 0) -> None:
        """Show a value of all epochs so far, with room for so many."""
        self.name, self.lines = name, lines_of(rows, name)
        last = max((line.points[-1][0] for line in self.lines), default=1)
        self._epochs = max(2, last, epochs)
        self.setAccessibleName(f"Curve of {name}")
        self.setAccessibleDescription(self.told(last))
        self.update()

    def told(self, epoch: int) -> str:
        """The values of an epoch, in words."""
        said = [
            f"{'held out' if line.is_held_out else 'training'} {value:.4g}"
            for line in self._latest
            for at, value in line.points
            if at == epoch
        ]
        return f"Epoch {epoch}: {', '.join(said)}" if said else ""

    @property
    def _latest(self) -> list[Line]:
        """The lines of the last repeat."""
        last = max((line.repeat for line in self.lines), default=1)
        return [line for line in self.lines if line.repeat == last]

    def sizeHint(self) -> QSize:
        return QSize(260, HEIGHT)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        plot = self._plot
        share = (event.position().x() - plot.left()) / max(1.0, plot.width())
        epoch = min(max(1, round(1 + share * (self._epochs - 1))), self._epochs)
        QToolTip.showText(event.globalPosition().toPoint(), self.told(epoch), self)

    @property
    def _plot(self) -> QRectF:
        left, top, right, bottom = _MARGIN
        return QRectF(self.rect()).adjusted(left, top, -right, -bottom)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self.palette()
        shade = "dark" if colours.color(QPalette.ColorRole.Window).lightnessF() < 0.5 else "light"
        plot = self._plot
        values = [value for line in self.lines for _, value in line.points] or [0.0, 1.0]
        marks = ticks(min(values), max(values))
        low, span = marks[0], marks[-1] - marks[0]
        painter.fillRect(plot, colours.color(QPalette.ColorRole.Base))
        small = painter.font()
        small.setPointSizeF(max(6.0, small.pointSizeF() - 1))
        painter.setFont(small)
        ink = colours.color(QPalette.ColorRole.PlaceholderText)
        grid = QColor(ink)
        grid.setAlphaF(0.25)

        def at(epoch: float, value: float) -> QPointF:
            x = plot.left() + (epoch - 1) / (self._epochs - 1) * plot.width()
            return QPointF(x, plot.bottom() - (value - low) / span * plot.height())

        for mark in marks:
            y = at(1, mark).y()
            painter.setPen(grid)
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(ink)
            room = QRectF(0, y - 8, plot.left() - 4, 16)
            painter.drawText(room, _BEFORE, f"{mark:.4g}")
        for epoch in sorted({1, (1 + self._epochs) // 2, self._epochs}):
            room = QRectF(at(epoch, low).x() - 30, plot.bottom() + 2, 60, 16)
            room.moveRight(min(room.right(), self.width() - 1.0))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, str(epoch))
        self._paint_legend(painter, shade, plot)
        for line in self.lines:
            painter.setOpacity(1.0 if line in self._latest else _FORMER)
            colour = QColor(_COLOURS["held out" if line.is_held_out else "training"][shade])
            painter.setPen(QPen(colour, 2.0 if line.is_held_out else 1.4))
            points = [at(*point) for point in line.points]
            painter.drawPolyline(QPolygonF(points))
            if line.is_held_out or len(line.points) == 1:
                painter.setBrush(colour)
                for point in points if len(points) <= MOST_MARKS else points[-1:]:
                    painter.drawEllipse(point, 2.0, 2.0)
        painter.end()

    def _paint_legend(self, painter: QPainter, shade: str, plot: QRectF) -> None:
        """The value's name at the left, and at the right which line is which."""
        head = QRectF(plot.left(), 0, plot.width(), _MARGIN[1] - 2)
        right = head.right()
        for words, is_held_out in (("held out", True), ("training", False)):
            if any(line.is_held_out == is_held_out for line in self.lines):
                width = painter.fontMetrics().horizontalAdvance(words)
                painter.setPen(QColor(_COLOURS[words][shade]))
                room = QRectF(right - width, 0, width + 1, head.height())
                painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, words)
                right -= width + 10
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        head.setRight(right)
        named = painter.fontMetrics().elidedText(
            self.name, Qt.TextElideMode.ElideRight, round(head.width())
        )
        painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, named)
