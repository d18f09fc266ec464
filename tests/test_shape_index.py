"""Shapes are found by place, and an index kept up with edits is as one made anew."""

from __future__ import annotations

import gc
from dataclasses import replace
from weakref import ref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slideviewer.annotations import Annotation, AnnotationSet, Kind, as_points, outline
from slideviewer.annotations.extents import extents
from slideviewer.geometry import Rect
from slideviewer.ui.packed_points import PackedPoints
from slideviewer.ui.shape_change import place_of_change, rect_around
from slideviewer.ui.shape_index import LONG, MOST_SIMPLE, POINTS, SIMPLE, ShapeIndex
from slideviewer.ui.stretches import (
    MOST_LOOKED_THROUGH,
    STRETCH,
    Stretches,
    extents_of,
    moved_vertices,
    stretches_of,
)

numbers = st.floats(-1e4, 1e4) | st.sampled_from([np.nan, np.inf, 0.0, 5.0])
outlines = st.lists(st.tuples(numbers, numbers), max_size=6).map(as_points)
shapes = st.builds(
    Annotation,
    st.just("A"),
    st.sampled_from(list(Kind)),
    outlines,
    st.sampled_from([None, "Tumor", "_2"]),
    st.sampled_from(["#112233", "#445566"]),
)


def square(x: float, y: float, side: float = 10.0, name: str = "A") -> Annotation:
    corners = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    return Annotation(name, Kind.POLYGON, as_points(corners))


def index_of(*annotations: Annotation) -> ShapeIndex:
    index = ShapeIndex()
    index.follow(AnnotationSet.of(annotations))
    return index


def _is_packed(shape: Annotation) -> bool:
    return shape.kind not in (Kind.SPLINE, Kind.MEASUREMENT)


def said_by(index: ShapeIndex) -> list[tuple[object, ...]]:
    """All that an index knows, shape by shape."""
    slots = [slot for slot in range(index.boxes.shape[1]) if index._shapes[slot] is not None]
    return [
        (
            index.shape(slot),
            # The last bits of a curve's bulge depend on how many were worked out at once.
            str(np.round(index.boxes[:, slot], 6) + 0.0),
            int(index.forms[slot]),
            index.example_of(int(index.looks[slot])).group,
            index.example_of(int(index.looks[slot])).colour,
        )
        for slot in slots
    ]


@given(st.lists(shapes, max_size=8))
def test_boxes_are_the_bounds_and_hold_every_curve(annotations: list[Annotation]) -> None:
    boxes, bulges = extents(annotations)
    for shape, box, bulge in zip(annotations, boxes.T.tolist(), bulges.tolist(), strict=True):
        bounds = shape.bounds
        if bounds is None:
            assert np.isnan(box).all()
            continue
        assert box == pytest.approx([bounds.x, bounds.y, bounds.right, bounds.bottom])
        if shape.kind == Kind.SPLINE:
            curve = outline(shape)
            room = bounds.grown(bulge + 1e-6)
            assert (curve >= (room.x, room.y)).all() and (curve <= (room.right, room.bottom)).all()
        else:
            assert bulge == 0


@settings(max_examples=60)
@given(
    st.lists(shapes, max_size=6),
    st.lists(st.tuples(st.sampled_from("acrru"), st.integers(0, 5), shapes), max_size=12),
)
def test_an_index_kept_up_with_edits_is_as_one_made_anew(
    first: list[Annotation],
    edits: list[tuple[str, int, Annotation]],
) -> None:
    annotations = AnnotationSet.of(first)
    index = ShapeIndex()
    index.follow(annotations)
    before = annotations
    for verb, number, shape in edits:
        ids = list(annotations.annotations)
        changes: dict[str, Annotation | None] = {shape.id: shape}
        order = None
        if verb != "a" and ids:
            key = ids[number % len(ids)]
            changes = {key: replace(shape, id=key) if verb == "c" else None}
        elif number > 3 and shape.id not in ids:  # not at the end
            order = [shape.id, *ids]
        if verb == "u":  # what was removed comes back, where it was or, at times, elsewhere
            former = before.annotations
            changes = {key: former.get(key) for key in {*ids, *former}}
            order = sorted(former) if number == 5 else list(former)
            if number == 5:  # the others stay as they stand among themselves
                kept = iter([key for key in ids if key in former])
                order = [next(kept) if key in ids else key for key in order]
        before, annotations = annotations, annotations.with_changes(changes, order)
        index.follow(annotations, frozenset(changes))
        anew = ShapeIndex()
        anew.follow(annotations)
        assert said_by(index) == said_by(anew)
        assert len(index) == len(annotations)
        packed = [slot for slot, it in enumerate(index._shapes) if it is None or _is_packed(it)]
        points, starts = index.points_of(np.array(packed, np.intp))
        outlines = np.split(points, starts[1:]) if packed else []
        for slot, found in zip(packed, outlines, strict=True):
            wanted = index._shapes[slot]
            assert str(found) == str(wanted.points if wanted is not None else np.empty((0, 2)))


