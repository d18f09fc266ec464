"""Laying a picture onto the slide, whichever way the slide lies."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF
from PySide6.QtGui import QBrush, QImage, QPainter, QTransform

from slideviewer.geometry import Rect
from slideviewer.ui.viewpoint import Viewpoint


def draw_picture(
    painter: QPainter, view: Viewpoint, rect: Rect, image: QImage, source: QRectF
) -> None:
    """Draw part of an image over a level-0 rectangle.

    On an upright slide the edges come to lie on whole device pixels, so that neighbouring
    pictures meet without a seam.
    """
    if view.is_upright:
        painter.drawImage(snapped(view, rect, painter.device().devicePixelRatioF()), image, source)
        return
    affine = view.affine
    painter.save()
    # The rectangle's own corner is the origin: large coordinates would cost precision.
    corner = view.to_screen(rect.x, rect.y)
    painter.setTransform(
        QTransform(affine.xx, affine.xy, affine.yx, affine.yy, *corner), combine=True
    )
    painter.drawImage(QRectF(0, 0, rect.width, rect.height), image, source)
    painter.restore()


def share_of(image: QImage, whole: Rect, part: Rect) -> QRectF:
    """Where a part of the rectangle that an image shows lies in the image, in its pixels."""
    across, down = image.width() / whole.width, image.height() / whole.height
    return QRectF(
        (part.x - whole.x) * across,
        (part.y - whole.y) * down,
        part.width * across,
        part.height * down,
    )


def fill(painter: QPainter, view: Viewpoint, rect: Rect, brush: QBrush) -> None:
    """Fill a level-0 rectangle."""
    painter.save()
    if view.is_upright:
        rect = view.covered_by(rect)
    else:
        painter.setTransform(to_screen_transform(view), combine=True)
    painter.fillRect(QRectF(rect.x, rect.y, rect.width, rect.height), brush)
    painter.restore()


def snapped(view: Viewpoint, rect: Rect, ratio: float) -> QRectF:
    """The screen rectangle that covers a level-0 one, its edges on whole device pixels."""
    covered = view.covered_by(rect)
    left, top, right, bottom = (
        _whole(edge * ratio) / ratio
        for edge in (covered.x, covered.y, covered.right, covered.bottom)
    )
    return QRectF(left, top, right - left, bottom - top)


def _whole(edge: float) -> int:
    """The nearest whole number; halves always go up, so that an edge moves as the view does."""
    return math.floor(edge + 0.5 + 1e-6)


def to_screen_transform(view: Viewpoint) -> QTransform:
    """The transform from level-0 to screen pixels, for painters of vectors."""
    return QTransform(*view.affine)
