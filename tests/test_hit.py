"""Vertices and edges under the mouse."""

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from slideviewer.ui.hit import nearest_edge, nearest_vertex

coordinates = st.floats(-1e4, 1e4)
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