@given(st.lists(shapes, max_size=8), st.tuples(*[st.floats(-1e4, 1e4)] * 4))
def test_what_touches_a_rectangle_is_found(
    annotations: list[Annotation], corners: tuple[float, float, float, float]
) -> None:
    rect = Rect.from_corners(*corners)
    index = index_of(*annotations)
    found = {index.shape(slot).id for slot in index.in_rect(rect).tolist()}
    inside = {shape.id for shape in index.inside(rect)}
    for shape in annotations:
        points = shape.points[np.isfinite(shape.points).all(axis=1)]
        within = (points >= (rect.x, rect.y)) & (points <= (rect.right, rect.bottom))
        if within.all(axis=1).any():
            assert shape.id in found
        if shape.kind != Kind.SPLINE:
            assert (shape.id in inside) == (len(points) > 0 and bool(within.all()))


def test_shapes_near_a_point_come_in_the_order_of_the_file() -> None:
    below, above, far = square(0, 0), square(5, 5), square(100, 0)
    index = index_of(below, above, far)
    assert index.near(9, 9, 1) == [below, above]
    assert index.near(16.5, 16.5, 2) == [above]
    assert index.near(50, 50, 3) == []


def test_whoever_follows_second_is_told_the_same_place() -> None:
    shape, other = square(0, 0), square(500, 500)
    index = index_of(shape, other)
    moved = AnnotationSet.of([replace(shape, points=as_points(shape.points + 20)), other])
    place = index.follow(moved, frozenset([shape.id]))
    assert place == Rect(0, 0, 30, 30)
    revision = index.revision
    assert index.follow(moved, frozenset([shape.id])) == place
    assert index.revision == revision


def test_the_forms_say_how_a_shape_is_drawn() -> None:
    many = as_points(np.random.default_rng(0).random((MOST_SIMPLE + 1, 2)))
    kinds = {
        SIMPLE: [square(0, 0), Annotation("r", Kind.RECTANGLE, square(0, 0).points)],
        POINTS: [Annotation("d", Kind.DOT, as_points([(1, 1)]))],
        LONG: [
            Annotation("s", Kind.SPLINE, square(0, 0).points),
            Annotation("m", Kind.MEASUREMENT, as_points([(0, 0), (1, 1)])),
            Annotation("long", Kind.POLYGON, many),
        ],
    }
    for form, alike in kinds.items():
        assert set(index_of(*alike).forms.tolist()) == {form}


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 40)), max_size=40))
def test_packed_points_keep_up_with_many_changes(changes: list[tuple[int, int]]) -> None:
    wanted = [np.full((number, 2), float(number)) for number in range(5)]
    packed = PackedPoints(wanted)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("slideviewer.ui.packed_points._LEAST_WASTE", 10)
        for number, count in changes:
            if count == 40:
                wanted.append(np.full((number, 2), 0.5))
                packed.append(wanted[-1:])
            wanted[number] = np.full((count, 2), count + 0.1)
            packed.put(number, wanted[number])
            points, starts = packed.of(np.arange(len(wanted)))
            for found, outline_ in zip(np.split(points, starts[1:]), wanted, strict=True):
                assert found.tolist() == outline_.tolist()
    assert len(packed._points) < 1000


