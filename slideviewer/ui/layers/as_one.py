"""Painting several things as one, so that what is seen through is seen through once."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter


def paint_as_one(painter: QPainter, paint: Callable[[QPainter], None]) -> None:
    """Paint with the painter's opacity, but all of it together: where two lines cross, one is seen.

    Parameters
    ----------
    painter : QPainter
        In screen pixels.
    paint : callable
        Gets a painter of full opacity in the same pixels.
    """
    if painter.opacity() == 1:
        paint(painter)
        return
    device = painter.device()
    ratio = device.devicePixelRatioF()
    place = QRectF(0, 0, device.width() / ratio, device.height() / ratio)
    if painter.hasClipping():
        place &= painter.clipBoundingRect()
    if place.isEmpty():
        return
    x, y = math.floor(place.x() * ratio) / ratio, math.floor(place.y() * ratio) / ratio
    image = QImage(
        math.ceil((place.right() - x) * ratio),
        math.ceil((place.bottom() - y) * ratio),
        QImage.Format.Format_ARGB32_Premultiplied,
    )
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    inner = QPainter(image)
    inner.setRenderHints(painter.renderHints())
    inner.translate(-x, -y)
    paint(inner)
    inner.end()
    painter.drawImage(QPointF(x, y), image)
