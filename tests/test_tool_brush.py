"""Brush and eraser, by real mouse, wheel and keys; each stroke one undoable step."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely
from own_settings import use_settings_in
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from window_fixtures import OpenSlide, click, drag, screen_point

from slideviewer.annotations import Annotation, Kind, as_points, as_polygon
from slideviewer.ui import settings
from slideviewer.ui.window import MainWindow

SQUARE = [(1000.0, 800.0), (2000.0, 800.0), (2000.0, 1600.0), (1000.0, 1600.0)]
ALT, SHIFT = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def painting(open_slide: OpenSlide, made_slide: Path) -> MainWindow:
    """A window with a slide, and the brush in hand."""
    window = open_slide(made_slide)
    window.named_actions["brush"].trigger()
    return window


def shapes(window: MainWindow) -> list[Annotation]:
    return list(window.session.document.annotations)


def only(window: MainWindow) -> Annotation:
    (annotation,) = window.session.document.annotations
    return annotation


def add(window: MainWindow, name: str = "Square", points: object = SQUARE) -> Annotation:
    made = Annotation(name, Kind.POLYGON, as_points(points), "Tumor", "#112233")
    window.session.document.apply("Add", {made.id: made})
    return made


def area(annotation: Annotation) -> float:
    return float(as_polygon(annotation).area)


def radius(window: MainWindow) -> float:
    """Of the brush, in level-0 pixels."""
    return window.editing.areas.size.diameter / 2 / window.canvas.viewpoint.scale


def covers(annotation: Annotation, x: float, y: float) -> bool:
    return as_polygon(annotation).contains(shapely.Point(x, y))


def test_a_drag_outside_paints_a_new_shape(painting: MainWindow) -> None:
    drag(painting.canvas, (1000, 1500), (2500, 1500))
    made, r = only(painting), radius(painting)
    assert made.kind == Kind.POLYGON
    assert made.group == painting.session.drawn_group
    assert made.group in painting.session.document.annotations.groups
    assert area(made) == pytest.approx(2 * r * 1500 + math.pi * r * r, rel=0.02)
    assert painting.session.selection.ids == {made.id}
    assert painting.named_actions["undo"].text() == "Undo Paint area"
    painting.named_actions["undo"].trigger()
    assert shapes(painting) == []


def test_a_click_leaves_a_disc(painting: MainWindow) -> None:
    click(painting.canvas, 1500, 1500)
    assert area(only(painting)) == pytest.approx(math.pi * radius(painting) ** 2, rel=0.03)


def test_a_drag_from_inside_extends_the_shape(painting: MainWindow) -> None:
    made = add(painting)
    drag(painting.canvas, (1900, 1200), (2600, 1200))
    grown = only(painting)
    assert (grown.id, grown.name, grown.group, grown.colour) == (
        made.id,
        made.name,
        made.group,
        made.colour,
    )
    r = radius(painting)
    assert area(grown) == pytest.approx(area(made) + 600 * 2 * r + math.pi * r * r / 2, rel=0.02)
    assert painting.named_actions["undo"].text() == "Undo Extend area"
    painting.named_actions["undo"].trigger()
    assert only(painting) == made


def test_of_shapes_inside_each_other_the_selected_or_smallest_is_meant(
    painting: MainWindow,
) -> None:
    large = add(painting, "Large", [(500, 500), (3000, 500), (3000, 2500), (500, 2500)])
    small = add(painting, "Small")
    drag(painting.canvas, (1900, 1200), (2300, 1200))
    by_id = painting.session.document.annotations
    assert by_id[large.id] == large and area(by_id[small.id]) > area(small)
    painting.named_actions["undo"].trigger()
    painting.session.selection.set([large.id])
    drag(painting.canvas, (1500, 1200), (3400, 1200))
    by_id = painting.session.document.annotations
    assert by_id[small.id] == small and area(by_id[large.id]) > area(large)


def test_shift_goes_on_with_the_last_shape(painting: MainWindow) -> None:
    drag(painting.canvas, (500, 500), (900, 500))
    first = only(painting)
    drag(painting.canvas, (900, 500), (900, 900), modifiers=SHIFT)
    longer = only(painting)
    assert longer.id == first.id and area(longer) > area(first)
    drag(painting.canvas, (3000, 2500), (3300, 2500), modifiers=SHIFT)  # nowhere near it
    parts = shapes(painting)
    assert [it.name for it in parts] == [first.name, f"{first.name} (2)"]
    assert parts[0].id == first.id


@pytest.mark.parametrize("how", ["Alt", "eraser", "from outside"])
def test_erasing_cuts_a_shape_apart(painting: MainWindow, how: str) -> None:
    made = add(painting)
    start = (1500, 700)
    if how == "Alt":
        painting.session.selection.set([made.id])
    if how == "eraser":
        painting.named_actions["eraser"].trigger()
        start = (1500, 820)
    modifiers = Qt.KeyboardModifier.NoModifier if how == "eraser" else ALT
    drag(painting.canvas, start, (1500, 1750), modifiers=modifiers, steps=30)
    parts = shapes(painting)
    assert [it.name for it in parts] == ["Square", "Square (2)"]
    assert parts[0].id == made.id
    assert {(it.group, it.colour) for it in parts} == {("Tumor", "#112233")}
    r = radius(painting)
    assert sum(map(area, parts)) == pytest.approx(area(made) - 800 * 2 * r, rel=0.02)
    assert painting.named_actions["undo"].text() == "Undo Erase"
    painting.named_actions["undo"].trigger()
    assert shapes(painting) == [made]


def test_erasing_all_of_a_shape_takes_it_away(painting: MainWindow) -> None:
    r = radius(painting)
    x, y = 1500, 1500
    add(painting, "Dot", [(x - r / 4, y - r / 4), (x + r / 4, y - r / 4), (x, y + r / 4)])
    click(painting.canvas, x, y, ALT)
    assert shapes(painting) == []
    painting.named_actions["undo"].trigger()
    assert only(painting).name == "Dot"


def test_painting_over_what_is_covered_is_no_step(painting: MainWindow) -> None:
    made = add(painting)
    drag(painting.canvas, (1400, 1200), (1600, 1200))
    drag(painting.canvas, (3000, 2500), (3200, 2500), modifiers=ALT)  # nothing to erase there
    assert only(painting) == made
    assert painting.session.document.undo_stack.count() == 1


def test_a_locked_shape_stays_as_it_is(painting: MainWindow) -> None:
    made = add(painting)
    painting.session.group_states.set_locked("Tumor", True)
    painting.session.drawn_group = None
    drag(painting.canvas, (1900, 1200), (2600, 1200))
    assert painting.session.document.annotations[made.id] == made
    assert len(shapes(painting)) == 2  # the mouse goes through it


def test_other_kinds_are_painted_on_as_what_they_cover(painting: MainWindow) -> None:
    spline = Annotation("Spline", Kind.SPLINE, as_points(SQUARE))
    painting.session.document.apply("Add", {spline.id: spline})
    drag(painting.canvas, (1500, 1200), (2800, 1200))
    assert only(painting).kind == Kind.POLYGON
    assert area(only(painting)) > area(spline)
    assert covers(only(painting), 1500, 700)  # beyond the vertices, as the curve is drawn


@pytest.fixture
def without_questions(painting: MainWindow) -> Iterator[None]:
    settings.write(settings.HOLES, "cut")
    yield


def test_a_ring_is_cut_open(painting: MainWindow, without_questions: None) -> None:
    corners = [(1000, 1000), (2500, 1000), (2500, 2200), (1000, 2200), (1000, 1000)]
    canvas = painting.canvas
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=screen_point(canvas, *corners[0]))
    for corner in corners[1:]:
        QTest.mouseMove(canvas, screen_point(canvas, *corner))
    end = screen_point(canvas, *corners[-1])
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=end)
    made = only(painting)
    assert not covers(made, 1750, 1600)
    assert covers(made, 1750, 1000) and covers(made, 1000, 1600)
    assert any("cut into the outline" in text for text in painting.notices.texts)


def test_esc_drops_a_stroke(painting: MainWindow) -> None:
    made = add(painting)
    canvas = painting.canvas
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=screen_point(canvas, 1900, 1200))
    QTest.mouseMove(canvas, screen_point(canvas, 2500, 1200))
    assert canvas.tool.is_busy
    painting.named_actions["undo"].trigger()  # no undo during a gesture
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert not canvas.tool.is_busy
    release = screen_point(canvas, 2500, 1200)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=release)
    assert only(painting) == made


def turn(window: MainWindow, notches: int, delta: QPoint) -> None:
    canvas, at = window.canvas, QPointF(300, 300)
    event = QWheelEvent(
        at,
        QPointF(canvas.mapToGlobal(at.toPoint())),
        QPoint(0, 0),
        delta * notches,
        Qt.MouseButton.NoButton,
        ALT,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


@pytest.mark.parametrize("delta", [QPoint(0, 120), QPoint(120, 0)])  # Qt turns it, or not
def test_alt_and_the_wheel_change_the_size(painting: MainWindow, delta: QPoint) -> None:
    scale, before = painting.canvas.viewpoint.scale, painting.editing.areas.size.diameter
    turn(painting, 2, delta)
    assert painting.editing.areas.size.diameter == pytest.approx(before * 1.25**2, abs=2)
    assert painting.canvas.viewpoint.scale == scale
    turn(painting, -60, delta)
    assert painting.editing.areas.size.diameter == settings.BRUSH_SIZE.lowest
    turn(painting, 200, delta)
    assert painting.editing.areas.size.diameter == settings.BRUSH_SIZE.highest
    painting.named_actions["select"].trigger()
    turn(painting, 1, delta)  # which has no use for it, so that it zooms where it is not sideways
    assert (painting.canvas.viewpoint.scale > scale) == (delta.y() > 0)


def test_keys_change_the_size_and_it_is_remembered(painting: MainWindow, user_folder: Path) -> None:
    size = painting.editing.areas.size
    before = size.diameter
    painting.canvas.setFocus()
    QTest.keyClick(painting.canvas, Qt.Key.Key_Period)
    assert size.diameter > before
    QTest.keyClick(painting.canvas, Qt.Key.Key_Comma)
    QTest.keyClick(painting.canvas, Qt.Key.Key_Comma)
    assert size.diameter < before
    assert settings.read(settings.BRUSH_SIZE) == size.diameter
    use_settings_in(user_folder)
    assert type(size)().diameter == size.diameter


def test_the_ring_under_the_mouse_is_painted_and_goes_with_it(painting: MainWindow) -> None:
    canvas = painting.canvas
    QTest.mouseMove(canvas, QPoint(50, 50))
    without = canvas.grab().toImage()
    QTest.mouseMove(canvas, QPoint(400, 300))
    r = painting.editing.areas.size.diameter // 2
    with_ring = canvas.grab().toImage()
    assert with_ring.pixelColor(400 + r, 300) != without.pixelColor(400 + r, 300)
    canvas.leaveEvent(None)
    gone = canvas.grab().toImage()
    assert gone.pixelColor(400 + r, 300) == without.pixelColor(400 + r, 300)


def test_the_shape_is_shown_as_it_will_be_while_the_mouse_is_down(painting: MainWindow) -> None:
    add(painting)
    canvas = painting.canvas
    edge, inside = screen_point(canvas, 2000, 1200), screen_point(canvas, 2000, 900)
    canvas.grab()
    plain = canvas.grab().toImage()
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=screen_point(canvas, 1900, 1200))
    for x in range(1920, 2500, 20):
        QTest.mouseMove(canvas, screen_point(canvas, x, 1200))
    canvas.grab()
    shown = canvas.grab().toImage()
    assert shown.pixelColor(edge) != plain.pixelColor(edge)  # the edge there is no longer one
    assert _is_blue(plain.pixelColor(edge)) and not _is_blue(shown.pixelColor(edge))
    assert _is_blue(shown.pixelColor(inside))  # it still is here
    top = screen_point(canvas, 2300, 1200 - radius(painting))
    around = [shown.pixelColor(top + QPoint(0, dy)) for dy in (-1, 0, 1)]
    assert any(map(_is_blue, around))
    end = screen_point(canvas, 2480, 1200)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=end)


def _is_blue(colour: object) -> bool:
    return colour.blue() > colour.red() + 60
