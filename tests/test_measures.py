"""How large annotations are, of many at once."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from slideviewer.annotations import Annotation, Kind, area, as_points, outline
from slideviewer.annotations.measures import FIELDS, Measure, MeasureCache, measured

SQUARE = [(10.0, 20.0), (110.0, 20.0), (110.0, 70.0), (10.0, 70.0)]
BOW = [(0.0, 0.0), (100.0, 100.0), (100.0, 0.0), (0.0, 100.0)]
"""Crosses itself in the middle; covers two triangles."""


def shape(kind: Kind | str, points: object) -> Annotation:
    return Annotation("A", kind, as_points(points))


def one(annotation: Annotation, spacing: tuple[float, float] = (1.0, 1.0)) -> Measure:
    return Measure(*measured([annotation], spacing)[0])


def test_a_rectangle_in_pixels_and_in_micrometres() -> None:
    rectangle = shape(Kind.RECTANGLE, SQUARE)
    assert one(rectangle)[:2] == (5000.0, 300.0)
    assert one(rectangle)[3:] == (60.0, 45.0)
    in_um = one(rectangle, (0.5, 0.25))
    assert in_um[:2] == (5000 * 0.125, 2 * 50 + 2 * 12.5)
    assert math.isnan(in_um.length)


def test_all_loops_of_an_outline_that_crosses_itself_count_once() -> None:
    bow = one(shape(Kind.POLYGON, BOW))
    assert bow.area == pytest.approx(5000)
    assert bow.perimeter == pytest.approx(200 + 2 * math.hypot(100, 100))
    assert (bow.x, bow.y) == pytest.approx((50, 50))
    twice = one(shape(Kind.POLYGON, SQUARE + SQUARE))
    assert twice.area == pytest.approx(5000)


def test_a_measurement_has_a_length_alone() -> None:
    line = one(shape(Kind.MEASUREMENT, [(0, 0), (30, 40)]))
    assert line.length == 50
    assert math.isnan(line.area) and math.isnan(line.perimeter)
    assert (line.x, line.y) == (15, 20)


@pytest.mark.parametrize("kind", [Kind.DOT, Kind.POINT_SET, Kind.NONE, "Arrow"])
def test_what_encloses_nothing_has_a_centre_alone(kind: Kind | str) -> None:
    found = one(shape(kind, [(1, 2), (3, 4)]))
    assert all(map(math.isnan, found[:3]))
    assert (found.x, found.y) == (2, 3)


@pytest.mark.parametrize("points", [[], [(math.nan, 1)], [(math.inf, math.inf)]])
def test_without_points_there_is_nothing_to_measure(points: object) -> None:
    for kind in Kind:
        assert all(map(math.isnan, one(shape(kind, points))))


@pytest.mark.parametrize("points", [[(5, 5)], [(5, 5), (9, 5)], [(5, 5), (9, 5), (5, 5)]])
def test_an_outline_without_an_inside_covers_nothing(points: object) -> None:
    for kind in (Kind.POLYGON, Kind.SPLINE, Kind.RECTANGLE):
        found = one(shape(kind, points))
        assert found.area == 0
        assert found.y == 5


def test_absurd_coordinates_measure_nothing_and_harm_no_neighbour() -> None:
    absurd = shape(Kind.POLYGON, [(1e300, 0), (-1e300, 1e300), (0, -1e300)])
    table = measured([absurd, shape(Kind.RECTANGLE, SQUARE)])
    assert not np.isinf(table).any()
    assert table[1, 0] == 5000


coordinates = st.floats(0, 1e5, width=32)
points = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=12)
shapes = st.builds(shape, st.sampled_from(Kind), points)


@settings(deadline=None, max_examples=40)
@given(st.lists(shapes, max_size=6))
def test_many_at_once_measure_what_each_does_alone(annotations: list[Annotation]) -> None:
    table = measured(annotations)
    assert table.shape == (len(annotations), len(FIELDS))
    for annotation, row in zip(annotations, table, strict=True):
        assert np.array_equal(measured([annotation])[0], row, equal_nan=True)
        if isinstance(annotation.kind, Kind) and annotation.kind.is_area:
            assert row[0] == pytest.approx(area(annotation), rel=1e-9, abs=1e-6)
            assert row[1] == pytest.approx(walked(outline(annotation)), rel=1e-9)


def walked(ring: NDArray[np.float64]) -> float:
    return sum(math.dist(a, b) for a, b in zip(ring, [*ring[1:], *ring[:1]], strict=True))


@settings(deadline=None, max_examples=60)
@given(shapes, st.floats(0.1, 10))
@example(shape(Kind.SPLINE, [(0, 0), (0, 1), (0, 0), (1, 1)]), 3.0)
def test_a_spacing_scales_areas_by_its_square(annotation: Annotation, um_px: float) -> None:
    pixels, um = one(annotation), one(annotation, (um_px, um_px))
    scales = (um_px**2, um_px, um_px, um_px, um_px)
    for px_value, um_value, scale in zip(pixels, um, scales, strict=True):
        # Repairing a crossing moves it by a rounding error of the coordinates.
        assert um_value == pytest.approx(px_value * scale, rel=1e-6, abs=1e-3, nan_ok=True)


def test_the_cache_measures_a_shape_once_whatever_it_is_called() -> None:
    cache = MeasureCache()
    rectangle = shape(Kind.RECTANGLE, SQUARE)
    assert not cache.knows(rectangle)
    assert cache.of(rectangle).area == 5000
    assert cache.knows(replace(rectangle, name="B", group="G"))
    moved = replace(rectangle, points=as_points([(0, 0), (1, 0), (1, 1), (0, 1)]))
    assert not cache.knows(moved) and not cache.knows(replace(rectangle, kind=Kind.SPLINE))
    assert cache.of(moved).area == 1
    assert cache.unknown([rectangle, moved]) == [rectangle]


def test_the_cache_grows() -> None:
    cache = MeasureCache()
    many = [shape(Kind.RECTANGLE, [(0, 0), (n, 0), (n, 1), (0, 1)]) for n in range(1, 300)]
    cache.keep(many, measured(many))
    assert [cache.of(each).area for each in many] == list(range(1, 300))
