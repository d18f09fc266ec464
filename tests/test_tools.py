"""Drawing, selecting, reshaping and deleting by mouse and keys, each one undoable step."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from window_fixtures import OpenSlide, click, drag, screen_point

from slideviewer.annotations import Annotation, Kind, as_points
from slideviewer.ui.window import MainWindow

SQUARE = [(1000.0, 800.0), (2000.0, 800.0), (2000.0, 1600.0), (1000.0, 1600.0)]


@pytest.fixture
def drawing(open_slide: OpenSlide, made_slide: Path) -> MainWindow:
    """A window with a slide, and the polygon tool in hand."""
    window = open_slide(made_slide)
    window.named_actions["polygon"].trigger()
    return window


@pytest.fixture
def square(open_slide: OpenSlide, made_slide: Path) -> tuple[MainWindow, str]:
    """A window with a square on the slide, and the select tool in hand."""
    window = open_slide(made_slide)
    made = Annotation("Square", Kind.POLYGON, as_points(SQUARE), "Tumor")
    window.session.document.apply("Add", {made.id: made})
    window.named_actions["select"].trigger()
    return window, made.id


def only(window: MainWindow) -> Annotation:
    (annotation,) = window.session.document.annotations
    return annotation


@pytest.mark.parametrize("closing", ["double-click", "Enter", "click on the start"])
def test_clicks_draw_a_polygon(drawing: MainWindow, closing: str) -> None:
    canvas = drawing.canvas
    for x, y in SQUARE:
        click(canvas, x, y)
    assert drawing.canvas.tool.is_busy
    if closing == "double-click":
        QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=screen_point(canvas, *SQUARE[-1]))
    elif closing == "Enter":
        QTest.keyClick(canvas, Qt.Key.Key_Return)
    else:
        click(canvas, *SQUARE[0])
    annotation = only(drawing)
    assert annotation.kind == Kind.POLYGON
    assert annotation.group == "Tumor"
    assert "Tumor" in drawing.session.document.annotations.groups
    pixel = 1 / canvas.viewpoint.scale
    assert annotation.points.tolist() == [pytest.approx(p, abs=pixel) for p in SQUARE]
    assert drawing.session.selection.ids == {annotation.id}
    drawing.named_actions["undo"].trigger()
    assert len(drawing.session.document.annotations) == 0
    drawing.named_actions["redo"].trigger()
    assert only(drawing) == annotation


def test_a_drag_draws_freehand_with_a_vertex_every_forty_pixels(drawing: MainWindow) -> None:
    canvas = drawing.canvas
    drag(canvas, (800, 600), (2800, 600), steps=60)
    drag(canvas, (2800, 2000), (800, 2000), steps=60)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    points = only(drawing).points
    side = 2000 * canvas.viewpoint.scale
    assert side / 40 <= len(points) <= 2 * (side / 40 + 2)


def test_keys_take_back_a_vertex_and_drop_the_shape(drawing: MainWindow) -> None:
    canvas = drawing.canvas
    for x, y in [*SQUARE, (500.0, 500.0)]:
        click(canvas, x, y)
    QTest.keyClick(canvas, Qt.Key.Key_Backspace)
    drawing.named_actions["undo"].trigger()  # no undo during a gesture
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert len(only(drawing).points) == 4
    click(canvas, 500, 500)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert not canvas.tool.is_busy
    assert len(drawing.session.document.annotations) == 1


def test_two_points_are_no_polygon(drawing: MainWindow) -> None:
    click(drawing.canvas, 1000, 800)
    click(drawing.canvas, 2000, 800)
    QTest.keyClick(drawing.canvas, Qt.Key.Key_Return)
    assert len(drawing.session.document.annotations) == 0


def test_a_click_on_an_outline_selects_and_one_beside_deselects(
    square: tuple[MainWindow, str],
) -> None:
    window, annotation_id = square
    click(window.canvas, 1500, 800)
    assert window.session.selection.ids == {annotation_id}
    assert len(window.editing.list.table.selectionModel().selectedRows()) == 1
    click(window.canvas, 3500, 2800)
    assert not window.session.selection.ids


def test_a_dragged_vertex_reshapes_and_undo_puts_it_back(square: tuple[MainWindow, str]) -> None:
    window, _ = square
    click(window.canvas, 1500, 800)
    drag(window.canvas, (2000, 1600), (2400, 2000))
    pixel = 2 / window.canvas.viewpoint.scale
    assert only(window).points[2].tolist() == pytest.approx([2400, 2000], abs=pixel)
    assert only(window).points[0].tolist() == [1000, 800]
    assert window.named_actions["undo"].text() == "Undo Reshape"
    window.named_actions["undo"].trigger()
    assert only(window).points.tolist() == [list(p) for p in SQUARE]


@pytest.mark.parametrize(
    "modifier", [Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.AltModifier]
)
def test_a_dragged_outline_moves_the_whole_shape(
    square: tuple[MainWindow, str], modifier: Qt.KeyboardModifier
) -> None:
    window, _ = square
    click(window.canvas, 1500, 800)
    drag(window.canvas, (1500, 800), (1700, 900), modifiers=modifier)
    pixel = 2 / window.canvas.viewpoint.scale
    moved = (only(window).points - as_points(SQUARE)).tolist()
    assert moved == [pytest.approx([200, 100], abs=pixel)] * 4


def test_alt_dragging_inside_moves_the_selected_shape(square: tuple[MainWindow, str]) -> None:
    window, _ = square
    click(window.canvas, 1500, 800)
    drag(
        window.canvas,
        (1500, 1200),
        (1700, 1300),
        modifiers=Qt.KeyboardModifier.AltModifier,
    )
    pixel = 2 / window.canvas.viewpoint.scale
    assert only(window).points[0].tolist() == pytest.approx([1200, 900], abs=pixel)


def test_a_click_is_not_taken_for_a_drag(square: tuple[MainWindow, str]) -> None:
    window, _ = square
    click(window.canvas, 1500, 800)
    scale = window.canvas.viewpoint.scale
    drag(window.canvas, (2000, 1600), (2000 + 2 / scale, 1600 + 1 / scale), steps=2)
    assert only(window).points.tolist() == [list(p) for p in SQUARE]


def test_vertices_are_added_and_removed(square: tuple[MainWindow, str]) -> None:
    window, _ = square
    canvas = window.canvas
    click(canvas, 1500, 800)
    QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=screen_point(canvas, 1500, 800))
    assert len(only(window).points) == 5
    assert only(window).points[1].tolist() == pytest.approx(
        [1500, 800], abs=2 / canvas.viewpoint.scale
    )
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert only(window).points.tolist() == [list(p) for p in SQUARE]
    click(canvas, *SQUARE[3])
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    click(canvas, *SQUARE[0])
    QTest.keyClick(canvas, Qt.Key.Key_Delete)  # three must stay
    assert len(only(window).points) == 3


def test_deleting_a_shape_can_be_undone_and_keeps_its_place(
    square: tuple[MainWindow, str],
) -> None:
    window, annotation_id = square
    later = Annotation("Later", Kind.DOT, as_points([(3000, 2500)]))
    window.session.document.apply("Add", {later.id: later})
    click(window.canvas, 1500, 800)
    window.named_actions["delete"].trigger()
    assert only(window).name == "Later"
    assert not window.session.selection.ids
    window.named_actions["undo"].trigger()
    assert list(window.session.document.annotations.annotations) == [annotation_id, later.id]


def test_taking_another_tool_drops_an_unfinished_shape(drawing: MainWindow) -> None:
    click(drawing.canvas, 1000, 800)
    drawing.named_actions["pan"].trigger()
    assert not drawing.canvas.tool.is_busy
    assert len(drawing.session.document.annotations) == 0


def test_undo_lets_go_of_the_active_vertex(square: tuple[MainWindow, str]) -> None:
    window, _ = square
    canvas = window.canvas
    click(canvas, 1500, 800)
    QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=screen_point(canvas, 1000, 1200))
    assert window.session.selection.vertex is not None
    window.named_actions["undo"].trigger()
    assert window.session.selection.vertex is None
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert len(window.session.document.annotations) == 0  # the selected shape, and undoable


def test_nothing_is_deleted_in_the_middle_of_a_drag(square: tuple[MainWindow, str]) -> None:
    window, annotation_id = square
    click(window.canvas, 1500, 800)
    start = screen_point(window.canvas, 2000, 1600)
    QTest.mousePress(window.canvas, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(window.canvas, start + QPoint(30, 30))
    window.named_actions["delete"].trigger()
    QTest.mouseRelease(window.canvas, Qt.MouseButton.LeftButton, pos=start + QPoint(30, 30))
    assert only(window).id == annotation_id
    assert window.session.document.undo_stack.count() == 2


def test_space_let_go_elsewhere_does_not_stick(drawing: MainWindow) -> None:
    drawing.activateWindow()
    drawing.canvas.setFocus()
    QTest.keyPress(drawing.canvas, Qt.Key.Key_Space)
    drawing.editing.list.setFocus()
    drawing.layers_panel.threshold.setFocus()
    click(drawing.canvas, 1000, 800)
    assert drawing.canvas.tool.is_busy
