"""The slide itself: sharp tiles over coarser ones that are already there."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QObject, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QBrush, QColor, QImage, QPainter

from slideviewer.geometry import Rect
from slideviewer.slide import TileKey
from slideviewer.ui.layers.layer import Layer, Plane
from slideviewer.ui.look import Look
from slideviewer.ui.painting import draw_picture, fill
from slideviewer.ui.tiles.ahead import tiles_ahead
from slideviewer.ui.tiles.cache import CachedTile
from slideviewer.ui.tiles.painter import paint_tiles
from slideviewer.ui.tiles.source import TileSource
from slideviewer.ui.viewpoint import Viewpoint

PAPER = QColor("white")
"""Under tiles that are not there yet: what glass looks like."""

GUESS_AFTER_MILLISECONDS = 40
"""While the view moves, what comes next is guessed only so often: frames must not wait for it."""

MOST_ENLARGED = 1.5
"""While zooming, a level whose pixels are enlarged no more than this is sharp enough: it is a
quarter of the work."""

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
        self._former_view = Viewpoint()
        self._reach: tuple[int, range, range] | None = None  # level, columns and rows in view
        self._guessing = QTimer(self)
        self._guessing.setSingleShot(True)
        self._guessing.setInterval(GUESS_AFTER_MILLISECONDS)
        self._guessing.timeout.connect(self._guess)

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

    @property
    def is_empty(self) -> bool:
        return self._source is None

    def set_source(self, source: TileSource | None) -> None:
        """Show another slide, or none."""
        if self._source is not None:
            self._source.arrived.disconnect(self._on_arrived)
            self._source.problem_found.disconnect(self.problem_found)
            self._source.rough_arrived.disconnect(self._on_rough_arrived)
            self._source.renewed.disconnect(self.read_again)
            self._let_former_look_go()
            self._source.let_go(self._look)
            self._source.forget(self)  # lest a closed slide be read
        self._source, self._wanted, self._former_look = source, (), self._look
        if source is not None:
            source.hold(self._look)
            source.arrived.connect(self._on_arrived)
            source.problem_found.connect(self.problem_found)
            source.rough_arrived.connect(self._on_rough_arrived)
            source.renewed.connect(self.read_again)
        self._ask_again()
        self.changed.emit(None)

    def set_look(self, look: Look) -> None:
        """Show the tiles another way; the former pictures stay until the new ones are there."""
        source = self._source
        if look == self._look:
            return
        if source is not None:
            source.hold(look)
            if self._former_look != self._look:
                source.let_go(self._look)  # never fully shown: the one before it still is
            else:
                self._former_look = self._look
        self._look = look
        if source is None:
            self._former_look = look
        self._ask_again()
        self.changed.emit(None)

    def _let_former_look_go(self) -> None:
        if self._former_look != self._look and self._source is not None:
            self._source.let_go(self._former_look)
        self._former_look = self._look

    def look_at(self, view: Viewpoint, ratio: float) -> None:
        former = self._view[0] if self._view is not None else view
        self._view = view, ratio
        source = self._source
        if source is None:
            return
        pyramid = source.shown.pyramid
        sharp = pyramid.level_for(1 / (view.scale * ratio))
        self._former_view = former
        # Most steps of a pan show the very tiles that the step before did.
        reach = (sharp, *pyramid.tile_range(view.visible, sharp)) if view.is_upright else None
        if reach is None or reach != self._reach:
            self._reach = reach
            self._wanted = tuple(
                source.tile(key, self._look)
                for key in pyramid.tiles_in(view.visible, sharp)
                if not _is_off_screen(view, pyramid.tile_rect(key))
            )
            source.want(self, self._needed(source))
        if not self._guessing.isActive():
            self._guessing.start()

    def _needed(self, source: TileSource) -> list[CachedTile]:
        coarsest = (source.tile(key, self._look) for key in source.coarsest)
        return [*coarsest, *self._wanted]

    def _guess(self) -> None:
        """Fetch in idle time what will probably be looked at next."""
        source = self._source
        if source is None or self._view is None:
            return
        view, ratio = self._view
        pyramid = source.shown.pyramid
        sharp = pyramid.level_for(1 / (view.scale * ratio))
        ahead = tiles_ahead(pyramid, view, self._former_view, sharp)
        source.want(self, self._needed(source), [source.tile(key, self._look) for key in ahead])

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
        fill(painter, view, pyramid.extent, QBrush(PAPER))
        if source.rough is not None and not self.coarse_ready:
            whole = QRectF(source.rough.rect())
            draw_picture(painter, view, pyramid.extent, source.rough, whole)
        level = self._quickest(source, part, sharp, view.scale * ratio) if rough else sharp
        missing = paint_tiles(
            painter, view, part, pyramid, level, lambda key: self._picture(source, key)
        )
        for key in missing:
            if source.is_bad(key):
                fill(painter, view, pyramid.tile_rect(key), HATCH)
        for key, rect in source.blanks.items():
            if key.level < sharp and rect.intersects(part):
                fill(painter, view, rect, HATCH)

    def _quickest(self, source: TileSource, part: Rect, sharp: int, scale: float) -> int:
        """The finest level that is all there, so that nothing is painted twice in haste."""
        pyramid = source.shown.pyramid
        candidates = list(range(sharp, len(pyramid.levels)))
        if candidates[1:] and scale * pyramid.levels[sharp + 1].downsample <= MOST_ENLARGED:
            candidates.insert(0, sharp + 1)
        for level in candidates:
            if all(self._picture(source, key) for key in pyramid.tiles_in(part, level)):
                return level
        return sharp

    def _picture(self, source: TileSource, key: TileKey) -> QImage | None:
        """A tile as it looks now, or as it looked a moment ago."""
        image = source.get(source.tile(key, self._look))
        if image is None and self._former_look != self._look:
            image = source.get(source.tile(key, self._former_look))
        return image

    def _is_settled(self, tile: CachedTile) -> bool:
        source = self._source
        return source is None or source.is_bad(tile.key) or source.get(tile) is not None

    def _ask_again(self) -> None:
        self._reach = None
        if self._view is not None:
            self.look_at(*self._view)

    def read_again(self) -> None:
        """Ask for what is in view once more: what was damaged may no longer be."""
        self._ask_again()
        self.changed.emit(None)

    def _on_rough_arrived(self) -> None:
        self.changed.emit(None)

    def _on_arrived(self, tile: CachedTile) -> None:
        source = self._source
        if source is None or tile.look != self._look:
            return
        if self._former_look != self._look and not self.is_loading:
            self._let_former_look_go()
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
