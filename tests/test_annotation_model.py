"""Annotations and groups as values, their shapes, and the notices of a file."""

from __future__ import annotations

import pickle
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    Points,
    area,
    as_points,
    as_polygon,
    contains,
    format_of,
    outline,
    read_annotations,
    write_annotations,
)
from slideviewer.annotations.grouping import (
    with_declared,
    with_group_renamed,
    without_cycles,
    without_group,
)
from slideviewer.annotations.loaded import Notices
from slideviewer.errors import AnnotationError

SQUARE = [(10, 10), (30, 10), (30, 30), (10, 30)]

places = st.tuples(st.floats(-1e5, 1e5, width=32), st.floats(-1e5, 1e5, width=32))
grid = st.tuples(st.integers(0, 4), st.integers(0, 4))
rings = st.lists(places, min_size=3, max_size=12) | st.lists(grid, min_size=3, max_size=12)


def shape(kind: Kind | str, points: object) -> Annotation:
    """An annotation of which only the shape matters."""
    return Annotation("a", kind, as_points(points))


def nested() -> AnnotationSet:
    """Three groups inside each other and one beside them, with a member each."""
    groups = [Group("out", colour="#111111"), Group("mid", "out"), Group("in", "mid"), Group("x")]
    return AnnotationSet.of(
        [Annotation(it.name, Kind.DOT, as_points([(1, 2)]), it.name) for it in groups], groups
    )


def test_values_compare_by_content() -> None:
    first = shape(Kind.POLYGON, SQUARE)
    assert first == replace(first, points=as_points(SQUARE))
    assert first != replace(first, points=as_points(SQUARE[:3]))
    assert first != replace(first, extra={"asap": {"attributes": {"a": "1"}}})
    assert not first.points.flags.writeable
    assert shape(Kind.DOT, []).bounds is None


def test_a_set_can_reach_another_process() -> None:
    annotations = nested()
    again = pickle.loads(pickle.dumps(annotations))
    assert list(again) == list(annotations)
    assert dict(again.groups) == dict(annotations.groups)


def test_edits_give_new_sets() -> None:
    annotations = nested()
    first = next(iter(annotations))
    changed = annotations.with_changes({first.id: replace(first, name="new")})
    assert [it.name for it in changed] == ["new", "mid", "in", "x"]
    assert [it.name for it in annotations] == ["out", "mid", "in", "x"]
    assert len(annotations.with_changes({first.id: None, "unknown": None})) == 3


def test_the_topmost_groups_colour_is_shown() -> None:
    annotations = nested()
    assert {annotations.shown_colour(it) for it in list(annotations)[:3]} == {"#111111"}
    assert annotations.lineage("in") == ("in", "mid", "out")
    assert annotations.lineage(None) == annotations.lineage("unknown") == ()
    loop = AnnotationSet.of([], [Group("a", "b"), Group("b", "a")])
    assert loop.lineage("a") == ("a", "b")


def test_a_renamed_group_takes_members_and_inner_groups_along() -> None:
    renamed = with_group_renamed(nested(), "mid", "new")
    assert list(renamed.groups) == ["out", "new", "in", "x"]
    assert [it.group for it in renamed] == ["out", "new", "in", "x"]
    assert renamed.groups["in"].parent == "new" and renamed.groups["new"].parent == "out"
    assert with_group_renamed(nested(), "unknown", "new").groups == nested().groups


@pytest.mark.parametrize("name", ["out", "mid", "in", "x"])
@pytest.mark.parametrize("new_name", ["out", "mid", "in", "x", "new"])
def test_renaming_never_makes_a_cycle_or_loses_a_member(name: str, new_name: str) -> None:
    renamed = with_group_renamed(nested(), name, new_name)
    assert without_cycles(dict(renamed.groups))[1] == ()
    assert all(it.group in renamed.groups for it in renamed)
    assert all(it.parent is None or it.parent in renamed.groups for it in renamed.groups.values())
    assert (name in renamed.groups) == (name == new_name)


