"""The cut line: shapes fall apart along it, in one undoable step."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from window_fixtures import OpenSlide, click, drag, screen_point

from slideviewer.annotations import Annotation, Kind, as_points, as_polygon
from slideviewer.ui.window import MainWindow

SQUARE = [(1000.0, 800.0), (2000.0, 800.0), (2000.0, 1600.0), (1000.0, 1600.0)]


@pytest.fixture
def cutting(open_slide: OpenSlide, made_slide: Path) -> MainWindow:
    """A window with two squares over each other, and the cut line in hand."""
    window = open_slide(made_slide)
    window.named_actions["cut"].trigger()
    return window


def add(window: MainWindow, name: str, kind: Kind = Kind.POLYGON) -> Annotation:
    made = Annotation(name, kind, as_points(SQUARE), "Tumor", "#112233")
    window.session.document.apply("Add", {made.id: made})
    return made


def parts(window: MainWindow) -> dict[str, float]:
    return {it.name: float(as_polygon(it).area) for it in window.session.document.annotations}


@pytest.mark.parametrize("kind", [Kind.POLYGON, Kind.RECTANGLE, Kind.SPLINE])
def test_a_drag_across_cuts_in_two(cutting: MainWindow, kind: Kind) -> None:
    made = add(cutting, "Square", kind)
    drag(cutting.canvas, (1300, 400), (1300, 2000))
    shapes = list(cutting.session.document.annotations)
    assert [it.name for it in shapes] == ["Square", "Square (2)"]
    assert shapes[0].id == made.id  # the larger part
    assert {(it.kind, it.group, it.colour) for it in shapes} == {(Kind.POLYGON, "Tumor", "#112233")}
    areas = parts(cutting)
    assert sum(areas.values()) == pytest.approx(float(as_polygon(made).area), rel=1e-6)
    assert areas["Square"] > 2 * areas["Square (2)"] > 0
    assert cutting.session.selection.ids == {it.id for it in shapes}
    assert cutting.named_actions["undo"].text() == "Undo Cut"
    cutting.named_actions["undo"].trigger()
    assert list(cutting.session.document.annotations) == [made]


@pytest.mark.parametrize("ending", ["double-click", "Enter"])
def test_clicks_make_a_line_too(cutting: MainWindow, ending: str) -> None:
    canvas = cutting.canvas
    add(cutting, "Square")
    click(canvas, 1500, 400)
    click(canvas, 1500, 1200)
    click(canvas, 3000, 1200)
    assert canvas.tool.is_busy
    if ending == "double-click":
        at = screen_point(canvas, 3000, 1200)
        QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=at)
    else:
        QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert not canvas.tool.is_busy
    pixel = 2000 / canvas.viewpoint.scale
    assert parts(cutting)["Square (2)"] == pytest.approx(500 * 400, abs=pixel)


def test_only_the_selected_shapes_are_cut_else_the_topmost(cutting: MainWindow) -> None:
    low, high = add(cutting, "Low"), add(cutting, "High")
    drag(cutting.canvas, (1500, 400), (1500, 2000))
    assert list(parts(cutting)) == ["Low", "High", "High (2)"]
    cutting.named_actions["undo"].trigger()
    cutting.session.selection.set([low.id])
    drag(cutting.canvas, (1500, 400), (1500, 2000))
    assert list(parts(cutting)) == ["Low", "High", "Low (2)"]
    cutting.named_actions["undo"].trigger()
    cutting.session.selection.set([low.id, high.id])
    drag(cutting.canvas, (1500, 400), (1500, 2000))
    assert len(parts(cutting)) == 4
    assert cutting.named_actions["undo"].text() == "Undo Cut 2 shapes"
    cutting.named_actions["undo"].trigger()
    assert len(parts(cutting)) == 2


def test_a_line_that_ends_inside_cuts_nothing_and_says_so(cutting: MainWindow) -> None:
    made = add(cutting, "Square")
    drag(cutting.canvas, (1500, 400), (1500, 1200))
    drag(cutting.canvas, (2500, 400), (2500, 2000))
    assert list(cutting.session.document.annotations) == [made]
    assert any("cuts no shape in two" in text for text in cutting.notices.texts)
    cutting.session.selection.set([made.id])
    drag(cutting.canvas, (2500, 400), (2500, 2000))
    assert any("cuts no selected shape in two" in text for text in cutting.notices.texts)
    click(cutting.canvas, 1500, 400)
    QTest.keyClick(cutting.canvas, Qt.Key.Key_Return)  # one point is no line
    QTest.mouseDClick(
        cutting.canvas, Qt.MouseButton.LeftButton, pos=screen_point(cutting.canvas, 1500, 400)
    )
    assert list(cutting.session.document.annotations) == [made]
    assert not cutting.canvas.tool.is_busy


def test_a_locked_shape_is_left_alone(cutting: MainWindow) -> None:
    made = add(cutting, "Square")
    cutting.session.group_states.set_locked("Tumor", True)
    drag(cutting.canvas, (1500, 400), (1500, 2000))
    assert list(cutting.session.document.annotations) == [made]
    cutting.session.selection.set([made.id])
    drag(cutting.canvas, (1500, 400), (1500, 2000))
    assert list(cutting.session.document.annotations) == [made]


def test_keys_take_back_a_point_and_drop_the_line(cutting: MainWindow) -> None:
    canvas = cutting.canvas
    made = add(cutting, "Square")
    click(canvas, 1500, 400)
    click(canvas, 1500, 2000)
    QTest.keyClick(canvas, Qt.Key.Key_Backspace)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert list(cutting.session.document.annotations) == [made]
    click(canvas, 1500, 400)
    click(canvas, 1500, 2000)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert not canvas.tool.is_busy
    assert list(cutting.session.document.annotations) == [made]
