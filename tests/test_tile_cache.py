"""The cache of decoded tiles."""

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QImage

from slideviewer.slide import TileKey
from slideviewer.ui.tile_cache import TileCache

TILE = 64 * 64 * 4


def tile() -> QImage:
    return QImage(64, 64, QImage.Format.Format_RGB32)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=60))
def test_it_never_holds_more_than_its_limit_and_keeps_the_latest(
    steps: list[tuple[int, bool]],
) -> None:
    cache, order = TileCache(4 * TILE), list[int]()
    for column, is_look in steps:
        key = TileKey(0, column, 0)
        if is_look:
            assert (cache.get(key) is not None) == (column in order[-4:])
            if column in order[-4:]:
                order.remove(column)
                order.append(column)
        else:
            cache.add(key, tile())
            order = [c for c in order[-4:] if c != column] + [column]
        assert cache.size_bytes <= 4 * TILE


def test_a_pinned_tile_is_never_forgotten() -> None:
    cache = TileCache(2 * TILE)
    pinned = TileKey(5, 0, 0)
    cache.add(pinned, tile(), pinned=True)
    for column in range(10):
        cache.add(TileKey(0, column, 0), tile())
    assert cache.get(pinned) is not None
    cache.clear()
    assert pinned not in cache
    assert cache.size_bytes == 0
