"""Dots, rectangles, splines, point sets and measurements, by mouse and keys."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, click, drag, screen_point, settle, turn_wheel

from slideviewer.annotations import Annotation, AnnotationSet, Kind, as_points, outline
from slideviewer.ui import colours
from slideviewer.ui.editing.size_dialog import SizeDialog
from slideviewer.ui.window import MainWindow

SHIFT = Qt.KeyboardModifier.ShiftModifier
CORNERS = [(1000.0, 800.0), (2000.0, 800.0), (2000.0, 1600.0), (1000.0, 1600.0)]

Take = Callable[[str], MainWindow]


@pytest.fixture
def take(open_slide: OpenSlide, made_slide: Path) -> Take:
    """A window with a slide; takes a tool into the hand by its key."""
    window = open_slide(made_slide)
    window.activateWindow()
    window.canvas.setFocus()

    def take_it(name: str) -> MainWindow:
        window.named_actions[name].trigger()
        return window

    return take_it


def only(window: MainWindow) -> Annotation:
    (annotation,) = window.session.document.annotations
    return annotation


def pixel(window: MainWindow) -> float:
    """Level-0 pixels that the mouse may be off by."""
    return 1 / window.canvas.viewpoint.scale


def double_click(window: MainWindow, x: float, y: float) -> None:
    """As a hand does it: a click, and the second press at once."""
    click(window.canvas, x, y)
    left = Qt.MouseButton.LeftButton
    QTest.mouseDClick(window.canvas, left, pos=screen_point(window.canvas, x, y))


@pytest.mark.parametrize(
    ("key", "modifiers", "name"),
    [
        (Qt.Key.Key_D, Qt.KeyboardModifier.NoModifier, "dot"),
        (Qt.Key.Key_R, Qt.KeyboardModifier.NoModifier, "rectangle"),
        (Qt.Key.Key_P, Qt.KeyboardModifier.NoModifier, "polygon"),
        (Qt.Key.Key_S, Qt.KeyboardModifier.NoModifier, "spline"),
        (Qt.Key.Key_I, Qt.KeyboardModifier.NoModifier, "point_set"),
        (Qt.Key.Key_M, Qt.KeyboardModifier.NoModifier, "measurement"),
        (Qt.Key.Key_M, SHIFT, "ruler"),
    ],
)
def test_a_key_takes_the_tool(
    take: Take, key: Qt.Key, modifiers: Qt.KeyboardModifier, name: str
) -> None:
    window = take("pan")
    QTest.keyClick(window.canvas, key, modifiers)
    assert window.named_actions[name].isChecked()
    assert window.canvas.tool.name == name
    assert window.status.hint.text() == window.canvas.tool.hint


def test_a_click_sets_a_dot_where_it_is_let_go(take: Take) -> None:
    window = take("dot")
    drag(window.canvas, (1000, 800), (1200, 900))
    dot = only(window)
    assert (dot.kind, dot.group) == (Kind.DOT, "Tumor")
    assert dot.points.tolist() == [pytest.approx([1200, 900], abs=pixel(window))]
    assert window.session.selection.ids == {dot.id}
    assert window.named_actions["undo"].text() == "Undo Add dot"
    double_click(window, 2000, 1500)  # one dot, not two in one place
    assert len(window.session.document.annotations) == 2


def test_escape_drops_a_dot_that_is_held(take: Take) -> None:
    window = take("dot")
    at = screen_point(window.canvas, 1000, 800)
    QTest.mousePress(window.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert window.canvas.tool.is_busy
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    QTest.mouseRelease(window.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert not len(window.session.document.annotations)


@pytest.mark.parametrize("way", [(CORNERS[0], CORNERS[2]), (CORNERS[3], CORNERS[1])])
def test_a_drag_draws_a_rectangle_with_its_corners_in_order(
    take: Take, way: tuple[tuple[float, float], tuple[float, float]]
) -> None:
    window = take("rectangle")
    drag(window.canvas, *way)
    rectangle = only(window)
    assert rectangle.kind == Kind.RECTANGLE
    assert rectangle.points.tolist() == [
        pytest.approx(corner, abs=pixel(window)) for corner in CORNERS
    ]


def test_shift_draws_a_square_and_escape_none(take: Take) -> None:
    window = take("rectangle")
    drag(window.canvas, (2000, 1600), (1000, 1300), modifiers=SHIFT)
    # The events of a move do not carry the key here: the release does.
    left, top = only(window).points[0]
    right, bottom = only(window).points[2]
    assert right - left == pytest.approx(bottom - top)
    assert (right, bottom) == pytest.approx((2000, 1600), abs=pixel(window))
    at = screen_point(window.canvas, 1000, 800)
    QTest.mousePress(window.canvas, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseMove(window.canvas, at + QPoint(60, 40))
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    QTest.mouseRelease(window.canvas, Qt.MouseButton.LeftButton, pos=at + QPoint(60, 40))
    assert len(window.session.document.annotations) == 1


def test_a_rectangle_on_a_turned_slide_has_the_slides_sides(take: Take) -> None:
    window = take("rectangle")
    window.canvas.turn_to(30)
    drag(window.canvas, (1400, 1200), (2400, 1900))
    (left, top), (right, top_too) = only(window).points[:2]
    assert (left, right, top) == pytest.approx((1400, 2400, 1200), abs=2 * pixel(window))
    assert top == top_too


@pytest.mark.parametrize("agrees", [True, False])
def test_a_double_click_asks_for_the_size_in_micrometres(take: Take, agrees: bool) -> None:
    window = take("rectangle")

    def reply() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, SizeDialog):
            QTimer.singleShot(20, reply)
            return
        assert dialog.size_typed == (1000, 1000)
        assert "µm" in dialog.width_box.text()
        dialog.width_box.setValue(200)
        dialog.height_box.setValue(100)
        QTest.keyClick(dialog, Qt.Key.Key_Return if agrees else Qt.Key.Key_Escape)

    QTimer.singleShot(0, reply)
    double_click(window, 2000, 1500)
    if not agrees:
        assert not len(window.session.document.annotations)
        return
    assert len(window.session.document.annotations) == 1
    box = only(window).bounds
    assert box is not None
    assert (box.width, box.height) == pytest.approx((800, 400))  # at 0.25 µm a pixel
    assert box.centre == pytest.approx((2000, 1500), abs=pixel(window))
    assert window.editing.drawing.tools["rectangle"] is window.canvas.tool


def test_a_spline_is_seen_as_asap_draws_it_before_it_is_finished(take: Take, qtbot: QtBot) -> None:
    window = take("spline")
    canvas = window.canvas
    for x, y in CORNERS:
        click(canvas, x, y)
    curve = outline(Annotation("", Kind.SPLINE, as_points(CORNERS)))
    bulge = curve[np.argmin(curve[:, 1])]  # above the straight side between two vertices
    assert bulge[1] < CORNERS[0][1] - 20
    assert _is_markup(canvas.grab().toImage(), screen_point(canvas, *bulge.tolist()))
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    spline = only(window)
    assert spline.kind == Kind.SPLINE
    assert spline.points.tolist() == [pytest.approx(p, abs=pixel(window)) for p in CORNERS]
    settle(qtbot, window)
    assert _is_markup(canvas.grab().toImage(), screen_point(canvas, *bulge.tolist()))


def _is_markup(image: QImage, at: QPoint) -> bool:
    """Whether the blue of the markup is within a screen pixel or two."""
    seen = [
        image.pixelColor(at.x() + dx, at.y() + dy) for dx in range(-2, 3) for dy in range(-2, 3)
    ]
    blues = (colours.MARKUP, colours.MARKUP_SELECTED)
    return any(
        max(abs(a - b) for a, b in zip(colour.getRgb()[:3], blue.getRgb()[:3], strict=True)) < 12
        for colour in seen
        for blue in blues
    )


@pytest.mark.parametrize("ending", ["Enter", "double-click"])
def test_clicks_make_one_point_set(take: Take, ending: str) -> None:
    window = take("point_set")
    for x, y in [*CORNERS, (3000.0, 2500.0)]:
        click(window.canvas, x, y)
    QTest.keyClick(window.canvas, Qt.Key.Key_Delete)
    if ending == "Enter":
        click(window.canvas, 500, 500)
        QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    else:
        double_click(window, 500, 500)
    points = only(window)
    assert points.kind == Kind.POINT_SET
    wanted = [*CORNERS, (500.0, 500.0)]
    assert points.points.tolist() == [pytest.approx(p, abs=pixel(window)) for p in wanted]
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)  # nothing is begun: nothing is added
    assert len(window.session.document.annotations) == 1


@pytest.mark.parametrize("way", ["drag", "clicks"])
def test_a_measurement_is_an_annotation_with_its_length_beside_it(take: Take, way: str) -> None:
    window = take("measurement")
    if way == "drag":
        drag(window.canvas, (1000, 1000), (2000, 1000))
    else:
        click(window.canvas, 1000, 1000)
        click(window.canvas, 1001, 1000)  # in the same place: no second end yet
        assert window.canvas.tool.is_busy
        click(window.canvas, 2000, 1000)
    line = only(window)
    assert line.kind == Kind.MEASUREMENT
    assert line.points.tolist() == [
        pytest.approx(p, abs=pixel(window)) for p in ([1000, 1000], [2000, 1000])
    ]
    aids = window.aids.of_active
    assert aids.measurements.is_shown
    with_words = window.canvas.grab().toImage()
    window.named_actions["show_markup"].trigger()  # without the line there is no length
    assert not aids.measurements.is_shown
    window.named_actions["show_markup"].trigger()
    aids.measurements.visible = False
    assert window.canvas.grab().toImage() != with_words
    window.named_actions["undo"].trigger()
    assert aids.measurements.is_empty


def test_shift_keeps_a_measurement_to_steps(take: Take) -> None:
    window = take("measurement")
    drag(window.canvas, (1000, 1000), (2000, 1080), modifiers=SHIFT)
    (_, y1), (_, y2) = only(window).points
    assert y1 == y2


def test_lengths_are_said_in_the_unit_that_fits(take: Take) -> None:
    from slideviewer.slide import Spacing, UnknownSpacing
    from slideviewer.ui import words

    assert words.distance(30, 40, Spacing(0.5, 0.5)) == "25.0 µm"
    assert words.distance(3000, 4000, Spacing(0.5, 0.5)) == "2.500 mm"
    assert words.distance(30, 40, Spacing(1.0, 0.5)) == "36.1 µm"
    assert words.distance(30, 40, UnknownSpacing("it is not said")) == "50 px"


@pytest.mark.parametrize("name", ["polygon", "spline", "point_set", "measurement"])
def test_what_is_half_drawn_survives_looking_around(take: Take, name: str, qtbot: QtBot) -> None:
    window = take(name)
    canvas = window.canvas
    placed = CORNERS[:1] if name == "measurement" else CORNERS
    for x, y in placed:
        click(canvas, x, y)
    off = pixel(window)
    drag(canvas, (2500, 2000), (2300, 1900), button=Qt.MouseButton.MiddleButton)
    turn_wheel(canvas, canvas.rect().center(), 2)
    canvas.turn_to(20)
    window.named_actions["view_add"].trigger()
    other = window.views.views[1]
    QTest.mouseMove(other.canvas, other.canvas.rect().center())
    window.named_actions["view_next"].trigger()
    assert canvas.tool.is_busy
    assert not len(window.session.document.annotations)
    window.views.activate(window.views.main)
    if name == "measurement":
        click(canvas, 1500, 1200)
        placed = [*placed, (1500.0, 1200.0)]
    else:
        QTest.keyClick(canvas, Qt.Key.Key_Return)
    found = only(window).points.tolist()
    assert found == [pytest.approx(point, abs=off) for point in placed]


@pytest.mark.parametrize("name", ["dot", "rectangle", "polygon", "spline", "measurement"])
def test_the_middle_button_pans_with_any_tool(take: Take, name: str) -> None:
    window = take(name)
    before = window.canvas.viewpoint.centre_x
    drag(window.canvas, (2000, 1500), (1500, 1500), button=Qt.MouseButton.MiddleButton)
    assert window.canvas.viewpoint.centre_x - before == pytest.approx(500, abs=2 * pixel(window))
    assert not len(window.session.document.annotations)


@pytest.mark.parametrize("group", [None, "metastases"])
def test_a_shape_goes_into_the_group_that_is_drawn_in(take: Take, group: str | None) -> None:
    window = take("dot")
    window.session.drawn_group = group
    click(window.canvas, 1000, 800)
    assert only(window).group == group
    declared = window.session.document.annotations.groups
    assert (group in declared) == (group is not None)
    window.named_actions["undo"].trigger()
    assert not window.session.document.annotations.groups


def test_names_count_on_from_the_highest(take: Take) -> None:
    window = take("dot")
    document = window.session.document
    known = [Annotation(name, Kind.DOT, as_points([(0, 0)])) for name in ("Annotation 7", "B")]
    document.open(AnnotationSet.of(known), None)
    click(window.canvas, 1000, 800)
    click(window.canvas, 1000, 1200)
    assert [it.name for it in document.annotations][2:] == ["Annotation 8", "Annotation 9"]
    document.apply("Rename", {known[1].id: replace(known[1], name="Annotation 20")})
    click(window.canvas, 1000, 1600)
    assert [it.name for it in document.annotations][-1] == "Annotation 21"
    document.open(AnnotationSet.of(), None)
    click(window.canvas, 1000, 800)
    assert only(window).name == "Annotation 0"


def test_drawing_shows_what_was_hidden(take: Take) -> None:
    window = take("dot")
    click(window.canvas, 1000, 800)
    window.markup.visible = False
    window.session.group_states.set_hidden("Tumor", True)
    click(window.canvas, 1000, 1200)
    assert window.markup.visible
    assert not window.session.group_states.hidden
    assert len(window.session.selection.ids) == 1
