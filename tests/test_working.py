"""Edits of vast shapes: worked out beside the window, put in as one step, or not at all."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, answer, click, drag, screen_point, wait_for_jobs

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, as_points, as_polygon
from slideviewer.annotations.geojson.holes import hole_group
from slideviewer.ui.editing.working import MOST_AT_ONCE
from slideviewer.ui.window import MainWindow

MIDDLE, RADIUS = (2000.0, 1500.0), 800.0
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def editor(open_slide: OpenSlide, made_slide: Path) -> MainWindow:
    """A window with a slide, a vast outline that is selected, and a small one beside it."""
    window = open_slide(made_slide)
    window.named_actions["select"].trigger()
    vast, small = circle("Vast", 4 * MOST_AT_ONCE), circle("Small", 20, (3400.0, 400.0), 200.0)
    window.session.document.apply("Add", {it.id: it for it in (vast, small)})
    window.session.selection.set([vast.id])
    return window


def circle(
    name: str, vertices: int, middle: tuple[float, float] = MIDDLE, radius: float = RADIUS
) -> Annotation:
    turns = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    ring = radius * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    return Annotation(name, Kind.POLYGON, as_points(ring + middle), "Tumor", id=name)


def vast(window: MainWindow) -> Annotation:
    return window.session.document.annotations["Vast"]


def steps(window: MainWindow) -> int:
    return window.session.document.undo_stack.count()


def is_done(window: MainWindow) -> bool:
    return not window.editing.working.is_under_way


def wait(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: is_done(window), timeout=30_000)


def cross(window: MainWindow) -> None:
    """Let the vast outline cross itself."""
    points = vast(window).points.copy()
    points[[10, 11]] = points[[5000, 5001]]
    window.session.document.apply("Cross", {"Vast": replace(vast(window), points=points)})


@pytest.mark.parametrize(
    "command", ["smooth", "repair", "snap", "unite", "subtract", "intersect", "fill_holes"]
)
def test_a_vast_shape_stays_as_it_was_until_its_edit_is_one_step(
    qtbot: QtBot, editor: MainWindow, command: str
) -> None:
    beside = circle("Beside", 40, (MIDDLE[0] + RADIUS + 195, MIDDLE[1]), 200.0)
    hole = replace(circle("Vast (hole)", 40, MIDDLE, 100.0), group="Tumor (hole)")
    groups = Group("Tumor"), hole_group(Group("Tumor"))
    editor.session.document.apply("Add", {it.id: it for it in (beside, hole)}, groups)
    if command == "repair":
        cross(editor)
    if command in ("unite", "subtract", "intersect"):
        editor.session.selection.toggle("Beside")
    before, count = editor.session.document.annotations, steps(editor)
    editor.named_actions[command].trigger()
    assert editor.session.document.annotations is before and not is_done(editor)
    wait(qtbot, editor)
    assert steps(editor) == count + 1
    assert editor.session.document.annotations is not before
    editor.named_actions["undo"].trigger()
    assert [*editor.session.document.annotations] == [*before]


def test_a_small_shape_is_edited_at_once(editor: MainWindow) -> None:
    editor.session.selection.set(["Small"])
    count = steps(editor)
    editor.named_actions["smooth"].trigger()
    assert is_done(editor) and steps(editor) == count + 1


def test_a_shape_that_was_edited_meanwhile_stays_as_it_is(qtbot: QtBot, editor: MainWindow) -> None:
    editor.named_actions["smooth"].trigger()
    named = replace(vast(editor), name="Other")
    editor.session.document.apply("Rename annotation", {"Vast": named})
    count = steps(editor)
    wait(qtbot, editor)
    assert vast(editor) is named and steps(editor) == count
    (told,) = (text for text in editor.notices.texts if "was changed while" in text)
    assert "“Vast”" in told and "“Smooth”" in told
    editor.named_actions["smooth"].trigger()
    editor.named_actions["delete"].trigger()
    wait(qtbot, editor)
    assert "Vast" not in editor.session.document.annotations.annotations
    assert editor.named_actions["undo"].text() == "Undo Delete annotation"


def test_others_can_be_edited_meanwhile(qtbot: QtBot, editor: MainWindow) -> None:
    editor.named_actions["smooth"].trigger()
    editor.session.document.apply("Delete", {"Small": None})
    wait(qtbot, editor)
    assert [*editor.session.document.annotations.annotations] == ["Vast"]
    assert editor.named_actions["undo"].text() == "Undo Smooth"


def test_one_thing_is_worked_out_at_a_time(qtbot: QtBot, editor: MainWindow) -> None:
    other = circle("Other", 4 * MOST_AT_ONCE)
    editor.session.document.apply("Add", {"Other": other})
    count = steps(editor)
    editor.named_actions["smooth"].trigger()
    editor.named_actions["repair"].trigger()
    assert any("“Vast” is still being worked on: Smooth" in it for it in editor.notices.texts)
    editor.session.selection.set(["Other"])
    editor.named_actions["smooth"].trigger()
    assert any("“Smooth” is still being worked out" in it for it in editor.notices.texts)
    wait(qtbot, editor)
    assert steps(editor) == count + 1
    assert editor.session.document.annotations["Other"] is other


def test_it_is_spoken_of_and_can_be_called_off(qtbot: QtBot, editor: MainWindow) -> None:
    before, count = vast(editor), steps(editor)
    editor.named_actions["smooth"].trigger()
    editor.editing.working._show()
    told = next(it for it in editor.notices.notices if it.text.startswith("Smooth"))
    assert told.button is not None and told.button.text() == "Cancel"
    QTest.mouseClick(told.button, LEFT)
    assert is_done(editor)
    wait_for_jobs(qtbot)
    assert vast(editor) is before and steps(editor) == count
    assert not any(text.startswith("Smooth") for text in editor.notices.texts)


def test_other_markup_is_not_touched_by_what_was_begun_before(
    qtbot: QtBot, editor: MainWindow
) -> None:
    editor.named_actions["smooth"].trigger()
    other = AnnotationSet.of([circle("Vast", 30)])
    editor.session.document.open(other, None)
    assert is_done(editor)
    wait_for_jobs(qtbot)
    assert editor.session.document.annotations is other


def test_a_result_waits_for_the_end_of_a_gesture(qtbot: QtBot, editor: MainWindow) -> None:
    count = steps(editor)
    editor.named_actions["smooth"].trigger()
    QTest.mousePress(editor.canvas, LEFT, pos=screen_point(editor.canvas, 100, 100))
    wait_for_jobs(qtbot)
    assert not is_done(editor) and steps(editor) == count
    QTest.mouseRelease(editor.canvas, LEFT, pos=screen_point(editor.canvas, 110, 100))
    wait(qtbot, editor)
    assert steps(editor) == count + 1


def test_the_brush_extends_a_vast_shape_beside_the_window(qtbot: QtBot, editor: MainWindow) -> None:
    editor.named_actions["brush"].trigger()
    before, count = vast(editor), steps(editor)
    edge = MIDDLE[0] + RADIUS
    start = screen_point(editor.canvas, edge - 100, MIDDLE[1])
    QTest.mousePress(editor.canvas, LEFT, pos=start)
    QTest.mouseMove(editor.canvas, screen_point(editor.canvas, edge + 300, MIDDLE[1]))
    QTest.mouseRelease(editor.canvas, LEFT, pos=screen_point(editor.canvas, edge + 300, MIDDLE[1]))
    assert vast(editor) is before and not is_done(editor)
    QTest.mousePress(editor.canvas, LEFT, pos=start)
    assert not editor.canvas.tool.is_busy  # a second stroke would begin without the first
    assert any("“Vast” is still being worked on" in text for text in editor.notices.texts)
    QTest.mouseRelease(editor.canvas, LEFT, pos=start)
    wait(qtbot, editor)
    assert steps(editor) == count + 1
    assert editor.named_actions["undo"].text() == "Undo Extend area"
    assert as_polygon(vast(editor)).contains(shapely.Point(edge + 250, MIDDLE[1]))
    assert as_polygon(vast(editor)).covers(as_polygon(before).buffer(-0.01))
    drag(editor.canvas, (edge + 200, MIDDLE[1]), (edge + 600, MIDDLE[1]))
    wait(qtbot, editor)
    assert steps(editor) == count + 2


def test_the_eraser_the_wand_and_the_cut_wait_too(qtbot: QtBot, editor: MainWindow) -> None:
    edge, count = MIDDLE[0] + RADIUS, steps(editor)
    editor.named_actions["eraser"].trigger()
    drag(editor.canvas, (edge - 200, MIDDLE[1]), (edge + 300, MIDDLE[1]))
    wait(qtbot, editor)
    assert not as_polygon(vast(editor)).contains(shapely.Point(edge - 150, MIDDLE[1]))
    editor.named_actions["cut"].trigger()
    drag(editor.canvas, (MIDDLE[0], 300), (MIDDLE[0], 2700))
    wait(qtbot, editor)
    assert steps(editor) == count + 2
    assert "Vast (2)" in {it.name for it in editor.session.document.annotations}


def test_whoever_leaves_is_asked_first(qtbot: QtBot, editor: MainWindow) -> None:
    editor.session.document.undo_stack.setClean()
    editor.named_actions["smooth"].trigger()
    answer(qtbot, "Stay")
    assert not editor.close()
    wait(qtbot, editor)
    assert editor.named_actions["undo"].text() == "Undo Smooth"
    click(editor.canvas, 10, 10)
    QApplication.processEvents()
