"""The tiles of one open slide, shared by all views that show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import count

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from slideviewer.geometry import Rect
from slideviewer.slide import Slide, TileKey
from slideviewer.slide.display import coarsest_stored, damage_of, for_display, forget_damage
from slideviewer.ui.jobs import Job
from slideviewer.ui.look import Look
from slideviewer.ui.tiles.cache import CachedTile, TileCache
from slideviewer.ui.tiles.loader import TileLoader
from slideviewer.ui.tiles.rough import rough_picture

MOST_PINNED_TILES = 64
"""A coarsest level of more tiles than this is not kept for good."""

_numbers = count()


class TileSource(QObject):
    """Gives what is there, and has the loader fetch what is not.

    The coarsest level is kept for good in every look that somebody holds, so that there is
    always something to show.
    """

    arrived = Signal(object)  # CachedTile: it is there now, or known to be damaged
    problem_found = Signal(int)  # how many tiles of this slide could not be read so far
    rough_arrived = Signal()  # there is a first idea of the whole slide
    renewed = Signal()  # what was damaged may no longer be: ask for all that is missing

    def __init__(
        self, slide: Slide, cache: TileCache, loader: TileLoader, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.slide = slide
        self.shown = for_display(slide)
        self.number = next(_numbers)
        self._cache, self._loader = cache, loader
        self._bad: dict[TileKey, str] = {}
        self._blanks: dict[TileKey, tuple[Rect, str]] = {}
        self._above_bad: set[TileKey] = set()
        self._damage_known = 0
        self._outdated: set[CachedTile] = set()  # being read since before the last new try
        self._pinned: dict[CachedTile, QImage] = {}
        self._holders: Counter[Look] = Counter()
        pyramid = self.shown.pyramid
        coarsest = pyramid.tiles_in(pyramid.extent, len(pyramid.levels) - 1)
        self.coarsest = tuple(coarsest if len(coarsest) <= MOST_PINNED_TILES else ())
        self._coarsest = frozenset(self.coarsest)
        self._rough: QImage | None = None
        self._job: Job | None = None
        self._look_over()

    @property
    def problems(self) -> dict[TileKey, str]:
        """The places that could not be read, and why: of tiles over each other the finest."""
        found = {key: reason for key, (_, reason) in self._blanks.items()} | self._bad
        return {key: reason for key, reason in found.items() if key not in self._above_bad}

    @property
    def blanks(self) -> dict[TileKey, Rect]:
        """Damaged parts that are blank in the coarser levels made of theirs, in level-0 pixels."""
        return {key: rect for key, (rect, _) in self._blanks.items()}

    @property
    def rough(self) -> QImage | None:
        """All of the slide in a few pixels, where its coarsest level takes long to come."""
        return self._rough

    def hold(self, look: Look) -> None:
        """Keep the coarsest level in this look."""
        self._holders[look] += 1

    def let_go(self, look: Look) -> None:
        """One view less looks this way."""
        self._holders[look] -= 1
        if self._holders[look] <= 0:
            del self._holders[look]
            for tile in [tile for tile in self._pinned if tile.look == look]:
                del self._pinned[tile]

    def tile(self, key: TileKey, look: Look) -> CachedTile:
        """What the cache and the loader call a tile."""
        return CachedTile(self.number, look, key)

    def get(self, tile: CachedTile) -> QImage | None:
        """Its picture, if it is there."""
        return self._pinned.get(tile) or self._cache.get(tile)

    def is_bad(self, key: TileKey) -> bool:
        """Whether the slide is damaged there."""
        return key in self._bad

    def want(
        self, who: object, now: Iterable[CachedTile], later: Iterable[CachedTile] = ()
    ) -> None:
        """Have these fetched in place of whatever the same view wanted before."""
        self._loader.want(who, self.shown, self._missing(now), self._missing(later))

    def add(self, tile: CachedTile, image: QImage) -> None:
        """Keep a tile that was read."""
        if self._is_outdated(tile):
            return
        if tile.key in self._coarsest and tile.look in self._holders:
            self._pinned[tile] = image
        else:
            self._cache.add(tile, image)
        self._note_blanks()
        self.arrived.emit(tile)

    def mark_bad(self, tile: CachedTile, problem: str) -> None:
        """Remember a tile that cannot be read."""
        if self._is_outdated(tile):
            return
        self._bad[tile.key] = problem
        self._note_above(tile.key)
        self.problem_found.emit(len(self.problems))
        self.arrived.emit(tile)

    def try_again(self) -> None:
        """Forget what was damaged, and have it read anew: the drive may be back."""
        self._outdated = self._loader.under_way(self.number)
        self._bad.clear()
        self._above_bad.clear()
        if self._blanks:  # what was made of them is to be made again, too
            forget_damage(self.shown)
            self._blanks.clear()
            self._damage_known = 0
            self._cache.forget(self.number)
            self._pinned.clear()
        self.problem_found.emit(0)
        self.renewed.emit()

    def forget(self, who: object) -> None:
        """Somebody wants nothing of this slide any more."""
        self._loader.forget(who)

    def close(self) -> None:
        """Give back all memory; the slide itself stays open."""
        self._cache.forget(self.number)
        self._pinned.clear()
        if self._job is not None:
            self._job.cancel()

    def _is_outdated(self, tile: CachedTile) -> bool:
        """Whether this answer tells of the slide as it was before the last new try."""
        if tile not in self._outdated:
            return False
        self._outdated.discard(tile)
        self.renewed.emit()
        return True

    def _note_above(self, key: TileKey) -> None:
        """Remember the coarser levels' tiles in which the middle of a bad one lies."""
        pyramid = self.shown.pyramid
        x, y = pyramid.tile_rect(key).centre
        for level in range(key.level + 1, len(pyramid.levels)):
            side = pyramid.tile_size * pyramid.levels[level].downsample
            self._above_bad.add(TileKey(level, int(x // side), int(y // side)))

    def _look_over(self) -> None:
        level, shown = coarsest_stored(self.shown), self.shown
        if level is None:
            return

        def show(picture: QImage) -> None:
            self._rough = picture
            self.rough_arrived.emit()

        def ended() -> None:
            self._job = None

        self._job = Job(lambda progress: rough_picture(shown, level, Look(), progress), self)
        self._job.succeeded.connect(show)
        self._job.ended.connect(ended)
        self._job.start()

    def _note_blanks(self) -> None:
        damage = damage_of(self.shown)
        if len(damage) == self._damage_known:
            return
        self._damage_known = len(damage)
        pyramid = self.shown.pyramid
        for part in damage:
            x, y = part.rect.centre
            size = pyramid.tile_size * pyramid.levels[part.level].downsample
            key = TileKey(part.level, int(x // size), int(y // size))
            self._blanks[key] = part.rect, part.reason
            self._note_above(key)
        self.problem_found.emit(len(self.problems))

    def _missing(self, tiles: Iterable[CachedTile]) -> list[CachedTile]:
        return [tile for tile in tiles if not self.is_bad(tile.key) and self.get(tile) is None]


class TileSources(QObject):
    """The sources of all slides that are shown, one a slide, and the store they share."""

    damage_met = Signal(object)  # TileSource: some tile of its slide could not be read

    def __init__(self, cache: TileCache, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.cache = cache
        self.loader = TileLoader(self)
        self.loader.loaded.connect(self._on_loaded)
        self.loader.failed.connect(self._on_failed)
        self._sources: dict[int, TileSource] = {}
        self._users: Counter[int] = Counter()

    def take(self, slide: Slide) -> TileSource:
        """The source of a slide; give it back with `give_back`."""
        source = next((s for s in self._sources.values() if s.slide is slide), None)
        if source is None:
            source = TileSource(slide, self.cache, self.loader, self)
            self._sources[source.number] = source
            source.problem_found.connect(self._on_problem)
        self._users[source.number] += 1
        return source

    def give_back(self, source: TileSource) -> None:
        """One view less shows this slide; the last one lets its tiles go."""
        self._users[source.number] -= 1
        if self._users[source.number] <= 0:
            del self._users[source.number], self._sources[source.number]
            source.close()
            source.deleteLater()

    def _on_problem(self, count: int) -> None:
        if count:
            self.damage_met.emit(self.sender())

    def _on_loaded(self, tile: CachedTile, image: QImage) -> None:
        source = self._sources.get(tile.source)
        if source is not None:  # not an answer to a slide that is no longer shown
            source.add(tile, image)

    def _on_failed(self, tile: CachedTile, problem: str) -> None:
        source = self._sources.get(tile.source)
        if source is not None:
            source.mark_bad(tile, problem)
