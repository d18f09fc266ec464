"""The arithmetic of levels and tiles."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slideviewer.geometry import Rect
from slideviewer.slide import Level, Pyramid, TileKey


@st.composite
def pyramids(draw: st.DrawFn) -> Pyramid:
    width, height = draw(st.integers(1, 5000)), draw(st.integers(1, 5000))
    levels = [Level(width, height, 1.0)]
    for _ in range(draw(st.integers(0, 4))):
        at = levels[-1]
        factor = draw(st.sampled_from([2, 3, 4]))
        if min(at.width, at.height) < factor:
            break
        smaller = at.width // factor, at.height // factor
        downsample = (width / smaller[0] + height / smaller[1]) / 2
        levels.append(Level(*smaller, downsample))
    return Pyramid(tuple(levels), draw(st.sampled_from([64, 240, 256, 512])))


@st.composite
def rects(draw: st.DrawFn) -> Rect:
    place, size = st.floats(-2000, 6000), st.floats(0, 6000)
    return Rect(draw(place), draw(place), draw(size), draw(size))


@given(pyramids())
def test_tiles_of_a_level_cover_it_once(pyramid: Pyramid) -> None:
    for level in range(len(pyramid.levels)):
        keys = pyramid.tiles_in(pyramid.extent, level)
        columns, rows = pyramid.tile_count(level)
        assert len(set(keys)) == len(keys) == columns * rows
        areas = [pyramid.tile_rect(key) for key in keys]
        total = sum(area.width * area.height for area in areas)
        assert math.isclose(total, pyramid.width * pyramid.height, rel_tol=1e-9)


@given(pyramids(), rects(), st.integers(0, 4))
def test_tiles_in_finds_just_the_tiles_that_meet_the_rectangle(
    pyramid: Pyramid, rect: Rect, level: int
) -> None:
    level = min(level, len(pyramid.levels) - 1)
    found = set(pyramid.tiles_in(rect, level))
    columns, rows = pyramid.tile_count(level)
    for column in range(columns):
        for row in range(rows):
            key = TileKey(level, column, row)
            shared = pyramid.tile_rect(key).intersection(rect)
            # A sliver thinner than rounding may be counted either way.
            if min(shared.width, shared.height) > 1e-6:
                assert key in found
            elif not pyramid.tile_rect(key).grown(1e-6).intersects(rect):
                assert key not in found


@given(pyramids())
def test_a_tile_has_the_same_place_in_its_level_and_in_level_0(pyramid: Pyramid) -> None:
    for key in pyramid.tiles_in(pyramid.extent, len(pyramid.levels) - 1):
        at = pyramid.levels[key.level]
        x, y, width, height = pyramid.tile_box_level(key)
        rect = pyramid.tile_rect(key)
        assert 0 < width <= pyramid.tile_size and 0 < height <= pyramid.tile_size
        assert math.isclose(rect.x, x * pyramid.width / at.width)
        assert math.isclose(rect.y, y * pyramid.height / at.height)
        assert math.isclose(rect.width, width * pyramid.width / at.width)
        assert math.isclose(rect.height, height * pyramid.height / at.height)


@given(pyramids(), st.floats(0.01, 1000))
def test_level_for_keeps_the_detail_asked_for(pyramid: Pyramid, downsample: float) -> None:
    chosen = pyramid.level_for(downsample)
    finer = [level.downsample for level in pyramid.levels if level.downsample <= downsample * 1.01]
    if finer:
        assert pyramid.levels[chosen].downsample == max(finer)
    else:
        assert chosen == 0


def test_level_for_forgives_rounded_levels() -> None:
    pyramid = Pyramid((Level(4443, 3567, 1.0), Level(2221, 1783, 2.0005)))
    assert pyramid.level_for(2.0) == 1
    assert pyramid.level_for(1.9) == 0


def test_the_tiles_nearest_the_centre_come_first() -> None:
    pyramid = Pyramid((Level(2560, 2560, 1.0),))
    keys = pyramid.tiles_in(Rect(0, 0, 1280, 1280), 0)
    assert keys[0] == TileKey(0, 2, 2)
    assert set(keys[-4:]) == {(0, 0, 0), (0, 4, 0), (0, 0, 4), (0, 4, 4)}


@pytest.mark.parametrize(("level", "width", "height"), [(-1, 1, 1), (1, 1, 1), (0, -1, 1)])
def test_impossible_regions_are_refused(level: int, width: int, height: int) -> None:
    pyramid = Pyramid((Level(10, 10, 1.0),))
    with pytest.raises(ValueError, match=r"there is no level|negative size"):
        pyramid.check_region(level, width, height)


def test_a_pyramid_needs_a_level() -> None:
    with pytest.raises(ValueError, match="at least one level"):
        Pyramid(())
