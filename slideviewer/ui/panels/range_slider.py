"""A range over a histogram: two handles, for the value shown black and the one in full colour."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from slideviewer.ui.histograms import Histogram

HEIGHT = 36
MARGIN = 6
"""Beside the scale, so that a handle at its end can be seen and taken."""
GROUND = QColor("#141414")
"""As behind the channels on the slide, in light and dark alike."""
LEAST_LIGHT = 90
"""Of each part of a histogram's colour, so that pure blue can be told from the ground."""


class RangeSlider(QWidget):
    """Drag the nearer of the two handles; a double-click asks for the automatic range.

    The number boxes beside it do the same by key.
    """

    changed = Signal(float, float)  # low, high: what the user wants now
    double_clicked = Signal()  # the automatic range is wanted

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._histogram: Histogram | None = None
        self._colour = QColor("white")
        self._low, self._high = 0.0, 1.0
        self._dragged = ""
        self._scale = (0.0, 1.0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "Drag the left edge (shown black) and the right one (full colour)\n"
            "Double-click: automatic range"
        )

    @property
    def scale(self) -> tuple[float, float]:
        """The values at the left and the right end: all that occur, and those chosen."""
        return self._scale

    def set_histogram(self, histogram: Histogram | None) -> None:
        """Show this behind the handles."""
        self._histogram = histogram
        self._fit()

    def set_colour(self, colour: QColor) -> None:
        """Paint the histogram in the channel's colour."""
        self._colour = colour
        self.update()

    def set_values(self, low: float, high: float) -> None:
        """Put the handles; nothing is said back."""
        self._low, self._high = low, high
        if not self._dragged:  # else the scale would run away under the mouse
            self._fit()
        self.update()

    def x_of(self, value: float) -> float:
        """Where a value lies, in pixels of this widget."""
        first, last = self._scale
        return MARGIN + (value - first) / (last - first) * (self.width() - 2 * MARGIN)

    def value_at(self, x: float) -> float:
        """The value at a place, at most that at the scale's end."""
        first, last = self._scale
        share = (x - MARGIN) / max(1, self.width() - 2 * MARGIN)
        return first + min(max(share, 0.0), 1.0) * (last - first)

    def sizeHint(self) -> QSize:
        return QSize(140, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, HEIGHT)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        x = event.position().x()
        # Where both lie at one place, the side of the press tells which is meant.
        to_low, to_high = abs(x - self.x_of(self._low)), abs(x - self.x_of(self._high))
        is_left = to_low < to_high or (to_low == to_high and x < self.x_of(self._low))
        self._dragged = "low" if is_left else "high"
        self._drag(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged:
            self._drag(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragged and event.button() == Qt.MouseButton.LeftButton:
            self._dragged = ""
            self._fit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.double_clicked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QRectF(self.rect()).adjusted(MARGIN, 0, -MARGIN, 0)
        painter.fillRect(ground, GROUND)
        self._paint_histogram(painter, ground)
        left, right = self.x_of(self._low), self.x_of(self._high)
        veil = QColor(GROUND)
        veil.setAlpha(150)
        painter.fillRect(QRectF(ground.left(), 0, left - ground.left(), ground.height()), veil)
        painter.fillRect(QRectF(right, 0, ground.right() - right, ground.height()), veil)
        for x, side in ((left, 1), (right, -1)):
            self._paint_handle(painter, x, side)

    def _paint_histogram(self, painter: QPainter, ground: QRectF) -> None:
        histogram = self._histogram
        if histogram is None or not histogram.counts.any():
            return
        # Roots let rare bright pixels be seen beside the flood of dark ones.
        heights = (histogram.counts / histogram.counts.max()) ** 0.25 * (ground.height() - 4)
        step = (histogram.highest - histogram.lowest) / len(heights)
        outline = QPolygonF([QPointF(self.x_of(histogram.lowest), ground.bottom())])
        for number, height in enumerate(heights):
            y = ground.bottom() - float(height)
            for edge in (number, number + 1):
                outline.append(QPointF(self.x_of(histogram.lowest + edge * step), y))
        outline.append(QPointF(self.x_of(histogram.highest), ground.bottom()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_seen_on_black(self._colour))
        painter.drawPolygon(outline)

    def _paint_handle(self, painter: QPainter, x: float, side: int) -> None:
        """A line with a flag towards the inside, white on black so that it shows on any ground."""
        bottom = self.height() - 1.0
        painter.setPen(QPen(QColor("black"), 4))
        painter.drawLine(QPointF(x, 1), QPointF(x, bottom - 1))
        painter.setPen(QPen(QColor("white"), 2))
        painter.drawLine(QPointF(x, 1), QPointF(x, bottom - 1))
        painter.setPen(QPen(QColor("black"), 1))
        painter.setBrush(QColor("white"))
        flag = [QPointF(x, bottom), QPointF(x, bottom - 9), QPointF(x + 7 * side, bottom)]
        painter.drawPolygon(QPolygonF(flag))

    def _drag(self, x: float) -> None:
        value = self.value_at(x)
        if self._dragged == "low":
            low, high = min(value, self._high), self._high
        else:
            low, high = self._low, max(value, self._low)
        if (low, high) != (self._low, self._high):
            self._low, self._high = low, high
            self.update()
            self.changed.emit(low, high)

    def _fit(self) -> None:
        first, last = self._low, self._high
        if self._histogram is not None:
            first = min(first, self._histogram.lowest)
            last = max(last, self._histogram.highest)
        self._scale = (first, last if last > first else first + 1)
        self.update()


def _seen_on_black(colour: QColor) -> QColor:
    """The colour, lightened where it could not be told from the ground."""
    red, green, blue = (
        LEAST_LIGHT + part * (255 - LEAST_LIGHT) // 255
        for part in (colour.red(), colour.green(), colour.blue())
    )
    return QColor(red, green, blue)
