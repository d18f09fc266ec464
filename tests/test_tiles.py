"""The tile pipeline: the store, the loader, and what is fetched ahead."""

import itertools
import threading
import weakref
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from slideviewer.errors import SlideError
from slideviewer.slide import Level, Pyramid, Slide, TileKey, open_slide
from slideviewer.slide.display import for_display
from slideviewer.ui.layers.tiles import TileLayer
from slideviewer.ui.look import Look
from slideviewer.ui.tiles.ahead import MOST_TILES, tiles_ahead
from slideviewer.ui.tiles.cache import MOST_BYTES, CachedTile, TileCache, default_limit_bytes
from slideviewer.ui.tiles.loader import THREADS, TileLoader
from slideviewer.ui.tiles.source import TileSources
from slideviewer.ui.viewpoint import Viewpoint

TILE = 64 * 64 * 4


def picture() -> QImage:
    return QImage(64, 64, QImage.Format.Format_RGB32)


def tile(column: int, source: int = 0, level: int = 0) -> CachedTile:
    return CachedTile(source, Look(), TileKey(level, column, 0))


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=60))
def test_the_store_never_holds_more_than_its_limit_and_keeps_the_latest(
    steps: list[tuple[int, bool]],
) -> None:
    cache, order = TileCache(4 * TILE), list[int]()
    for column, is_look in steps:
        if is_look:
            assert (cache.get(tile(column)) is not None) == (column in order[-4:])
            if column in order[-4:]:
                order.remove(column)
                order.append(column)
        else:
            cache.add(tile(column), picture())
            order = [c for c in order[-4:] if c != column] + [column]
        assert cache.size_bytes <= 4 * TILE


def test_the_store_forgets_one_slide_and_obeys_a_new_limit() -> None:
    cache = TileCache(10 * TILE)
    for column in range(4):
        cache.add(tile(column), picture())
        cache.add(tile(column, source=1), picture())
    cache.forget(1)
    assert cache.size_bytes == 4 * TILE
    assert tile(0, source=1) not in cache
    cache.limit_bytes = 2 * TILE
    assert [tile(column) in cache for column in range(4)] == [False, False, True, True]


def test_a_look_of_its_own_is_a_tile_of_its_own() -> None:
    cache = TileCache(10 * TILE)
    cache.add(tile(0), picture())
    assert CachedTile(0, Look(gamma=2.0), TileKey(0, 0, 0)) not in cache


def test_the_default_limit_is_a_quarter_of_memory_and_never_above_two_gigabytes() -> None:
    assert 64 * 1024**2 <= default_limit_bytes() <= MOST_BYTES == 2 * 1024**3


class Slow:
    """A slide that waits before each tile until it is let go, and notes what was read."""

    def __init__(self, slide: Slide) -> None:
        self._slide = slide
        self.read: list[tuple[int, int, int]] = []
        self.go = threading.Semaphore(0)
        self.is_rotten = False
        self.failed = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._slide, name)

    def read_region(self, level: int, x: int, y: int, width: int, height: int) -> object:
        is_rotten = self.is_rotten
        self.go.acquire()
        if is_rotten:
            self.failed += 1
            raise SlideError("the drive is gone.", path=self._slide.path)
        self.read.append((level, x, y))
        return self._slide.read_region(level, x, y, width, height)


@pytest.fixture
def slow(made_slide: Path) -> Slow:
    return Slow(open_slide(made_slide))


def test_tiles_no_longer_wanted_are_never_read(qtbot: QtBot, slow: Slow) -> None:
    loader = TileLoader()
    try:
        loader.want("a view", slow, [tile(column) for column in range(12)])
        qtbot.waitUntil(lambda: slow.go._value == 0)
        loader.want("a view", slow, [tile(column, level=1) for column in range(2)])
        loaded: list[CachedTile] = []
        loader.loaded.connect(lambda tile, image: loaded.append(tile))
        slow.go.release(100)
        qtbot.waitUntil(lambda: {tile(0, level=1), tile(1, level=1)} <= set(loaded))
        of_the_first_list = [place for place in slow.read if place[0] == 0]
        assert len(of_the_first_list) <= 4, "only those already in some thread's hand"
    finally:
        slow.go.release(100)
        loader.stop()


