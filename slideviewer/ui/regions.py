"""Regions of a widget in its own pixels, and in those of the screen, which may be finer."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import cast

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QRegion
from PySide6.QtWidgets import QWidget


def rects_of(region: QRegion) -> list[QRect]:
    """The rectangles of a region, from the top down; none of them lies over another."""
    return list(cast(Iterable[QRect], region))


def touched_by(device: QRegion, ratio: float) -> QRegion:
    """The widget's pixels that hold some of these device pixels.

    Parameters
    ----------
    device : QRegion
    ratio : float
        Device pixels per pixel of the widget.
    """
    return _scaled(device, 1 / ratio)


def filled_by(region: QRegion, ratio: float, size: QSize) -> QRegion:
    """The device pixels of which nothing lies outside a region of the widget's pixels.

    Parameters
    ----------
    region : QRegion
    ratio : float
        Device pixels per pixel of the widget.
    size : QSize
        Of the widget; the device pixels that stick out of it count where it ends.
    """
    outside = QRegion(0, 0, size.width(), size.height()) - region
    all_of_it = QRegion(0, 0, math.ceil(size.width() * ratio), math.ceil(size.height() * ratio))
    return all_of_it - _scaled(outside, ratio)


def unhidden(widget: QWidget) -> QRegion:
    """What neither other widgets nor a mask hide of a widget, in its own pixels.

    Qt's ``visibleRegion`` knows of no mask, be it the widget's own or that of one it lies in.
    """
    seen, around = widget.visibleRegion(), cast(QWidget | None, widget)
    while around is not None and not around.isWindow():
        mask = around.mask()
        if not mask.isEmpty():
            seen &= mask.translated(-widget.mapTo(around, QPoint(0, 0)))
        around = around.parentWidget()
    return seen


def _scaled(region: QRegion, factor: float) -> QRegion:
    """A region of other pixels: all those that it touches."""
    found = QRegion()
    for rect in rects_of(region):
        left, top = math.floor(rect.x() * factor), math.floor(rect.y() * factor)
        right = math.ceil((rect.x() + rect.width()) * factor)
        bottom = math.ceil((rect.y() + rect.height()) * factor)
        found += QRect(left, top, right - left, bottom - top)
    return found
