"""Movements of the view as functions of time."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slideviewer.ui.motion import FLIGHT_SECONDS, ZOOM_SECONDS, Flight, Fling, Grasp, Zoom
from slideviewer.ui.viewpoint import Viewpoint

places = st.floats(-1e4, 1e4)
scales = st.floats(1e-2, 10)
views = st.builds(
    Viewpoint, places, places, scales, st.just(800), st.just(600), st.floats(0, 359), st.booleans()
)
times = st.floats(0, 2)


@given(views, scales, st.floats(0, 800), st.floats(0, 600), times)
def test_a_zoom_holds_its_point_all_the_way(
    view: Viewpoint, scale: float, x: float, y: float, seconds: float
) -> None:
    zoom = Zoom(view, scale, x, y)
    shown = zoom.at(seconds)
    assert shown.to_screen(*view.to_slide(x, y)) == pytest.approx((x, y), abs=1e-3)
    assert min(view.scale, scale) * 0.999 <= shown.scale <= max(view.scale, scale) * 1.001
    assert zoom.at(ZOOM_SECONDS).scale == scale
    assert zoom.is_over(ZOOM_SECONDS)


@given(views, views)
def test_a_flight_begins_and_ends_where_it_should(start: Viewpoint, end: Viewpoint) -> None:
    flight = Flight(start, end)
    first = flight.at(0)
    assert (first.centre_x, first.centre_y) == pytest.approx((start.centre_x, start.centre_y))
    assert first.scale == pytest.approx(start.scale)
    assert flight.at(FLIGHT_SECONDS) == end
    assert flight.is_over(FLIGHT_SECONDS)


def test_a_flight_turns_the_short_way() -> None:
    start, end = Viewpoint(rotation=350.0), Viewpoint(rotation=20.0)
    turns = [Flight(start, end).at(FLIGHT_SECONDS * n / 10).rotation for n in range(11)]
    assert all(turn >= 349.9 or turn <= 20.1 for turn in turns)


@given(st.floats(-5000, 5000), st.floats(-5000, 5000), st.sampled_from([1.0, 1.25, 1.5, 2.0]))
def test_a_fling_slows_down_and_ends(vx: float, vy: float, ratio: float) -> None:
    fling = Fling(Viewpoint(0, 0, 1.0, 800, 600), vx, vy, ratio)
    ways = [math.hypot(fling.at(n / 10).centre_x, fling.at(n / 10).centre_y) for n in range(40)]
    assert all(later >= earlier - 1.5 for earlier, later in itertools.pairwise(ways))
    assert fling.is_over(4)
    assert ways[-1] <= math.hypot(vx, vy) * 0.33 + 2


@given(st.floats(-5000, 5000), st.sampled_from([1.0, 1.25, 1.5, 2.0]), times)
def test_a_fling_moves_by_whole_device_pixels(vx: float, ratio: float, seconds: float) -> None:
    start = Viewpoint(0, 0, 1.0, 800, 600)
    shift = Fling(start, vx, -vx, ratio).at(seconds).shift_from(start)
    assert shift is not None
    for way in shift:
        assert way * ratio == pytest.approx(round(way * ratio), abs=1e-6)


def test_only_a_moving_hand_flings() -> None:
    grasp = Grasp()
    for n in range(10):
        grasp.move(n / 100, 10.0 * n, 0)
    velocity = grasp.velocity(0.1)
    assert velocity is not None
    assert velocity[0] == pytest.approx(1000)
    assert grasp.velocity(0.5) is None, "it rested before it let go"
