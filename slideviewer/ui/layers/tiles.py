"""The slide itself: sharp tiles over coarser ones that are already there."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QBrush, QColor, QImage, QPainter

from slideviewer.geometry import Rect
from slideviewer.slide import Slide, TileKey
from slideviewer.ui.layers.layer import Layer
from slideviewer.ui.tile_cache import TileCache
from slideviewer.ui.tile_loader import TileLoader
from slideviewer.ui.viewpoint import Viewpoint

MOST_PINNED_TILES = 256
"""A coarsest level of more tiles than this (a flat file of one level) is not kept for good."""


class TileLayer(Layer):
    """Paints a slide and has its loader fetch what is missing."""

    coarse_loaded = Signal(object, object)  # TileKey, QImage: a tile of the level kept for good
    problem_found = Signal(int)  # how many tiles of this slide could not be read so far

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__("Slide", parent)
        self._slide: Slide | None = None
        self._loader: TileLoader | None = None
        self._cache = TileCache()
        self._bad: dict[TileKey, str] = {}
        self._pinned: frozenset[TileKey] = frozenset()

    @property
    def problems(self) -> dict[TileKey, str]:
        """The tiles that could not be read, and why."""
        return dict(self._bad)

    @property
    def is_loading(self) -> bool:
        """Whether tiles are still on their way."""
        return self._loader is not None and not self._loader.is_idle

    def set_slide(self, slide: Slide | None) -> None:
        """Show another slide, or none."""
        if self._loader is not None:
            self._loader.stop()
            self._loader.deleteLater()
        self._cache.clear()
        self._bad.clear()
        self._slide, self._loader, self._pinned = slide, None, frozenset()
        if slide is not None:
            coarsest = slide.pyramid.tiles_in(slide.pyramid.extent, len(slide.pyramid.levels) - 1)
            self._pinned = frozenset(coarsest if len(coarsest) <= MOST_PINNED_TILES else ())
            self._loader = TileLoader(slide, self)
            self._loader.loaded.connect(self._on_loaded)
            self._loader.failed.connect(self._on_failed)
        self.changed.emit()

    def paint(self, painter: QPainter, view: Viewpoint) -> None:
        if self._slide is None or self._loader is None:
            return
        pyramid, seen = self._slide.pyramid, view.visible
        ratio = painter.device().devicePixelRatioF()
        sharp = pyramid.level_for(1 / (view.scale * ratio))
        wanted = pyramid.tiles_in(seen, sharp)
        needed = [*self._pinned, *(key for key in wanted if key not in self._pinned)]
        self._loader.want(k for k in needed if k not in self._cache and k not in self._bad)

        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        _fill(painter, view, pyramid.extent, QColor("white"))
        if any(key not in self._cache for key in wanted):
            for level in range(len(pyramid.levels) - 1, sharp, -1):
                self._paint_tiles(painter, view, pyramid.tiles_in(seen, level), ratio)
        self._paint_tiles(painter, view, wanted, ratio)

    def _paint_tiles(
        self, painter: QPainter, view: Viewpoint, keys: list[TileKey], ratio: float
    ) -> None:
        assert self._slide is not None
        for key in keys:
            rect = self._slide.pyramid.tile_rect(key)
            image = self._cache.get(key)
            if image is not None:
                painter.drawImage(_snapped(view, rect, ratio), image, QRectF(image.rect()))
            elif key in self._bad:
                hatch = QBrush(QColor(128, 128, 128), Qt.BrushStyle.BDiagPattern)
                painter.fillRect(_snapped(view, rect, ratio), hatch)

    @Slot(object, object)
    def _on_loaded(self, key: TileKey, image: QImage) -> None:
        if self.sender() is self._loader:  # not an answer to a slide that is no longer shown
            self._cache.add(key, image, pinned=key in self._pinned)
            if key in self._pinned:
                self.coarse_loaded.emit(key, image)
            self.changed.emit()

    @Slot(object, str)
    def _on_failed(self, key: TileKey, problem: str) -> None:
        if self.sender() is self._loader:
            self._bad[key] = problem
            self.problem_found.emit(len(self._bad))
            self.changed.emit()


def _snapped(view: Viewpoint, rect: Rect, ratio: float) -> QRectF:
    """The rectangle on the screen with its edges on whole device pixels: no seams between tiles."""
    left, top = view.to_screen(rect.x, rect.y)
    right, bottom = view.to_screen(rect.right, rect.bottom)
    left, top, right, bottom = (round(edge * ratio) / ratio for edge in (left, top, right, bottom))
    return QRectF(left, top, right - left, bottom - top)


def _fill(painter: QPainter, view: Viewpoint, rect: Rect, colour: QColor) -> None:
    painter.fillRect(_snapped(view, rect, painter.device().devicePixelRatioF()), colour)