def test_a_removed_group_leaves_members_and_inner_groups_to_the_one_around() -> None:
    left = without_group(nested(), "mid")
    assert [it.group for it in left] == ["out", "out", "in", "x"]
    assert left.groups["in"].parent == "out"
    assert [it.group for it in without_group(nested(), "x")][-1] is None


@given(st.lists(st.builds(Group, st.sampled_from("abcd"), st.sampled_from([None, *"abcde"]))))
def test_cycles_are_cut_and_nothing_else(groups: list[Group]) -> None:
    declared = with_declared(groups, ["f", None])
    kept, loose = without_cycles(declared)
    assert kept.keys() == declared.keys() and "f" in kept
    for name, group in kept.items():
        assert group.parent == (None if name in loose else declared[name].parent)
        chain = [name]
        while (parent := kept[chain[-1]].parent) is not None:
            assert parent not in chain
            chain.append(parent)


def test_notices_name_some_and_count_the_rest() -> None:
    notices = Notices()
    for name in "abcde":
        notices.add("Odd: {who}.", f"'{name}'")
    notices.add("One: {who}.", "'x'")
    notices.add("Nobody.")
    assert notices.texts() == ("Odd: 'a', 'b', 'c' and 2 more.", "One: 'x'.", "Nobody.")


@settings(deadline=None)
@given(rings, st.floats(0.05, 5))
def test_a_spline_passes_through_its_vertices_in_order(ring: list, tolerance: float) -> None:
    points = as_points(ring)
    curve = outline(shape(Kind.SPLINE, points), tolerance)
    assert np.isfinite(curve).all()
    position = 0
    for index, vertex in enumerate(points):
        if np.array_equal(vertex, points[index - 1]):
            continue
        matches = np.flatnonzero((curve[position:] == vertex).all(axis=1))
        assert len(matches)
        position += matches[0]


def circle(count: int, radius: float = 1000.0) -> Points:
    """Points on a circle around 5000, 5000."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return as_points(5000 + radius * np.column_stack([np.cos(angle), np.sin(angle)]))


def test_a_spline_bends_as_the_curve_does() -> None:
    annotation = shape(Kind.SPLINE, circle(24))
    assert area(annotation) == pytest.approx(np.pi * 1000**2, rel=1e-3)
    distance = np.hypot(*(outline(annotation) - 5000).T)
    assert np.abs(distance - 1000).max() < 0.5
    assert area(shape(Kind.POLYGON, circle(24))) < area(annotation)


def centripetal(knots: Points, stretch: int, t: float) -> np.ndarray:
    """A point of the closed centripetal Catmull-Rom curve, by Barry and Goldman's pyramid."""
    ring = [knots[(stretch + step) % len(knots)] for step in (-1, 0, 1, 2)]
    times = [0.0]
    for first, second in pairwise(ring):
        times.append(times[-1] + np.linalg.norm(second - first) ** 0.5)
    now = times[1] + t * (times[2] - times[1])

    def between(first, second, left: int, right: int):
        span = times[right] - times[left]
        return ((times[right] - now) * first + (now - times[left]) * second) / span

    a = [between(ring[i], ring[i + 1], i, i + 1) for i in range(3)]
    b = [between(a[i], a[i + 1], i, i + 2) for i in range(2)]
    return between(b[0], b[1], 1, 2)


def test_a_spline_is_the_centripetal_curve(real_data: Path) -> None:
    annotations = read_annotations(real_data / "asap_xml" / "tissue" / "592340.xml").annotations
    for annotation in annotations:
        assert annotation.kind == Kind.SPLINE
        line = shapely.LinearRing(outline(annotation, 0.25))
        for stretch in range(len(annotation.points)):
            for t in (0.25, 0.5, 0.9):
                place = shapely.Point(centripetal(annotation.points, stretch, t))
                assert line.distance(place) <= 0.25


