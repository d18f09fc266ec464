"""Rectangles."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slideviewer.geometry import Rect

numbers = st.floats(-1e6, 1e6)
sizes = st.floats(0, 1e6)
rects = st.builds(Rect, numbers, numbers, sizes, sizes)


@given(rects, rects)
def test_an_intersection_lies_in_both_and_does_not_depend_on_the_order(a: Rect, b: Rect) -> None:
    common = a.intersection(b)
    assert common == b.intersection(a)
    if not common.is_empty:
        for outer in (a, b):
            assert common.x >= outer.x
            assert common.y >= outer.y
            assert common.right <= outer.right + 1e-6
            assert common.bottom <= outer.bottom + 1e-6
        assert a.intersects(b)


@given(rects, st.floats(0, 1e5))
def test_growing_and_shrinking_again_gives_the_same(rect: Rect, margin: float) -> None:
    back = rect.grown(margin).grown(-margin)
    for found, expected in zip(vars(back).values(), vars(rect).values(), strict=True):
        assert math.isclose(found, expected, abs_tol=1e-6)


@given(numbers, numbers, numbers, numbers)
def test_corners_may_come_in_any_order(x1: float, y1: float, x2: float, y2: float) -> None:
    assert Rect.from_corners(x1, y1, x2, y2) == Rect.from_corners(x2, y2, x1, y1)


def test_the_right_and_bottom_edges_belong_to_the_neighbours() -> None:
    rect = Rect(0, 0, 10, 10)
    assert rect.contains(0, 0)
    assert not rect.contains(10, 5)
    assert not rect.contains(5, 10)
    assert not rect.intersects(Rect(10, 0, 5, 5))


@pytest.mark.parametrize(
    "values", [(0, 0, -1, 1), (0, 0, 1, -1), (math.nan, 0, 1, 1), (0, math.inf, 1, 1)]
)
def test_nonsense_is_refused(values: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="rectangle"):
        Rect(*values)
