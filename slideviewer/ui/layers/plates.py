"""Small words on the slide, readable on any tissue, and never on top of one another."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

INK = QColor(20, 20, 20)
PLATE = QColor(255, 255, 255, 220)
"""As the scale bar: dark words on nearly opaque white, in light and dark windows alike."""

PADDING = 4.0
"""Screen pixels between the words and the edge of their plate."""


def plate_font(painter: QPainter, pixels: int = 12) -> QFont:
    """The font of words on the slide."""
    font = QFont(painter.font())
    font.setPixelSize(pixels)
    return font


def plate_size(font: QFont, text: str) -> tuple[float, float]:
    """Width and height of a plate in screen pixels."""
    metrics = QFontMetricsF(font)
    return metrics.horizontalAdvance(text) + 2 * PADDING, metrics.height() + 2


class Plates:
    """The plates of one frame; a place is given once.

    Parameters
    ----------
    painter : QPainter
    font : QFont
    room : QRectF
        Where plates may lie, in screen pixels.
    """

    def __init__(self, painter: QPainter, font: QFont, room: QRectF) -> None:
        self._painter, self._font, self._room = painter, font, room
        self._taken: list[QRectF] = []

    def keep_free(self, rect: QRectF) -> None:
        """Give a place to something else."""
        self._taken.append(rect)

    def put(self, text: str, centre: QPointF, ink: QColor = INK) -> bool:
        """Paint words around a point, moved inward from the edge; False where there is no room."""
        width, height = plate_size(self._font, text)
        if width > self._room.width() or height > self._room.height():
            return False
        left = min(max(centre.x() - width / 2, self._room.left()), self._room.right() - width)
        top = min(max(centre.y() - height / 2, self._room.top()), self._room.bottom() - height)
        plate = QRectF(left, top, width, height)
        if any(plate.intersects(other) for other in self._taken):
            return False
        self._taken.append(plate)
        painter = self._painter
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(PLATE)
        painter.drawRoundedRect(plate, 3, 3)
        painter.setPen(ink)
        painter.setFont(self._font)
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
        return True