def test_a_smaller_tolerance_follows_more_closely() -> None:
    annotation = shape(Kind.SPLINE, [(0, 0), (1000, 40), (900, 1000), (100, 700)])
    exact = shapely.LinearRing(outline(annotation, 0.001))
    for tolerance in (10.0, 1.0, 0.1):
        line = shapely.LinearRing(outline(annotation, tolerance))
        assert shapely.hausdorff_distance(line, exact) <= tolerance


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(1, 1)],
        [(1, 1), (1, 1), (1, 1)],
        [(1, 1), (2, 2)],
        [(1, 1), (2, 2), (2, 2), (1, 1)],
        [(0, 0), (1e308, 0), (1e308, 1e308), (-1e308, 5)],
        [(0, 0), (np.nan, 5), (5, 5), (5, np.inf), (0, 5)],
        [(0, 0), (5e-324, 0), (1, 1)],
    ],
)
@pytest.mark.parametrize("kind", list(Kind))
def test_poor_shapes_do_no_harm(kind: Kind, points: list) -> None:
    annotation = shape(kind, points)
    with np.errstate(over="ignore", invalid="ignore"):
        assert outline(annotation).shape[1] == 2
        if not points or max(np.nan_to_num(points).max(), 0) < 1e6:
            assert as_polygon(annotation).is_valid
            assert area(annotation) >= 0


def test_areas() -> None:
    for kind in (Kind.POLYGON, Kind.RECTANGLE):
        assert area(shape(kind, SQUARE)) == 400
        assert contains(shape(kind, SQUARE), 20, 20)
        assert contains(shape(kind, SQUARE), 10, 10)
        assert not contains(shape(kind, SQUARE), 9, 20)
    for kind in (Kind.MEASUREMENT, Kind.POINT_SET, Kind.DOT, Kind.NONE, "Ellipse"):
        assert area(shape(kind, SQUARE)) == 0
        assert not contains(shape(kind, SQUARE), 20, 20)
        assert as_polygon(shape(kind, SQUARE)).is_empty


def test_a_curve_that_crosses_itself_covers_all_its_loops() -> None:
    assert area(shape(Kind.POLYGON, [(0, 0), (10, 10), (10, 0), (0, 10)])) == 50
    twice = [*SQUARE, *SQUARE]
    assert area(shape(Kind.POLYGON, twice)) == 400


@settings(max_examples=200, deadline=None)
@given(rings, st.sampled_from([Kind.POLYGON, Kind.SPLINE]))
@example([(0, 0), (0, 210), (0, 0), (-2, 0)], Kind.SPLINE)  # runs back along itself
def test_every_shape_becomes_valid(ring: list, kind: Kind) -> None:
    polygon = as_polygon(shape(kind, ring))
    assert polygon.is_valid
    assert polygon.geom_type in ("Polygon", "MultiPolygon")


def test_formats_are_chosen_by_the_end_of_the_name(tmp_path: Path) -> None:
    annotations = nested()
    for name in ("a.xml", "A.XML", "a.geojson", "a.json", "a.b.geojson.gz"):
        write_annotations(annotations, tmp_path / name)
        read = read_annotations(tmp_path / name).annotations
        assert [(it.name, it.group) for it in read] == [(it.name, it.group) for it in annotations]
        assert read.groups == annotations.groups
    assert format_of("x.Geojson.GZ").name == "QuPath GeoJSON"


@pytest.mark.parametrize("name", ["a.txt", "a", "a.xml.txt", ".gz"])
def test_unknown_endings_are_refused(tmp_path: Path, name: str) -> None:
    for act in (read_annotations, lambda path: write_annotations(nested(), path)):
        with pytest.raises(AnnotationError, match="ending") as refused:
            act(tmp_path / name)
        assert ".geojson" in refused.value.remedy
    assert not (tmp_path / name).exists()
