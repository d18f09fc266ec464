"""Moving and adding vertices, and which edge the mouse is on: properties."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from slideviewer.annotations import Annotation, Kind, as_points, outline
from slideviewer.ui.hit import distance_to, edge_of
from slideviewer.ui.tools.reshaping import (
    shifted,
    with_vertex_added,
    with_vertex_moved,
    without_vertex,
)

places = st.integers(-1000, 1000).map(float)
points = st.tuples(places, places)
rings = st.lists(points, min_size=3, max_size=12)
shifts = st.tuples(st.floats(-500, 500), st.floats(-500, 500))


@given(st.tuples(places, places, places, places), st.integers(0, 3), shifts, st.integers(0, 3))
def test_a_rectangle_stays_one_whichever_corner_is_moved(
    box: tuple[float, float, float, float], corner: int, shift: tuple[float, float], first: int
) -> None:
    left, top, right, bottom = box
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    corners = corners[first:] + corners[:first]  # other programs begin elsewhere
    before = Annotation("", Kind.RECTANGLE, as_points(corners))
    after = with_vertex_moved(before, corner, *shift).points
    opposite = (corner + 2) % 4
    assert after[opposite].tolist() == list(corners[opposite])
    assert after[corner].tolist() == pytest.approx(np.add(corners[corner], shift).tolist())
    xs, ys = set(after[:, 0].tolist()), set(after[:, 1].tolist())
    assert len(xs) <= 2
    assert len(ys) <= 2


@given(st.floats(0.1, 1.4), st.integers(0, 3), shifts)
def test_a_rectangle_that_stands_askew_keeps_its_angles(
    angle: float, corner: int, shift: tuple[float, float]
) -> None:
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = np.array([(0, 0), (300, 0), (300, 200), (0, 200)], float) @ turn
    after = with_vertex_moved(Annotation("", Kind.RECTANGLE, as_points(corners)), corner, *shift)
    sides = np.roll(after.points, -1, axis=0) - after.points
    for side, following in zip(sides, np.roll(sides, -1, axis=0), strict=True):
        assert side @ following == pytest.approx(0, abs=1e-6 * (1 + np.abs(sides).max() ** 2))


@given(rings, shifts)
def test_a_shape_that_is_moved_and_moved_back_is_where_it_was(
    ring: list[tuple[float, float]], shift: tuple[float, float]
) -> None:
    shape = Annotation("", Kind.POLYGON, as_points(ring))
    back = shifted(shifted(shape, *shift), -shift[0], -shift[1])
    assert np.allclose(back.points, shape.points)
    assert not back.points.flags.writeable


@given(rings, st.integers(0, 11), points)
def test_a_vertex_that_is_added_can_be_taken_out_again(
    ring: list[tuple[float, float]], after: int, place: tuple[float, float]
) -> None:
    shape = Annotation("", Kind.SPLINE, as_points(ring))
    after %= len(ring)
    added = with_vertex_added(shape, after, *place)
    assert added.points[after + 1].tolist() == list(place)
    assert without_vertex(added, after + 1) == shape


def test_some_vertices_must_stay() -> None:
    triangle = as_points([(0, 0), (10, 0), (0, 10)])
    assert without_vertex(Annotation("", Kind.POLYGON, triangle), 0) is None
    assert without_vertex(Annotation("", Kind.RECTANGLE, as_points([(0, 0)] * 4)), 0) is None
    assert without_vertex(Annotation("", Kind.POINT_SET, triangle[:1]), 0) is None


@given(rings, st.integers(0, 11), st.floats(0.05, 0.95))
def test_the_edge_of_a_spline_is_the_stretch_of_curve_under_the_mouse(
    ring: list[tuple[float, float]], stretch: int, share: float
) -> None:
    shape = Annotation("", Kind.SPLINE, as_points(ring))
    curve = outline(shape)
    knots = [row for row in ring]
    stretch %= len(ring)
    following = knots[(stretch + 1) % len(ring)]
    assume(len(set(ring)) == len(ring))
    start = next(i for i, row in enumerate(curve.tolist()) if tuple(row) == knots[stretch])
    rolled = np.roll(curve, -start, axis=0)
    end = next(i for i, row in enumerate(rolled.tolist()) if tuple(row) == following and i > 0)
    assume(end >= 4)
    piece = max(1, min(end - 2, int(share * end)))
    x, y = (rolled[piece] + rolled[piece + 1]) / 2
    index, distance = edge_of(shape, float(x), float(y))
    assert distance == pytest.approx(0, abs=1e-6)
    others = np.delete(rolled, np.arange(0, end + 1), axis=0)
    assume(not len(others) or np.hypot(*(others - (x, y)).T).min() > 5)  # no crossing near by
    assert index == stretch


@given(rings, st.integers(0, 11), st.integers(1, 3), points)
def test_vertices_in_one_place_do_not_confuse_the_edges_of_a_spline(
    ring: list[tuple[float, float]], at: int, times: int, place: tuple[float, float]
) -> None:
    at %= len(ring)
    assume(len(set(ring)) == len(ring))
    doubled = ring[: at + 1] + [ring[at]] * times + ring[at + 1 :]
    plain, repeated = (Annotation("", Kind.SPLINE, as_points(it)) for it in (ring, doubled))
    index, distance = edge_of(plain, *place)
    index_too, distance_too = edge_of(repeated, *place)
    assert distance_too == pytest.approx(distance)
    assert index_too == (index if index < at else index + times)


def test_what_has_no_edges_has_points() -> None:
    dots = Annotation("", Kind.POINT_SET, as_points([(0, 0), (10, 0)]))
    assert edge_of(dots, 5, 0) == (-1, float("inf"))
    assert distance_to(dots, 9, 0) == 1
    nothing = Annotation("", Kind.SPLINE, as_points([]))
    assert distance_to(nothing, 0, 0) == float("inf")
    line = Annotation("", Kind.MEASUREMENT, as_points([(0, 0), (10, 0)]))
    assert distance_to(line, 5, 3) == 3