def test_what_is_needed_comes_before_what_is_guessed_and_views_take_turns(
    qtbot: QtBot, slow: Slow
) -> None:
    loader = TileLoader()
    try:
        # Keeps all threads busy until every list is there.
        loader.want("first", slow, [tile(column, level=2) for column in range(4)])
        qtbot.waitUntil(lambda: len(loader.under_way(0)) == THREADS)
        taken = len(loader.under_way(0))
        loader.want("one", slow, [tile(c) for c in (0, 1, 2)], [tile(c) for c in (8, 9)])
        loader.want("other", slow, [tile(c, level=1) for c in (0, 1, 2)])
        slow.go.release(100)
        qtbot.waitUntil(lambda: len(slow.read) == 4 + 6 + 2)
        needed = slow.read[taken:-2]
        assert {place[0] for place in needed[:6]} >= {0, 1}, "neither view waits for the other"
        assert {place[1] // 256 for place in slow.read[-3:]} >= {8, 9}, "guesses come last"
    finally:
        slow.go.release(100)
        loader.stop()


def test_views_of_one_slide_share_its_tiles(qtbot: QtBot, made_slide: Path) -> None:
    slide = open_slide(made_slide)
    sources = TileSources(TileCache(100 * 1024**2))
    try:
        one, other = sources.take(slide), sources.take(slide)
        assert one is other
        key = one.tile(TileKey(0, 0, 0), Look())
        one.want("a view", [key], [])
        qtbot.waitUntil(lambda: other.get(key) is not None)
        sources.give_back(one)
        assert other.get(key) is not None
        sources.give_back(other)
        assert sources.cache.size_bytes == 0
    finally:
        sources.loader.stop()


def test_a_tile_is_not_read_twice_while_nobody_has_heard_of_it_yet(
    qtbot: QtBot, slow: Slow
) -> None:
    loader = TileLoader()
    try:
        loaded: list[CachedTile] = []
        loader.loaded.connect(lambda tile, image: loaded.append(tile))
        slow.go.release(100)
        loader.want("a view", slow, [tile(0)])
        with loader._changed:  # the threads tell one another; here no event is handled
            assert loader._changed.wait_for(lambda: slow.read and not loader._reading, 60)
        loader.want("a view", slow, [tile(0), tile(1)])
        # Two threads read them: which is heard of first is not said.
        qtbot.waitUntil(lambda: {tile(0), tile(1)} <= set(loaded))
        assert len(loaded) == len(slow.read) == 2
    finally:
        loader.stop()


def test_threads_at_rest_keep_no_slide_alive(qtbot: QtBot, made_slide: Path) -> None:
    loader = TileLoader()
    try:
        slide = Slow(open_slide(made_slide))
        slide.go.release(100)
        loaded: list[CachedTile] = []
        loader.loaded.connect(lambda tile, image: loaded.append(tile))
        loader.want("a view", slide, [tile(column) for column in range(12)])
        qtbot.waitUntil(lambda: len(loaded) == 12)
        loader.forget("a view")
        gone = weakref.ref(slide)
        del slide
        qtbot.waitUntil(lambda: gone() is None)
    finally:
        loader.stop()


def test_an_answer_from_before_a_new_try_does_not_count(qtbot: QtBot, slow: Slow) -> None:
    sources = TileSources(TileCache(100 * 1024**2))
    try:
        source = sources.take(cast(Slide, slow))
        layer = TileLayer()
        layer.set_source(source)
        # Reads that began on the rotten drive end after it has come back.
        slow.is_rotten = True
        layer.look_at(Viewpoint(128, 128, 1.0, 200, 200), 1.0)
        qtbot.waitUntil(lambda: len(sources.loader.under_way(source.number)) >= 2)
        under_way = sources.loader.under_way(source.number)
        source.try_again()
        slow.is_rotten = False
        slow.go.release(1000)
        qtbot.waitUntil(lambda: layer.is_sharp and layer.coarse_ready)
        assert slow.failed == len(under_way)
        assert not source.problems
        assert all(source.get(tile) is not None for tile in under_way)
    finally:
        slow.go.release(1000)
        sources.loader.stop()


PYRAMID = Pyramid(tuple(Level(100_000 >> n, 80_000 >> n, 2.0**n) for n in range(7)))


@given(
    st.floats(0, 100_000),
    st.floats(0, 80_000),
    st.floats(-5000, 5000),
    st.floats(-5000, 5000),
    st.floats(0.02, 1),
)
def test_the_guess_is_bounded_and_looks_ahead(
    x: float, y: float, dx: float, dy: float, scale: float
) -> None:
    former = Viewpoint(x - dx, y - dy, scale, 1000, 800)
    view = Viewpoint(x, y, scale, 1000, 800)
    level = PYRAMID.level_for(1 / scale)
    ahead = tiles_ahead(PYRAMID, view, former, level)
    assert len(ahead) <= MOST_TILES
    assert len(set(ahead)) == len(ahead)
    assert all(abs(key.level - level) <= 1 for key in ahead)


def test_a_moving_view_fetches_what_it_moves_towards() -> None:
    former, view = Viewpoint(50_000, 40_000, 1, 1000, 800), Viewpoint(50_100, 40_000, 1, 1000, 800)
    ahead = [key for key in tiles_ahead(PYRAMID, view, former, 0) if key.level == 0]
    columns = [key.column for key in ahead]
    assert max(columns) * 256 > 51_000
    assert min(columns) * 256 > 49_900, "not what lies behind"


def test_levels_for_the_screen_are_a_factor_of_two_apart(real_data: Path) -> None:
    slide = open_slide(real_data / "slides" / "tcga-cr-7395-01a-01-ts1.svs")
    shown = for_display(slide)
    steps = [level.downsample for level in shown.pyramid.levels]
    assert max(b / a for a, b in itertools.pairwise(steps)) <= 2.5
    for level in range(len(steps)):
        # The same place of the slide looks alike at every level.
        at = shown.pyramid.levels[level]
        x, y = round(2000 / at.downsample), round(1500 / at.downsample)
        side = max(1, round(512 / at.downsample))
        mean = shown.read_region(level, x, y, side, side).reshape(-1, 3).mean(0)
        whole = slide.read_region(0, 2000, 1500, 512, 512).reshape(-1, 3).mean(0)
        assert mean == pytest.approx(whole, abs=6)
