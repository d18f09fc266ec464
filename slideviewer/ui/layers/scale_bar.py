"""A bar of a round length at the bottom left, readable on any tissue."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPixmap

from slideviewer.geometry import Rect, round_length
from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.ui.layers.layer import Layer, Plane
from slideviewer.ui.viewpoint import Viewpoint

MARGIN = 16
SHORTEST_BAR, LONGEST_BAR = 20, 160
PLATE_PADDING = 24
PLATE_HEIGHT = 40
"""Screen pixels."""


class ScaleBarLayer(Layer):
    """Shows how long 1, 2 or 5 times a power of ten micrometres are; nothing if nobody knows."""

    plane = Plane.GLASS

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__("Scale bar", parent)
        self._spacing_um_px: float | None = None
        self._known: tuple[float, float, float] | None = None  # what the plate was painted for
        self._plate = QPixmap()

    def set_spacing(self, spacing: Spacing | UnknownSpacing | None) -> None:
        """Measure with this spacing."""
        self._spacing_um_px = spacing.x_um_px if isinstance(spacing, Spacing) else None
        self.changed.emit(None)

    def paint(self, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool) -> None:
        if self._spacing_um_px is None:
            return
        longest = max(SHORTEST_BAR, min(LONGEST_BAR, view.width - 2 * MARGIN - PLATE_PADDING))
        length_um = round_length(longest / view.scale * self._spacing_um_px)
        length = length_um / self._spacing_um_px * view.scale
        ratio = painter.device().devicePixelRatioF()
        known = (length, length_um, ratio)
        if known != self._known:
            self._known, self._plate = known, _plate(length, length_um, ratio)
        painter.drawPixmap(QPointF(MARGIN, view.height - MARGIN - PLATE_HEIGHT), self._plate)


def _plate(length: float, length_um: float, ratio: float) -> QPixmap:
    """The bar on its plate: text and round corners take longer to paint than to copy."""
    text = f"{length_um / 1000:g} mm" if length_um >= 1000 else f"{length_um:g} µm"
    plate = QRectF(0, 0, length + PLATE_PADDING, PLATE_HEIGHT)
    pixmap = QPixmap(math.ceil((length + PLATE_PADDING) * ratio), math.ceil(PLATE_HEIGHT * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(255, 255, 255, 220))
    painter.drawRoundedRect(plate, 4, 4)
    painter.setPen(QColor(20, 20, 20))
    font = QFont(painter.font())
    font.setPixelSize(13)
    painter.setFont(font)
    painter.drawText(plate.adjusted(0, 3, 0, -16), Qt.AlignmentFlag.AlignCenter, text)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(QColor(20, 20, 20), 2, c=Qt.PenCapStyle.FlatCap))
    left, right, base = 12.0, 12 + length, plate.bottom() - 10
    painter.drawLine(QPointF(left, base), QPointF(right, base))
    for end in (left, right):
        painter.drawLine(QPointF(end, base - 5), QPointF(end, base + 1))
    painter.end()
    return pixmap
