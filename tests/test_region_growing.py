"""What looks alike around a point."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from slideviewer.annotations.operations import regions_of
from slideviewer.annotations.region_growing import (
    area_of_pixels,
    colour_distance,
    region_around,
)

PINK, VIOLET = (230, 170, 200), (110, 70, 150)


@pytest.fixture
def picture() -> np.ndarray:
    """Two violet squares on pink."""
    pixels = np.full((120, 200, 3), PINK, np.uint8)
    pixels[30:90, 30:90] = VIOLET
    pixels[30:90, 120:180] = VIOLET
    return pixels


def test_the_distance_is_that_of_cielab() -> None:
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, :40], pixels[:, 40:] = (255, 0, 0), (0, 255, 0)
    distance = colour_distance(pixels, 10, 20)
    assert distance.shape == (40, 80)
    assert distance[20, 5] == pytest.approx(0, abs=0.1)
    # Red is L 53.24, a 80.09, b 67.20 and green L 87.73, a -86.18, b 83.18 in sRGB.
    assert distance[20, 70] == pytest.approx(170.6, abs=1)


def test_a_region_ends_where_the_colour_does(picture: np.ndarray) -> None:
    distance = colour_distance(picture, 60, 60)
    mask = region_around(distance, 60, 60, 15)
    assert mask[60, 60] and not mask[60, 150]  # the other square is as violet, but apart
    assert mask.sum() == pytest.approx(60 * 60, rel=0.1)
    assert region_around(distance, 60, 60, 200).all()
    assert not region_around(distance, 5, 5, 15).any()  # the place itself is too different


def test_an_area_lies_on_the_pixels(picture: np.ndarray) -> None:
    mask = np.zeros((120, 200), bool)
    mask[30:90, 40:110] = True
    (region,) = regions_of(area_of_pixels(mask))
    assert region.outer.min(axis=0).tolist() == pytest.approx([40, 30], abs=0.6)
    assert region.outer.max(axis=0).tolist() == pytest.approx([110, 90], abs=0.6)
    assert len(region.outer) < 40


def test_holes_are_filled_and_specks_are_nothing() -> None:
    mask = np.zeros((60, 60), bool)
    mask[10:50, 10:50] = True
    mask[25:35, 25:35] = False
    (region,) = regions_of(area_of_pixels(mask))
    assert not region.holes
    speck = np.zeros((60, 60), bool)
    speck[10:12, 10:12] = True
    assert area_of_pixels(speck).is_empty
    assert area_of_pixels(np.zeros((60, 60), bool)).is_empty


@given(arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_any_pixels_make_a_valid_area_within_the_picture(mask: np.ndarray) -> None:
    area = area_of_pixels(mask)
    assert area.is_valid
    if not area.is_empty:
        left, top, right, bottom = area.bounds
        assert left >= -1 and top >= -1
        assert right <= mask.shape[1] + 1 and bottom <= mask.shape[0] + 1


@given(st.integers(0, 19), st.integers(0, 29), st.floats(0, 120), st.integers(0, 2**32 - 1))
def test_a_larger_tolerance_never_takes_less(row: int, column: int, more: float, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    distance = colour_distance(pixels, column, row)
    small, large = (region_around(distance, column, row, t) for t in (10, 10 + more))
    assert not (small & ~large).any()
