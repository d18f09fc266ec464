"""A picture of some layers that is painted once and kept while the view only moves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from time import perf_counter

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap, QRegion

from slideviewer.geometry import Rect
from slideviewer.ui.layers.layer import Layer
from slideviewer.ui.regions import rects_of
from slideviewer.ui.viewpoint import Viewpoint

BAND_ROWS = 64
"""Device pixels: what is repainted at a time at least; how much more, the time it takes says."""

ALL_ROWS = 1 << 20
"""More device pixels than any picture is high."""

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
        self._band_rows = BAND_ROWS
        self._frame_rows = ALL_ROWS

    @property
    def pixmap(self) -> QPixmap:
        """The picture, for the view that `show` was called with last."""
        return self._pixmap

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show, not even a background."""
        return self._background is None and not any(layer.is_shown for layer in self._layers)

    @property
    def is_new(self) -> bool:
        """Whether all of it will be painted the next time."""
        return self._view is None and not self.is_empty

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

    @property
    def stale(self) -> QRegion:
        """What is out of date: device pixels."""
        return self._stale

    @property
    def next_stale(self) -> QRegion:
        """As much of that as one frame will most likely make good."""
        top = self._stale.boundingRect().top()
        return self._stale & QRect(0, top, self._pixmap.width(), self._frame_rows)

    def mark_stale(self, rect: Rect | None, reach: float = 0.0) -> bool:
        """Remember that a level-0 rectangle, or all, looks different now.

        Parameters
        ----------
        rect : Rect or None
        reach : float
            Screen pixels around it that look different, too.

        Returns
        -------
        bool
            Whether there is something to paint.
        """
        if self._view is None:
            return True  # all of it
        seen = self._pixmap.rect()
        if rect is not None:
            grown = rect.grown(reach / self._view.scale)
            seen &= self._device_rect(self._view, grown)
        self._stale += seen
        return not seen.isEmpty()

    def show(
        self,
        view: Viewpoint,
        ratio: float,
        milliseconds: float,
        within: QRegion | None = None,
    ) -> None:
        """Bring the picture to a view.

        Parameters
        ----------
        view : Viewpoint
        ratio : float
            Device pixels per screen pixel.
        milliseconds : float
            How long what is out of date may be worked on; 0 leaves it for later.
        within : QRegion, optional
            Device pixels outside of which it is left for later, too.
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
            self._band_rows = BAND_ROWS
            return  # that was work enough for one frame
        self._make_good(milliseconds, within)

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
            for rect in rects_of(exposed):
                self._paint(rect, rough=False)
            self._stale -= exposed
        return True

    def _make_good(self, milliseconds: float, within: QRegion | None) -> None:
        """Repaint in bands; each has its price, however low it is, so the cheaper the higher."""
        now = perf_counter()
        until = now + milliseconds / 1000
        left = QRegion(self._stale) if within is None else self._stale & within
        later = self._stale - left
        top = left.boundingRect().top()
        while not left.isEmpty() and now < until:
            first = rects_of(left)[0]
            rows = min(first.height(), self._band_rows)
            self._paint(QRect(first.x(), first.y(), first.width(), rows), rough=False)
            left -= QRegion(first.x(), first.y(), first.width(), rows)
            began, now = now, perf_counter()
            # One twice as high takes less than twice as long, but for where more is crowded.
            if now - began <= milliseconds / 2000:
                self._band_rows *= 2
            elif now - began > milliseconds / 1000:
                self._band_rows = max(self._band_rows // 2, BAND_ROWS)
        if left.isEmpty():
            self._frame_rows = min(2 * self._frame_rows, ALL_ROWS)
        else:  # a frame more costs more than showing twice as much
            self._frame_rows = max(2 * (left.boundingRect().top() - top), BAND_ROWS)
        self._stale = later + left
        if self._stale.isEmpty():
            self._band_rows, self._frame_rows = BAND_ROWS, ALL_ROWS

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


def _logical(rect: QRect, ratio: float) -> QRectF:
    return QRectF(rect.x() / ratio, rect.y() / ratio, rect.width() / ratio, rect.height() / ratio)
