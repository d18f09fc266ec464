"""Painting patch by patch gives just what painting on all of the area would."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box

from slideviewer.annotations import as_points
from slideviewer.annotations.operations.patchwork import Patchwork
from slideviewer.annotations.operations.strokes import stroke
from slideviewer.annotations.outline import made_valid

coordinates = st.integers(-400, 400).map(lambda n: n / 4)
outlines = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=9).map(as_points)
areas = outlines.map(lambda points: made_valid(Polygon(points)))
discs = st.lists(st.tuples(coordinates, coordinates, st.integers(2, 30)), min_size=1, max_size=6)


@settings(deadline=None)
@given(areas, discs, st.booleans(), st.integers(7, 60))
def test_the_outlines_are_those_of_the_whole(
    area: Polygon, discs: list[tuple[float, float, int]], adds: bool, side: int
) -> None:
    shapes = [Point(x, y).buffer(radius, quad_segs=3) for x, y, radius in discs]
    patches = Patchwork(area, side)
    for shape in shapes:
        patches.add(shape) if adds else patches.remove(shape)
    covered = shapely.union_all(shapes)
    whole = area.union(covered) if adds else area.difference(covered)
    touched = shapely.union_all([box(r.x, r.y, r.right, r.bottom) for r in patches.touched])
    drawn = shapely.union_all([shapely.LineString(line) for line in patches.lines()])
    wanted = whole.boundary.intersection(touched)
    assert drawn.difference(wanted.buffer(0.01)).length < 0.1
    assert wanted.difference(drawn.buffer(0.01)).length < 0.1


def test_only_what_is_near_is_touched() -> None:
    patches = Patchwork(box(0, 0, 10_000, 10_000), 50)
    patches.add(Point(10_000, 5_000).buffer(20))
    touched = list(patches.touched)
    assert 1 <= len(touched) <= 4
    assert all(rect.grown(60).contains(10_000, 5_000) for rect in touched)


def test_nothing_is_drawn_along_the_sides_of_patches() -> None:
    patches = Patchwork(box(-1000, -1000, 1000, 1000), 10)
    patches.remove(box(-100, -100, 100, 100))
    length = sum(shapely.LineString(line).length for line in patches.lines())
    assert length == pytest.approx(800)
    patches.add(box(-200, -200, 200, 200))
    assert list(patches.lines()) == []


def test_a_stroke_is_a_disc_moved_along() -> None:
    assert stroke(as_points([(5, 5)]), 10).area == pytest.approx(math.pi * 100, rel=0.01)
    along = stroke(as_points([(0, 0), (100, 0)]), 10)
    assert along.area == pytest.approx(2000 + math.pi * 100, rel=0.01)
    fewer = stroke(as_points([(0, 0), (100, 0)]), 10, 0.5)
    assert len(fewer.exterior.coords) < len(along.exterior.coords)
    back = stroke(as_points([(0, 0), (100, 0), (0, 0)]), 10)
    assert back.symmetric_difference(along).area < 1
    ring = np.array([(math.cos(a), math.sin(a)) for a in np.linspace(0, 2 * math.pi, 40)])
    assert len(stroke(as_points(100 * ring), 10).interiors) == 1
