"""Outlines made of outlines: areas add up, and nothing is covered twice or left out."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box

from slideviewer.annotations import Annotation, AnnotationSet, Kind, as_points, as_polygon
from slideviewer.annotations.masks import HoleStyle
from slideviewer.annotations.operations import (
    cut_open,
    filled,
    grown,
    intersection,
    regions_of,
    simplified,
    smoothed,
    snapped,
    split,
    subtraction,
    union,
)
from slideviewer.annotations.operations.regions import Region
from slideviewer.annotations.operations.results import result_of
from slideviewer.annotations.outline import encloses, made_valid

coordinates = st.integers(0, 400).map(lambda n: n / 4)
outlines = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=9).map(as_points)
areas = outlines.map(lambda points: made_valid(Polygon(points)))


@given(areas, areas)
def test_areas_add_up(one: Polygon, other: Polygon) -> None:
    both, common = union([one, other]), intersection([one, other])
    assert both.is_valid
    assert both.area + common.area == pytest.approx(one.area + other.area, abs=4)
    rest = subtraction(one, [other])
    assert rest.area + common.area == pytest.approx(one.area, abs=4)
    assert rest.intersection(other).area == pytest.approx(0, abs=1e-6)


@given(areas, outlines)
def test_a_split_loses_nothing(area: Polygon, line: np.ndarray) -> None:
    parts = split(area, line)
    assert sum(part.area for part in parts) == pytest.approx(area.area, abs=4)
    for index, part in enumerate(parts):
        assert all(part.intersection(other).area < 1e-6 for other in parts[:index])


def test_a_line_across_cuts_and_one_that_ends_inside_does_not() -> None:
    square = box(0, 0, 10, 10)
    assert [part.area for part in split(square, as_points([(5, -1), (5, 11)]))] == [50, 50]
    assert [part.area for part in split(square, as_points([(5, -1), (5, 5)]))] == [100]
    assert [part.area for part in split(square, as_points([]))] == [100]
    ring = Polygon(box(0, 0, 10, 10).exterior, [box(4, 4, 6, 6).exterior])
    halves = split(ring, as_points([(5, -1), (5, 11)]))
    assert [part.area for part in halves] == [48, 48]


@given(areas, st.lists(st.tuples(coordinates, coordinates, st.integers(1, 9)), max_size=4))
def test_an_outline_cut_open_covers_just_the_region(
    area: Polygon, circles: list[tuple[float, float, int]]
) -> None:
    holes = [Point(x, y).buffer(radius, quad_segs=3) for x, y, radius in circles]
    for region in regions_of(subtraction(area, holes)):
        points = cut_open(region)
        assert len(points) >= len(region.outer) + sum(map(len, region.holes))
        annotation = Annotation("A", Kind.POLYGON, points)
        wanted = Polygon(region.outer, region.holes)
        # Filled by the rule that counts crossings, as Qt and ASAP fill it.
        ring = shapely.LinearRing(points)
        assert _even_odd_area(points) == pytest.approx(wanted.area, abs=1e-3)
        assert ring.length >= wanted.length - 1e-6
        assert as_polygon(annotation).symmetric_difference(wanted).area < 0.01


def _even_odd_area(points: np.ndarray) -> float:
    x, y = points.T
    return abs(float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) / 2)


def test_nested_and_many_holes_are_reached() -> None:
    holes = [
        box(10 * i + 2, 10 * j + 2, 10 * i + 8, 10 * j + 8) for i in range(9) for j in range(9)
    ]
    (region,) = regions_of(subtraction(box(0, 0, 90, 90), holes))
    assert len(region.holes) == 81
    covered = as_polygon(Annotation("A", Kind.POLYGON, cut_open(region)))
    assert covered.area == pytest.approx(90 * 90 - 81 * 36)
    assert filled(Polygon(region.outer, region.holes)).area == 90 * 90


@given(outlines, st.floats(0.1, 20))
def test_a_simplified_outline_keeps_to_the_line(points: np.ndarray, tolerance: float) -> None:
    assume(Polygon(points).is_valid)
    fewer = simplified(points, tolerance)
    assert 3 <= len(fewer) <= len(points)
    assert {tuple(it) for it in fewer} <= {tuple(it) for it in points}
    assert Polygon(fewer).is_valid
    ring = shapely.LinearRing(fewer)
    assert max(shapely.distance(ring, shapely.points(points))) <= tolerance + 1e-9


def test_a_circle_needs_few_points_and_a_square_becomes_round() -> None:
    angles = np.linspace(0, 2 * math.pi, 1000, endpoint=False)
    circle = as_points(100 * np.stack([np.cos(angles), np.sin(angles)], axis=1))
    assert len(simplified(circle, 1.0)) < 40
    round_square = smoothed(as_points([(0, 0), (16, 0), (16, 16), (0, 16)]), 1)
    corners = [(4, 0), (12, 0), (16, 4), (16, 12), (12, 16), (4, 16), (0, 12), (0, 4)]
    assert round_square.tolist() == [list(corner) for corner in corners]


def test_growing_is_by_the_distance() -> None:
    square = box(0, 0, 100, 100)
    assert grown(square, 10).area == pytest.approx(100**2 + 4 * 1000 + math.pi * 100, rel=1e-3)
    assert grown(square, -10).area == pytest.approx(80**2)
    assert grown(square, -60).is_empty
    assert regions_of(grown(square, -60)) == ()


@given(outlines, coordinates, coordinates)
def test_a_place_is_enclosed_as_a_polygon_has_it(drawn: np.ndarray, x: float, y: float) -> None:
    line = shapely.LineString(np.concatenate([drawn, drawn[:1]]))
    if line.distance(shapely.Point(x, y)) > 1e-6:
        assert encloses(drawn, x, y) == shapely.intersects_xy(Polygon(drawn), x, y)


@given(st.integers(0, 29), st.booleans(), st.integers(0, 29))
def test_an_outline_begins_where_it_began(first: int, is_turned: bool, moved: int) -> None:
    turns = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    like = Annotation("A", Kind.POLYGON, as_points(np.stack([np.cos(turns), np.sin(turns)]).T))
    other = like.points.copy()
    other[moved] *= 1.5
    ring = np.roll(other, first, axis=0)
    region = Region(as_points(ring[::-1] if is_turned else ring))
    (made,) = result_of([region], like, AnnotationSet.of(), HoleStyle.CUT).shapes
    assert made.points.tolist() == other.tolist()


@given(outlines, st.lists(outlines, min_size=1, max_size=3), st.floats(0.5, 50))
def test_a_vertex_goes_to_the_nearest_corner_in_reach_else_to_the_nearest_edge(
    drawn: np.ndarray, neighbours: list[np.ndarray], reach: float
) -> None:
    corners = shapely.MultiPoint(np.concatenate(neighbours))
    rings = shapely.MultiLineString([np.concatenate([it, it[:1]]) for it in neighbours])
    wanted = []
    for point in shapely.points(drawn):
        targets = [it for it in (corners, rings) if point.distance(it) <= reach]
        wanted.append(point.distance(targets[0]) if targets else 0.0)
    made = snapped(drawn, neighbours, reach)
    if made is drawn:  # nothing is in reach, or less than a triangle would be left
        return
    places = shapely.MultiPoint(made)
    for point, way in zip(shapely.points(drawn), wanted, strict=True):
        assert point.distance(places) <= way + 1e-6


def test_vertices_near_a_neighbour_go_to_its_corners_and_edges() -> None:
    neighbour = as_points([(10, 0), (20, 0), (20, 10), (10, 10)])
    drawn = as_points([(0, 0), (9.2, 0.3), (9.5, 5), (9, 10.5), (0, 10)])
    assert snapped(drawn, [neighbour], 2).tolist() == [
        [0, 0],
        [10, 0],
        [10, 5],
        [10, 10],
        [0, 10],
    ]
    assert snapped(drawn, [neighbour], 0.01).tolist() == drawn.tolist()
    assert snapped(drawn, [], 2) is drawn