def test_shapes_that_come_back_find_their_places_free() -> None:
    shapes = [square(20 * n, 0) for n in range(6)]
    first = AnnotationSet.of(shapes)
    index = ShapeIndex()
    index.follow(first)
    gone = [shapes[number].id for number in (0, 2, 3)]
    fewer = first.with_changes(dict.fromkeys(gone))
    index.follow(fewer, frozenset(gone))
    some = first.with_changes({gone[2]: None})
    index.follow(some, frozenset(gone[:2]))
    assert index._shapes == [*shapes[:3], None, *shapes[4:]]
    index.follow(first, frozenset(gone))
    assert index._shapes == shapes
    added = square(500, 0)
    index.follow(fewer, frozenset(gone))
    more = fewer.with_changes({added.id: added})
    index.follow(more, frozenset([added.id]))
    # One comes back elsewhere: the lowest place of all is not where it was.
    order = [gone[1], *more.annotations]
    other = more.with_changes({gone[1]: shapes[2]}, order)
    index.follow(other, frozenset([gone[1]]))
    assert [it.id for it in index.near(250, 0, 500)] == order


def test_many_removed_shapes_leave_no_holes_for_ever() -> None:
    annotations = AnnotationSet.of(square(20 * n, 0) for n in range(3000))
    index = ShapeIndex()
    index.follow(annotations)
    gone = list(annotations.annotations)[:2500]
    index.follow(annotations.with_changes(dict.fromkeys(gone)), frozenset(gone))
    assert index.boxes.shape == (4, 500)
    assert len(index) == 500


@given(st.integers(8, 200), st.data())
def test_the_place_of_a_moved_vertex_holds_all_that_looks_different(
    count: int, data: st.DataObject
) -> None:
    kind = data.draw(st.sampled_from([Kind.POLYGON, Kind.SPLINE]))
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    points = 1000 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    before = Annotation("A", kind, as_points(points))
    number = data.draw(st.integers(0, count - 1))
    points[number] += data.draw(st.tuples(st.floats(-300, 300), st.floats(-300, 300)))
    after = replace(before, points=as_points(points))
    place = place_of_change(before, after)
    if np.array_equal(before.points, after.points):
        return
    assert place is not None
    lines = [outline(it) for it in (before, after)]
    old, new = (set(map(tuple, line.tolist())) for line in lines)
    room = place.grown(1e-6)
    assert all(room.x <= x <= room.right and room.y <= y <= room.bottom for x, y in old ^ new)
    if count > 100 and 4 < number < count - 4:
        assert place.width < 1500  # and not much more


def test_moved_vertices_are_told_by_their_number() -> None:
    points = square(0, 0).points
    other = points.copy()
    other[2] += 1
    assert moved_vertices(points, as_points(other)).tolist() == [2]  # type: ignore[union-attr]
    assert moved_vertices(points, points[:3]) is None


def test_the_rectangle_around_places_may_be_everywhere() -> None:
    assert rect_around([Rect(0, 0, 1, 1), Rect(5, 5, 1, 1)]) == Rect(0, 0, 6, 6)
    assert rect_around([Rect(0, 0, 1, 1), None]) is None


@given(st.integers(0, 9), st.lists(st.integers(0, 7 * STRETCH - 1), min_size=1, max_size=4))
def test_the_stretches_of_an_edited_outline_are_as_those_made_anew(
    seed: int, moved: list[int]
) -> None:
    chance = np.random.default_rng(seed)
    points = chance.normal(0, 40, (7 * STRETCH - seed, 2)).cumsum(axis=0)
    points[chance.random(len(points)) < 0.01] = (3.0, np.inf)
    before = as_points(points)
    stretches_of(before)
    moved = [number % len(points) for number in moved]
    points[moved] += chance.normal(0, 1000, (len(moved), 2))
    after = as_points(points)
    found = stretches_of(after).boxes
    assert found.tolist() == Stretches(after).boxes.tolist()
    for number in range(7):
        ends = np.arange(number * STRETCH, (number + 1) * STRETCH + 1) % len(points)
        ends = ends[: len(points) - number * STRETCH + 1]
        places = points[ends][np.isfinite(points[ends]).all(axis=1)]
        assert found[:, number].tolist() == [*places.min(axis=0), *places.max(axis=0)]
    shape, curve = Annotation("A", Kind.POLYGON, after), Annotation("B", Kind.SPLINE, before)
    for one, other in zip(extents_of([shape, curve]), extents([shape, curve]), strict=True):
        assert one.tolist() == other.tolist()


def test_what_is_known_of_an_outline_goes_with_it() -> None:
    points = as_points(np.zeros((MOST_LOOKED_THROUGH + 1, 2)))
    assert stretches_of(points) is stretches_of(points)
    known = ref(stretches_of(points))
    del points
    gc.collect()
    assert known() is None
