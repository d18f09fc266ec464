"""Selecting by frame, reshaping every kind, nudging and duplicating, by mouse and keys."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from window_fixtures import OpenSlide, click, drag, screen_point

from slideviewer.annotations import Annotation, AnnotationSet, Kind, as_points, outline
from slideviewer.ui.window import MainWindow

CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
SQUARE = [(1000.0, 800.0), (1600.0, 800.0), (1600.0, 1400.0), (1000.0, 1400.0)]

Put = Callable[..., Annotation]


@pytest.fixture
def window(open_slide: OpenSlide, made_slide: Path) -> MainWindow:
    window = open_slide(made_slide)
    window.activateWindow()
    window.canvas.setFocus()
    window.named_actions["select"].trigger()
    return window


@pytest.fixture
def put(window: MainWindow) -> Put:
    """Lays a shape on the slide: by default the square of these tests."""

    def put_it(
        kind: Kind = Kind.POLYGON, points: object = SQUARE, dx: float = 0, group: str | None = None
    ) -> Annotation:
        shape = Annotation("Shape", kind, as_points(np.add(points, (dx, 0))), group)
        window.session.document.apply("Add", {shape.id: shape})
        return shape

    return put_it


def now(window: MainWindow, shape: Annotation) -> Annotation:
    return window.session.document.annotations[shape.id]


def off(window: MainWindow) -> float:
    """Level-0 pixels that the mouse may be off by."""
    return 2 / window.canvas.viewpoint.scale


def test_a_frame_selects_what_lies_inside(window: MainWindow, put: Put) -> None:
    first, second, third = (put(dx=shift) for shift in (0, 900, 1800))
    before = window.session.document.undo_stack.count()
    drag(window.canvas, (900, 700), (2600, 1500))
    assert window.session.selection.ids == {first.id, second.id}  # the third sticks out
    drag(window.canvas, (3500, 1500), (2750, 700), modifiers=CTRL)
    assert window.session.selection.ids == {first.id, second.id, third.id}
    drag(window.canvas, (3500, 1500), (2750, 700))
    assert window.session.selection.ids == {third.id}
    drag(window.canvas, (1100, 2000), (1500, 2400))  # around nothing
    assert not window.session.selection.ids
    assert window.session.document.undo_stack.count() == before  # looking changed nothing


def test_a_frame_on_a_turned_slide_is_what_is_seen(window: MainWindow, put: Put) -> None:
    inside, outside = put(), put(dx=900)
    window.canvas.turn_to(45)
    corners = [screen_point(window.canvas, *corner) for corner in SQUARE]
    left, right = min(at.x() for at in corners) - 12, max(at.x() for at in corners) + 12
    top, bottom = min(at.y() for at in corners) - 12, max(at.y() for at in corners) + 12
    view = window.canvas.viewpoint
    drag(window.canvas, view.to_slide(left, top), view.to_slide(right, bottom))
    # The other lies within the same part of the slide, but beside the frame.
    seen = view.seen_through(left, top, right - left, bottom - top)
    assert outside.bounds is not None
    assert seen.right > outside.bounds.x
    assert window.session.selection.ids == {inside.id}


def test_escape_gives_up_a_frame_and_keeps_the_selection(window: MainWindow, put: Put) -> None:
    shape = put()
    click(window.canvas, 1300, 800)
    at = screen_point(window.canvas, 3000, 2500)
    QTest.mousePress(window.canvas, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseMove(window.canvas, at - QPoint(300, 300))
    assert window.canvas.tool.is_busy
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    QTest.mouseRelease(window.canvas, Qt.MouseButton.LeftButton, pos=at - QPoint(300, 300))
    assert window.session.selection.ids == {shape.id}


def test_ctrl_click_adds_and_takes_out_also_on_a_vertex(window: MainWindow, put: Put) -> None:
    first, second = put(), put(dx=900)
    click(window.canvas, 1300, 800)
    click(window.canvas, 2200, 800, CTRL)
    assert window.session.selection.ids == {first.id, second.id}
    click(window.canvas, *SQUARE[0], CTRL)
    assert window.session.selection.ids == {second.id}
    click(window.canvas, 1300, 800, CTRL)
    click(window.canvas, 1300, 1400)  # a plain click on one of several means that one
    assert window.session.selection.ids == {first.id}


def test_several_shapes_move_together(window: MainWindow, put: Put) -> None:
    first, second = put(), put(dx=900)
    drag(window.canvas, (900, 700), (2600, 1500))
    drag(window.canvas, (1300, 800), (1400, 1000))
    for shape in (first, second):
        moved = now(window, shape).points - shape.points
        assert moved.tolist() == [pytest.approx([100, 200], abs=off(window))] * 4
    window.named_actions["undo"].trigger()
    assert now(window, first) == first
    assert now(window, second) == second


def test_many_shapes_move_as_one_frame(window: MainWindow) -> None:
    dots = [
        Annotation("", Kind.DOT, as_points([(1000 + 20 * (i % 40), 800 + 20 * (i // 40))]))
        for i in range(400)
    ]
    window.session.document.apply("Add", {dot.id: dot for dot in dots})
    window.session.selection.set(dot.id for dot in dots)
    start = screen_point(window.canvas, 1000, 800)
    QTest.mousePress(window.canvas, Qt.MouseButton.LeftButton, ALT, start)
    QTest.mouseMove(window.canvas, start + QPoint(40, 30))
    window.canvas.grab()
    QTest.mouseRelease(window.canvas, Qt.MouseButton.LeftButton, ALT, start + QPoint(40, 30))
    shift = 1 / window.canvas.viewpoint.scale
    for dot in dots:
        moved = (now(window, dot).points - dot.points)[0].tolist()
        assert moved == pytest.approx([40 * shift, 30 * shift])
    assert window.named_actions["undo"].text() == "Undo Move"


def test_a_splines_curve_is_hit_where_it_is_seen(window: MainWindow, put: Put) -> None:
    spline = put(Kind.SPLINE)
    curve = outline(spline)
    top = curve[np.argmin(curve[:, 1])].tolist()  # beyond the box around the vertices
    assert top[1] < 800 - 20
    click(window.canvas, *top)
    assert window.session.selection.ids == {spline.id}
    QTest.mouseDClick(
        window.canvas, Qt.MouseButton.LeftButton, pos=screen_point(window.canvas, *top)
    )
    points = now(window, spline).points
    assert len(points) == 5
    assert points[1].tolist() == pytest.approx(top, abs=off(window))
    assert window.session.selection.vertex == (spline.id, 1)
    QTest.keyClick(window.canvas, Qt.Key.Key_Delete)
    assert now(window, spline).points.tolist() == spline.points.tolist()


def test_a_rectangle_stays_one(window: MainWindow, put: Put) -> None:
    shape = put(Kind.RECTANGLE)
    click(window.canvas, 1300, 800)
    drag(window.canvas, SQUARE[2], (1900, 1700))
    (left, top), (right, top_too), (right_too, bottom), (left_too, bottom_too) = now(
        window, shape
    ).points.tolist()
    assert (left, top, top_too, left_too) == (1000, 800, 800, 1000)
    assert (right, bottom) == (right_too, bottom_too)
    assert (right, bottom) == pytest.approx((1900, 1700), abs=off(window))
    click(window.canvas, 1300, 800)
    QTest.mouseDClick(
        window.canvas, Qt.MouseButton.LeftButton, pos=screen_point(window.canvas, 1300, 800)
    )
    assert len(now(window, shape).points) == 4  # it gets no fifth corner


@pytest.mark.parametrize("kind", [Kind.DOT, Kind.MEASUREMENT, Kind.POINT_SET])
def test_points_and_lines_are_reshaped_too(window: MainWindow, put: Put, kind: Kind) -> None:
    points = {Kind.DOT: 1, Kind.MEASUREMENT: 2, Kind.POINT_SET: 4}[kind]
    shape = put(kind, SQUARE[:points])
    click(window.canvas, 1000, 800)
    drag(window.canvas, (1000, 800), (1100, 1000))
    moved = now(window, shape)
    assert moved.points[0].tolist() == pytest.approx([1100, 1000], abs=off(window))
    assert moved.points[1:].tolist() == [list(point) for point in SQUARE[1:points]]
    # The point that was dragged is still the active one.
    assert window.session.selection.vertex == (shape.id, 0)
    QTest.keyClick(window.canvas, Qt.Key.Key_Delete)
    left = window.session.document.annotations.annotations.get(shape.id)
    # A point set loses the point; of the others no point can go, so the shape does.
    assert (len(left.points) == 3) if kind == Kind.POINT_SET else (left is None)


def test_arrow_keys_nudge_in_one_step(window: MainWindow, put: Put) -> None:
    first, second = put(), put(dx=900)
    window.session.selection.set([first.id, second.id])
    steps = window.session.document.undo_stack.count()
    pixel = 1 / window.canvas.viewpoint.scale
    for _ in range(3):
        QTest.keyClick(window.canvas, Qt.Key.Key_Right)
    QTest.keyClick(window.canvas, Qt.Key.Key_Up)
    QTest.keyClick(window.canvas, Qt.Key.Key_Down, SHIFT)
    for shape in (first, second):
        moved = now(window, shape).points - shape.points
        assert moved.tolist() == [pytest.approx([3 * pixel, 9 * pixel])] * 4
    assert window.session.document.undo_stack.count() == steps + 1
    assert window.session.selection.ids == {first.id, second.id}
    window.named_actions["undo"].trigger()
    assert now(window, first) == first
    window.named_actions["redo"].trigger()
    QTest.keyClick(window.canvas, Qt.Key.Key_Left)  # after an undo and a redo: goes on, too
    assert now(window, first).points[0, 0] == pytest.approx(1000 + 2 * pixel)


def test_a_nudge_after_something_else_is_a_step_of_its_own(window: MainWindow, put: Put) -> None:
    first, second = put(), put(dx=900)
    document = window.session.document
    steps = document.undo_stack.count()
    for chosen in ([first.id], [second.id]):
        window.session.selection.set(chosen)
        QTest.keyClick(window.canvas, Qt.Key.Key_Right)
    assert document.undo_stack.count() == steps + 2
    document.undo_stack.setClean()  # as saving does: one must be able to go back to it
    QTest.keyClick(window.canvas, Qt.Key.Key_Right)
    assert document.undo_stack.count() == steps + 3
    window.named_actions["undo"].trigger()
    assert document.is_saved


def test_arrow_keys_follow_the_screen_and_the_active_vertex(window: MainWindow, put: Put) -> None:
    shape = put()
    window.canvas.turn_to(90)  # right on the screen is up on the slide
    click(window.canvas, 1300, 800)
    click(window.canvas, *SQUARE[2])
    QTest.keyClick(window.canvas, Qt.Key.Key_Right, SHIFT)
    moved = now(window, shape).points - shape.points
    assert moved[:2].tolist() == [[0, 0], [0, 0]]
    assert moved[2].tolist() == pytest.approx([0, -10 / window.canvas.viewpoint.scale])
    assert window.session.selection.vertex == (shape.id, 2)


def test_arrow_keys_without_a_selection_do_nothing(window: MainWindow, put: Put) -> None:
    shape = put()
    QTest.keyClick(window.canvas, Qt.Key.Key_Right)
    assert now(window, shape) == shape


def test_a_duplicate_lies_beside_its_original(window: MainWindow, put: Put) -> None:
    shape = put()
    click(window.canvas, 1300, 800)
    window.named_actions["duplicate"].trigger()
    (copy_id,) = window.session.selection.ids
    assert copy_id != shape.id
    copy = window.session.document.annotations[copy_id]
    shift = 20 / window.canvas.viewpoint.scale
    assert (copy.points - shape.points).tolist() == [pytest.approx([shift, shift])] * 4
    assert (copy.name, copy.kind, copy.group) == (shape.name, shape.kind, shape.group)
    assert now(window, shape) == shape
    window.named_actions["undo"].trigger()
    assert len(window.session.document.annotations) == 1


def test_nothing_moves_in_a_locked_group(window: MainWindow, put: Put) -> None:
    shape = put(group="Tumor")
    window.session.selection.set([shape.id])
    window.session.group_states.set_locked("Tumor", True)
    drag(window.canvas, SQUARE[2], (1900, 1700))
    drag(window.canvas, (1300, 1100), (1500, 1200), modifiers=ALT)
    window.session.selection.set([shape.id])
    QTest.keyClick(window.canvas, Qt.Key.Key_Right)
    QTest.keyClick(window.canvas, Qt.Key.Key_Delete)
    window.named_actions["cut_annotations"].trigger()
    assert now(window, shape) == shape
    click(window.canvas, 3500, 2800)
    click(window.canvas, 1300, 800)
    assert not window.session.selection.ids  # the mouse goes through it
    window.session.group_states.set_locked("Tumor", False)
    click(window.canvas, 1300, 800)
    assert window.session.selection.ids == {shape.id}


def test_the_nearest_of_many_is_found(window: MainWindow) -> None:
    rows, columns = np.divmod(np.arange(2500), 50)
    dots = [
        Annotation("", Kind.DOT, as_points([(80.0 * column, 60.0 * row)]))
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
    window.session.document.open(AnnotationSet.of(dots), None)
    x, y = dots[1275].points[0].tolist()
    window.canvas.zoom_to(1.0)
    window.canvas.centre_on(x, y)
    click(window.canvas, x, y)
    assert window.session.selection.ids == {dots[1275].id}
    window.session.selection.set(dot.id for dot in dots)
    drag(window.canvas, (x, y), (x + 25, y + 25))
    moved = {dot.id for dot in dots if now(window, dot) != dot}
    assert moved == {dots[1275].id}  # one vertex of all that are selected
