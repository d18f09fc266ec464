"""The markup layer paints what there is, in few strokes, and repaints no more than changed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, as_points
from slideviewer.geometry import Rect
from slideviewer.ui.layers.long_lines import LineStore, LongLine
from slideviewer.ui.layers.markup import HANDLE_SIZE, MarkupLayer
from slideviewer.ui.layers.markup_look import MarkupLook
from slideviewer.ui.layers.markup_painter import MOST_WITH_HANDLES
from slideviewer.ui.layers.strokes import Lines, bars
from slideviewer.ui.selection import Selection
from slideviewer.ui.stretches import STRETCH
from slideviewer.ui.viewpoint import Viewpoint

VIEW = Viewpoint(200, 150, 1.0, 400, 300)
WHOLE = Rect(0, 0, 400, 300)

pytestmark = pytest.mark.usefixtures("qapp")


def square(x: float, y: float, side: float, group: str | None = None) -> Annotation:
    corners = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    return Annotation("A", Kind.POLYGON, as_points(corners), group)


def layer_of(*annotations: Annotation) -> MarkupLayer:
    layer = MarkupLayer()
    layer.set_annotations(AnnotationSet.of(annotations))
    return layer


def painted(
    layer: MarkupLayer,
    view: Viewpoint = VIEW,
    part: Rect = WHOLE,
    opacity: float = 1.0,
    rough: bool = False,
) -> NDArray[np.uint8]:
    """What it paints on white: ndarray (300, 400, 3), RGB."""
    image = QImage(400, 300, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.setClipRect(QRectF(part.x, part.y, part.width, part.height))
    painter.setOpacity(opacity)
    seen = view.seen_through(part.x, part.y, part.width, part.height)
    layer.paint(painter, view, seen, rough=rough)
    painter.end()
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(300, 400, 4)
    return pixels[..., 2::-1].copy()


def marked(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return (picture != 255).any(axis=2)


def wavy(count: int, radius: float = 100) -> NDArray[np.float64]:
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    radii = radius * (1 + 0.2 * np.sin(5 * turn))
    return np.stack([200 + radii * np.cos(turn), 150 + radii * np.sin(turn)], axis=1)


@pytest.mark.parametrize("side", [0.0, 1.0, 3.0, 5.0, 7.9, 8.1, 20.0, 30.0])
@pytest.mark.parametrize("rough", [False, True])
def test_no_shape_vanishes_however_small(side: float, rough: bool) -> None:
    found = np.argwhere(marked(painted(layer_of(square(100, 80, side)), rough=rough)))
    middle = (80 + side / 2, 100 + side / 2)
    assert len(found) >= 12
    assert np.abs(found.mean(axis=0) + 0.5 - middle).max() < 1
    assert np.ptp(found, axis=0).max() < side + 8


def test_many_shapes_on_the_move_all_leave_a_mark() -> None:
    many = [square(4 * column, 4 * row, 3) for column in range(100) for row in range(75)]
    view = Viewpoint(200, 150, 4.0, 400, 300)
    assert marked(painted(layer_of(*many), view, rough=True)).mean() > 0.5


def test_colours_and_hiding_follow_the_groups() -> None:
    one, two, free = square(20, 20, 60, "a"), square(120, 20, 60, "b"), square(220, 20, 60)
    annotations = AnnotationSet.of(
        [one, two, replace(free, colour="#00FF00")], [Group("a", "b"), Group("b", None, "#FF0000")]
    )
    layer = MarkupLayer()
    layer.set_annotations(annotations)
    layer.set_look(MarkupLook.of(annotations, frozenset(), True))
    picture = painted(layer)
    assert picture[50, 20].tolist() == picture[50, 120].tolist() == [255, 0, 0]
    assert picture[50, 220].tolist() == [0, 255, 0]
    layer.set_look(MarkupLook.of(annotations, frozenset(["a", None]), True))
    picture = marked(painted(layer))
    assert picture[50, 120] and not picture[50, 20] and not picture[50, 220]


def test_crossing_outlines_that_are_seen_through_are_seen_through_once() -> None:
    layer = layer_of(square(50, 50, 100), square(100, 100, 100))
    picture = painted(layer, opacity=0.5)
    colours = {tuple(pixel) for pixel in picture[95:106, 140:161].reshape(-1, 3).tolist()}
    darkest = min(colours)
    assert darkest == tuple(picture[75, 50].tolist())  # where nothing crosses


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 280), st.integers(1, 60), st.sampled_from([0.05, 0.3, 1.0, 2.5]))
def test_a_part_looks_as_it_does_in_the_whole(top: int, height: int, scale: float) -> None:
    chance = np.random.default_rng(1)
    shapes = [square(*chance.uniform(0, 380, 2), side) for side in chance.uniform(1, 90, 60)]
    long = Annotation("long", Kind.POLYGON, as_points(wavy(3 * STRETCH)))
    curve = Annotation("curve", Kind.SPLINE, as_points(wavy(9, 60)))
    layer = layer_of(*shapes, long, curve)
    layer.set_selection(frozenset([shapes[0].id, long.id, curve.id]), (long.id, 5))
    view = replace(VIEW, scale=scale)
    part = Rect(0, top, 400, min(height, 300 - top))
    rows = slice(top, top + int(part.height))
    whole, alone = painted(layer, view)[rows], painted(layer, view, part)[rows]
    assert np.abs(whole.astype(int) - alone).max() <= 8  # Qt rounds where it cuts a line


@pytest.mark.parametrize("kind", [Kind.POLYGON, Kind.SPLINE])
@pytest.mark.parametrize("count", [30, 3 * STRETCH])
def test_a_previewed_vertex_is_repainted_where_it_moves(kind: Kind, count: int) -> None:
    shape = Annotation("A", kind, as_points(wavy(count)))
    layer = layer_of(shape, square(10, 10, 30))
    layer.set_selection(frozenset([shape.id]))
    layer.preview([shape])
    before = painted(layer)
    points = shape.points.copy()
    points[count // 3] += (40, 25)
    places: list[Rect | None] = []
    layer.changed.connect(places.append)
    layer.preview([replace(shape, points=as_points(points))])
    after = painted(layer)
    (place,) = places
    assert place is not None
    differs = np.argwhere((before != after).any(axis=2))
    assert len(differs) > 50
    reach = layer.reach + 1
    top, left = differs.min(axis=0)
    bottom, right = differs.max(axis=0)
    assert place.x - reach <= left and right <= place.right + reach
    assert place.y - reach <= top and bottom <= place.bottom + reach
    anew = layer_of(shape, square(10, 10, 30))
    anew.set_selection(frozenset([shape.id]))
    anew.preview([replace(shape, points=as_points(points))])
    assert (painted(anew) == after).all()  # nothing is left of what was kept ready


def test_an_edit_repaints_its_place_alone() -> None:
    shapes = [square(40 * n, 10, 30) for n in range(9)]
    layer = layer_of(*shapes)
    places: list[Rect | None] = []
    layer.changed.connect(places.append)
    annotations = AnnotationSet.of(shapes).with_changes({shapes[2].id: None})
    layer.set_annotations(annotations, frozenset([shapes[2].id]))
    layer.set_selection(frozenset([shapes[5].id]))
    layer.set_selection(frozenset([shapes[5].id, shapes[6].id]))
    assert places == [Rect(80, 10, 30, 30), Rect(200, 10, 30, 30), Rect(240, 10, 30, 30)]
    assert not marked(painted(layer))[:, 80:110].any()


def test_a_vertex_made_active_is_repainted_alone() -> None:
    shape = Annotation("A", Kind.POLYGON, as_points(wavy(2 * STRETCH)))
    layer = layer_of(shape)
    layer.set_selection(frozenset([shape.id]), (shape.id, 7))
    before = painted(layer)
    places: list[Rect] = []
    layer.changed.connect(places.append)
    layer.set_selection(frozenset([shape.id]), (shape.id, 90))
    differs = np.argwhere((before != painted(layer)).any(axis=2))
    (place,) = places
    assert place.width < 40
    room = place.grown(layer.reach)
    assert len(differs) > 20
    assert all(room.x <= x <= room.right and room.y <= y <= room.bottom for y, x in differs)


def test_handles_that_go_as_too_many_are_selected_are_repainted_everywhere() -> None:
    shapes = [square(x, y, 12) for x in range(5, 380, 20) for y in range(5, 280, 20)]
    layer, ids = layer_of(*shapes), [it.id for it in shapes]
    places: list[Rect] = []
    for count in (MOST_WITH_HANDLES, MOST_WITH_HANDLES + 1, MOST_WITH_HANDLES):
        before = painted(layer)
        places.clear()
        layer.changed.connect(places.append)
        layer.set_selection(frozenset(ids[:count]))
        layer.changed.disconnect(places.append)
        differs = np.argwhere((before != painted(layer)).any(axis=2))
        room = places[0].grown(layer.reach)
        assert all(room.x <= x <= room.right and room.y <= y <= room.bottom for y, x in differs)


def test_handles_keep_apart_and_stay_when_the_view_moves() -> None:
    line = LongLine(as_points(wavy(5 * STRETCH)), True)
    room = Rect(0, 0, 400, 300)
    found = line.handles_in(room, 1.0, 13.5)
    places = wavy(5 * STRETCH)[found]
    assert len(found) > 20
    assert np.hypot(*(places[1:] - places[:-1]).T).min() >= 13.5
    half = line.handles_in(Rect(200, 0, 200, 300), 1.0, 13.5)
    assert set(half.tolist()) == {n for n in found.tolist() if wavy(5 * STRETCH)[n, 0] >= 200}
    close = line.handles_in(Rect(290, 140, 20, 20), 500.0, 13.5)
    inside = (np.abs(wavy(5 * STRETCH) - (300, 150)) <= 10).all(axis=1)
    assert len(close) == inside.sum()  # zoomed apart, each has its own


def test_the_handles_of_a_selected_shape_can_be_seen() -> None:
    shape = square(100, 100, 80)
    layer = layer_of(shape)
    layer.set_selection(frozenset([shape.id]), (shape.id, 2))
    picture = painted(layer)
    for x, y in shape.points[[0, 1, 3]].astype(int).tolist():
        assert (picture[y - 2 : y + 2, x - 2 : x + 2] == 255).all()
    assert (picture[178:182, 178:182] != 255).any(axis=2).all()  # the active one is filled
    assert marked(picture)[100, 100 - int(HANDLE_SIZE / 2)]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 3 * STRETCH),
    st.booleans(),
    st.tuples(st.floats(50, 350), st.floats(20, 280), st.floats(1, 200)),
)
def test_no_edge_in_sight_is_left_out(
    count: int, closed: bool, room: tuple[float, float, float]
) -> None:
    points = wavy(count)
    rect = Rect(room[0], room[1], room[2], room[2])
    found = LongLine(as_points(points), closed).in_rect(rect, 1e6)
    edges = set()
    for line, is_closed in found:
        ring = [*line.tolist(), *line[:1].tolist()] if is_closed else line.tolist()
        edges |= {(*start, *end) for start, end in pairwise(ring)}
    ends = np.roll(points, -1, axis=0) if closed else points[1:]
    starts = points if closed else points[:-1]
    least, most = np.minimum(starts, ends), np.maximum(starts, ends)
    seen = (least <= (rect.right, rect.bottom)) & (most >= (rect.x, rect.y))
    wanted = np.concatenate([starts, ends], axis=1)[seen.all(axis=1)]
    assert {tuple(edge) for edge in wanted.tolist()} <= edges


def test_far_and_broken_edges_do_no_harm() -> None:
    far = [(200, 150), (1e300, 150), (-1e12, 1e12), (np.nan, 3), (np.inf, 0), (200, 1e7)]
    lines = Lines.of([(np.array(far), True), (np.array([(1.0, 1.0)]), False)])
    found = bars(lines, VIEW, WHOLE, 3.0)
    assert np.isfinite(found).all() and np.abs(found).max() < 50_000
    assert marked(painted(layer_of(Annotation("A", Kind.POLYGON, as_points(far)))))[:, 200].any()


def test_the_store_forgets_rather_than_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slideviewer.ui.layers.long_lines.MOST_POINTS", 1000)
    store = LineStore()
    shapes = [Annotation("A", Kind.POLYGON, as_points(wavy(400))) for _ in range(4)]
    for shape in shapes:
        store.line(shape, 1.0)
    assert [store.has(shape) for shape in shapes] == [False, False, True, True]


def test_the_selection_says_what_changed() -> None:
    selection, told = Selection(), list[frozenset[str]]()
    selection.changed.connect(told.append)
    selection.set(["a", "b"])
    selection.set(["b", "c"], ("c", 3))
    selection.set(["b", "c"], ("b", 0))
    selection.set(["b", "c"], ("b", 0))
    selection.toggle("a")
    wanted = [{"a", "b"}, {"a", "c"}, {"b", "c"}, {"a", "b"}]
    assert [set(it) for it in told] == wanted
