"""The slide itself: sharp tiles over coarser ones that are already there."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QObject, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QImage, QPainter

from slideviewer.geometry import Rect
from slideviewer.slide import TileKey
from slideviewer.ui.layers.layer import Layer, Plane
from slideviewer.ui.look import Look
from slideviewer.ui.painting import draw_picture, to_screen_transform
from slideviewer.ui.tiles.ahead import tiles_ahead
from slideviewer.ui.tiles.cache import CachedTile
from slideviewer.ui.tiles.source import TileSource
from slideviewer.ui.viewpoint import Viewpoint

PAPER = QColor("white")
"""Under tiles that are not there yet: what glass looks like."""

HATCH = QBrush(QColor(128, 128, 128), Qt.BrushStyle.BDiagPattern)
"""Over damaged tiles."""


class TileLayer(Layer):
    """Paints a slide in one look, and says which tiles it wants."""

    plane = Plane.SLIDE
    problem_found = Signal(int)  # how many tiles of this slide could not be read so far
    coarse_loaded = Signal(object, object)  # Rect, QImage: a tile of the level kept for good

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__("Slide", parent)
        self._source: TileSource | None = None
        self._look = Look()
        self._former_look = self._look
        self._wanted: tuple[CachedTile, ...] = ()
        self._view: tuple[Viewpoint, float] | None = None

    @property
    def source(self) -> TileSource | None:
        """Where the tiles come from."""
        return self._source

    @property
    def look(self) -> Look:
        """How they are shown."""
        return self._look

    @property
    def problems(self) -> dict[TileKey, str]:
        """The tiles that could not be read, and why."""
        return self._source.problems if self._source is not None else {}

    @property
    def is_loading(self) -> bool:
        """Whether tiles in view are still on their way."""
        return not self.is_sharp or not self.coarse_ready

    @property
    def coarse_ready(self) -> bool:
        """Whether the coarsest level is there, so that nothing need be white."""
        source = self._source
        return source is None or all(
            self._is_settled(source.tile(key, self._look)) for key in source.coarsest
        )

    @property
    def is_sharp(self) -> bool:
        """Whether each tile in view is there at the level that the screen can show."""
        return all(self._is_settled(tile) for tile in self._wanted)

    def coarse_pictures(self) -> Iterator[tuple[Rect, QImage]]:
        """The tiles of the level kept for good that are there already, and their places."""
        source = self._source
        if source is None:
            return
        for key in source.coarsest:
            image = source.get(source.tile(key, self._look))
            if image is not None:
                yield source.shown.pyramid.tile_rect(key), image

    def set_source(self, source: TileSource | None) -> None:
        """Show another slide, or none."""
        if self._source is not None:
            self._source.arrived.disconnect(self._on_arrived)
            self._source.problem_found.disconnect(self.problem_found)
            self._source.let_go(self._look)
        self._source, self._wanted, self._former_look = source, (), self._look
        if source is not None:
            source.hold(self._look)
            source.arrived.connect(self._on_arrived)
            source.problem_found.connect(self.problem_found)
        self._ask_again()
        self.changed.emit(None)

    def set_look(self, look: Look) -> None:
        """Show the tiles another way; the former pictures stay until the new ones are there."""
        if look == self._look:
            return
        self._former_look, self._look = self._look, look
        if self._source is not None:
            self._source.hold(look)
            self._source.let_go(self._former_look)
        self._ask_again()
        self.changed.emit(None)

    def look_at(self, view: Viewpoint, ratio: float) -> None:
        former = self._view[0] if self._view is not None else view
        self._view = view, ratio
        source = self._source
        if source is None:
            return
        pyramid = source.shown.pyramid
        sharp = pyramid.level_for(1 / (view.scale * ratio))
        self._wanted = tuple(
            source.tile(key, self._look)
            for key in pyramid.tiles_in(view.visible, sharp)
            if not _is_off_screen(view, pyramid.tile_rect(key))
        )
        coarsest = (source.tile(key, self._look) for key in source.coarsest)
        ahead = tiles_ahead(pyramid, view, former, sharp)
        source.want(
            self, [*coarsest, *self._wanted], [source.tile(key, self._look) for key in ahead]
        )

    def paint(self, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool) -> None:
        source = self._source
        if source is None:
            return
        pyramid = source.shown.pyramid
        ratio = painter.device().devicePixelRatioF()
        sharp = pyramid.level_for(1 / (view.scale * ratio))
        # Enlarged pixels are shown as squares: there is nothing between them to be smoothed.
        smooth = not rough and view.scale * ratio < 4 / pyramid.levels[0].downsample
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        self._fill(painter, view, pyramid.extent, QBrush(PAPER))
        for key in pyramid.tiles_in(part, sharp):
            self._paint_tile(painter, view, source, key, pyramid.tile_rect(key))

    def _paint_tile(
        self, painter: QPainter, view: Viewpoint, source: TileSource, key: TileKey, rect: Rect
    ) -> None:
        """Paint what lies in a rectangle: the tile's share of it, or that of coarser tiles."""
        pyramid = source.shown.pyramid
        image = source.get(source.tile(key, self._look))
        if image is None and source.is_bad(key):
            self._fill(painter, view, rect, HATCH)
            return
        if image is None and self._former_look != self._look:
            image = source.get(source.tile(key, self._former_look))
        if image is not None:
            whole = pyramid.tile_rect(key)
            across, down = image.width() / whole.width, image.height() / whole.height
            share = QRectF(
                (rect.x - whole.x) * across,
                (rect.y - whole.y) * down,
                rect.width * across,
                rect.height * down,
            )
            draw_picture(painter, view, rect, image, share)
        elif key.level + 1 < len(pyramid.levels):
            for coarser in pyramid.tiles_in(rect, key.level + 1):
                share_of = rect.intersection(pyramid.tile_rect(coarser))
                if not share_of.is_empty:
                    self._paint_tile(painter, view, source, coarser, share_of)

    def _fill(self, painter: QPainter, view: Viewpoint, rect: Rect, brush: QBrush) -> None:
        painter.save()
        if not view.is_upright:
            painter.setTransform(to_screen_transform(view), combine=True)
            painter.fillRect(QRectF(rect.x, rect.y, rect.width, rect.height), brush)
        else:
            covered = view.covered_by(rect)
            painter.fillRect(QRectF(covered.x, covered.y, covered.width, covered.height), brush)
        painter.restore()

    def _is_settled(self, tile: CachedTile) -> bool:
        source = self._source
        return source is None or source.is_bad(tile.key) or source.get(tile) is not None

    def _ask_again(self) -> None:
        if self._view is not None:
            self.look_at(*self._view)

    def _on_arrived(self, tile: CachedTile) -> None:
        source = self._source
        if source is None or tile.look != self._look:
            return
        rect = source.shown.pyramid.tile_rect(tile.key)
        if tile.key in source.coarsest:
            image = source.get(tile)
            if image is not None:
                self.coarse_loaded.emit(rect, image)
        self.changed.emit(rect)


def _is_off_screen(view: Viewpoint, rect: Rect) -> bool:
    """Whether a level-0 rectangle is not seen at all, as in the corners of a turned view."""
    if view.is_upright:
        return False
    covered = view.covered_by(rect)
    return not covered.intersects(Rect(0, 0, view.width, view.height))
