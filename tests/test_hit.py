"""Vertices and edges under the mouse."""

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from slideviewer.annotations import as_points
from slideviewer.ui.hit import nearest_edge, nearest_vertex

# To a thousandth of a pixel: of far smaller ones shapely itself finds the distance infinite.
coordinates = st.floats(-1e4, 1e4).map(lambda value: round(value, 3))
outlines = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=12)


@given(outlines, coordinates, coordinates)
def test_the_distance_to_an_outline_agrees_with_shapely(
    points: list[tuple[float, float]], x: float, y: float
) -> None:
    index, distance = nearest_edge(np.array(points), x, y, closed=True)
    ring = shapely.LineString([*points, points[0]])
    assert np.isclose(distance, ring.distance(shapely.Point(x, y)), atol=1e-3)
    edge = shapely.LineString([points[index], points[(index + 1) % len(points)]])
    assert np.isclose(edge.distance(shapely.Point(x, y)), distance, atol=1e-3)


def test_an_open_line_has_no_closing_edge() -> None:
    points = np.array([[0, 0], [10, 0], [10, 10]], float)
    assert nearest_edge(points, 2, 5, closed=True)[1] < nearest_edge(points, 2, 5, closed=False)[1]


def test_nothing_is_near_where_there_is_nothing() -> None:
    nothing = np.empty((0, 2))
    assert nearest_vertex(nothing, 0, 0) == (-1, float("inf"))
    assert nearest_edge(nothing, 0, 0, closed=True) == (-1, float("inf"))


@given(st.integers(0, 5), coordinates, coordinates, st.booleans())
def test_a_long_outline_is_looked_through_as_a_short_one(
    seed: int, x: float, y: float, closed: bool
) -> None:
    chance = np.random.default_rng(seed)
    points = as_points(chance.normal(0, 40, (9000, 2)).cumsum(axis=0).round(seed))
    points = as_points(np.where(chance.random((9000, 1)) < 0.001, np.nan, points))
    offs = np.hypot(*(points - (x, y)).T)
    assert nearest_vertex(points, x, y) == (np.nanargmin(offs), np.nanmin(offs))
    halves = [nearest_edge(points[part], x, y, closed=False) for part in _quarters(len(points))]
    found = [(distance, index) for (index, distance) in halves]
    if closed:
        found.append((nearest_edge(points[[-1, 0]], x, y, closed=False)[1], 0))
    distance = min(found)[0]
    index, found_distance = nearest_edge(points, x, y, closed=closed)
    assert found_distance == distance
    edge = points[[index, (index + 1) % len(points)]]
    assert nearest_edge(edge, x, y, closed=False)[1] == distance


def _quarters(count: int) -> list[slice]:
    return [slice(start, start + 2001) for start in range(0, count, 2000)]
