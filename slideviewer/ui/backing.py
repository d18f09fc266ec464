"""A picture of some layers that is painted once and kept while the view only moves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import cast

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap, QRegion

from slideviewer.geometry import Rect
from slideviewer.ui.layers.layer import Layer
from slideviewer.ui.viewpoint import Viewpoint

BAND_ROWS = 64
"""Device pixels: what is repainted at a time, so that no frame takes long."""

SAME_PLACE = 0.02
"""Device pixels that a picture may lie beside its place before it is painted afresh."""


class Backing:
    """Keeps the last picture; scrolls it, and paints only what is new.

    What was never painted is painted at once, for a white hole is worse than a late frame. What
    is merely out of date, or was painted in haste, is made good band by band as time allows.

    Parameters
    ----------
    background : QColor or None
        What lies under the layers; None for nothing, so that what is below shows.
    """

    def __init__(self, background: QColor | None) -> None:
        self._background = background
        self._layers: tuple[Layer, ...] = ()
        self._pixmap = QPixmap()
        self._view: Viewpoint | None = None
        self._drift = (0.0, 0.0)  # device pixels that the picture lies beside its place
        self._stale = QRegion()

    @property
    def pixmap(self) -> QPixmap:
        """The picture, for the view that `show` was called with last."""
        return self._pixmap

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show, not even a background."""
        return self._background is None and not any(layer.is_shown for layer in self._layers)

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to make good."""
        return self._stale.isEmpty() or self.is_empty

    def set_layers(self, layers: Sequence[Layer]) -> None:
        """Paint these, the first one lowest."""
        self._layers = tuple(layers)
        self.forget()

    def set_background(self, background: QColor | None) -> None:
        """Paint on another colour."""
        self._background = background
        self.forget()

    def forget(self) -> None:
        """Paint everything afresh the next time."""
        self._view = None
        self._stale = QRegion()

    def mark_stale(self, rect: Rect | None, reach: float = 0.0) -> None:
        """Remember that a level-0 rectangle, or all, looks different now.

        Parameters
        ----------
        rect : Rect or None
        reach : float
            Screen pixels around it that look different, too.
        """
        if self._view is None:
            return
        whole = self._pixmap.rect()
        if rect is None:
            self._stale = QRegion(whole)
            return
        grown = rect.grown(reach / self._view.scale)
        self._stale += self._device_rect(self._view, grown).intersected(whole)

    def show(self, view: Viewpoint, ratio: float, milliseconds: float) -> None:
        """Bring the picture to a view.

        Parameters
        ----------
        view : Viewpoint
        ratio : float
            Device pixels per screen pixel.
        milliseconds : float
            How long what is out of date may be worked on; 0 leaves it for later.
        """
        size = (math.ceil(view.width * ratio), math.ceil(view.height * ratio))
        if (self._pixmap.width(), self._pixmap.height()) != size or (
            self._pixmap.devicePixelRatio() != ratio
        ):
            self._pixmap = QPixmap(*size)
            self._pixmap.setDevicePixelRatio(ratio)
            self._pixmap.fill(self._background or Qt.GlobalColor.transparent)
            self._view = None
        if view != self._view and not self._scroll_to(view, ratio):
            self._view, self._drift = view, (0.0, 0.0)
            self._paint(self._pixmap.rect(), rough=True)
            self._stale = QRegion(self._pixmap.rect())
            return  # that was work enough for one frame
        self._make_good(milliseconds)

    def _scroll_to(self, view: Viewpoint, ratio: float) -> bool:
        """Move the picture where that is all there is to do, and paint what came into view."""
        shift = view.shift_from(self._view) if self._view is not None else None
        if shift is None:
            return False
        x, y = shift[0] * ratio + self._drift[0], shift[1] * ratio + self._drift[1]
        if abs(x) >= self._pixmap.width() or abs(y) >= self._pixmap.height():
            return False
        dx, dy = round(x), round(y)
        if max(abs(x - dx), abs(y - dy)) > SAME_PLACE:
            return False
        self._view, self._drift = view, (x - dx, y - dy)
        if dx or dy:
            exposed = QRegion()
            self._pixmap.scroll(dx, dy, self._pixmap.rect(), exposed)
            self._stale.translate(QPoint(dx, dy))
            self._stale &= QRegion(self._pixmap.rect())
            for rect in _rects(exposed):
                self._paint(rect, rough=False)
            self._stale -= exposed
        return True

    def _make_good(self, milliseconds: float) -> None:
        until = perf_counter() + milliseconds / 1000
        while not self._stale.isEmpty() and perf_counter() < until:
            first = _rects(self._stale)[0]
            band = QRect(first.x(), first.y(), first.width(), min(first.height(), BAND_ROWS))
            self._paint(band, rough=False)
            self._stale -= QRegion(band)

    def _paint(self, device_rect: QRect, *, rough: bool) -> None:
        view = self._view
        assert view is not None
        ratio = self._pixmap.devicePixelRatio()
        x, y = device_rect.x() / ratio, device_rect.y() / ratio
        width, height = device_rect.width() / ratio, device_rect.height() / ratio
        part = view.seen_through(x, y, width, height)
        painter = QPainter(self._pixmap)
        painter.setClipRect(_logical(device_rect, ratio))
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.fillRect(
            _logical(device_rect, ratio), self._background or Qt.GlobalColor.transparent
        )
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        for layer in self._layers:
            if layer.is_shown:
                painter.save()
                painter.setOpacity(layer.opacity)
                layer.paint(painter, view, part, rough=rough)
                painter.restore()
        painter.end()

    def _device_rect(self, view: Viewpoint, rect: Rect) -> QRect:
        """The device pixels that a level-0 rectangle touches, and one more on each side."""
        ratio = self._pixmap.devicePixelRatio()
        covered = view.covered_by(rect)
        # Far outside, numbers would not fit Qt's integers.
        limit = 1 << 20
        left, top, right, bottom = (
            max(-limit, min(limit, edge * ratio))
            for edge in (covered.x, covered.y, covered.right, covered.bottom)
        )
        x, y = math.floor(left) - 1, math.floor(top) - 1
        return QRect(x, y, math.ceil(right) + 1 - x, math.ceil(bottom) + 1 - y)


def _rects(region: QRegion) -> list[QRect]:
    return list(cast(Iterable[QRect], region))


def _logical(rect: QRect, ratio: float) -> QRectF:
    return QRectF(rect.x() / ratio, rect.y() / ratio, rect.width() / ratio, rect.height() / ratio)
