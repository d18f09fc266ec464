"""The Geometry menu: each command one undoable step on the selection, or a clear notice."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, click

from slideviewer.annotations import Annotation, Group, Kind, as_points, as_polygon
from slideviewer.annotations.geojson.holes import hole_group
from slideviewer.annotations.masks import HoleStyle
from slideviewer.annotations.operations import snapped
from slideviewer.annotations.outline import outline
from slideviewer.ui import settings, words
from slideviewer.ui.editing.amount_dialog import AmountDialog, Amounts
from slideviewer.ui.editing.geometry import SNAP_SCREEN
from slideviewer.ui.editing.holes import HolesDialog
from slideviewer.ui.window import MainWindow

COMMANDS = (
    *("unite", "subtract", "intersect", "fill_holes", "simplify", "smooth", "grow"),
    *("repair", "snap"),
)


@pytest.fixture
def window_open(open_slide: OpenSlide, made_slide: Path) -> MainWindow:
    """A window with a slide whose pixels are 0.25 µm large."""
    window = open_slide(made_slide)
    window.named_actions["select"].trigger()
    return window


def box(x: float, y: float, width: float, height: float) -> list[tuple[float, float]]:
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def add(window: MainWindow, *shapes: Annotation, select: bool = True) -> None:
    group = Group("Tumor", colour="#445566")
    window.session.document.apply("Add", {it.id: it for it in shapes}, (group,))
    if select:
        window.session.selection.set([])
        for shape in shapes:  # one after the other, as by clicks with Ctrl
            window.session.selection.toggle(shape.id)


def shape(name: str, points: object, kind: Kind = Kind.POLYGON) -> Annotation:
    return Annotation(name, kind, as_points(points), "Tumor", "#112233")


def found(window: MainWindow) -> dict[str, Annotation]:
    return {it.name: it for it in window.session.document.annotations}


def areas(window: MainWindow) -> dict[str, float]:
    return {name: float(as_polygon(it).area) for name, it in found(window).items()}


def previewed(window: MainWindow) -> dict[str, Annotation]:
    """What is shown in place of the markup's own."""
    return window.markup._painter.replaced


def steps(window: MainWindow) -> int:
    return window.session.document.undo_stack.count()


def answer(act: Callable[[QDialog], None]) -> None:
    """Do something with the dialog that is about to open."""

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, QDialog) and dialog.isVisible():
            act(dialog)
        else:
            QTimer.singleShot(10, look)

    QTimer.singleShot(0, look)


def press(dialog: QDialog, which: QDialogButtonBox.StandardButton) -> None:
    dialog.findChild(QDialogButtonBox).button(which).click()


OK, CANCEL = QDialogButtonBox.StandardButton.Ok, QDialogButtonBox.StandardButton.Cancel


def test_uniting_joins_what_touches_and_leaves_the_rest(window_open: MainWindow) -> None:
    one, two = shape("One", box(500, 500, 1000, 1000)), shape("Two", box(1400, 500, 1000, 1000))
    apart, corner = shape("Apart", box(3000, 2000, 50, 50)), shape("C", box(2400, 1500, 99, 99))
    add(window_open, one, two, apart, corner)
    window_open.named_actions["unite"].trigger()
    assert areas(window_open) == {"One": 1900 * 1000, "Apart": 2500, "C": 99 * 99}
    united = found(window_open)["One"]
    assert (united.id, united.group, united.colour) == (one.id, "Tumor", "#112233")
    assert len(united.points) == 8
    assert found(window_open)["Apart"] == apart
    assert window_open.named_actions["undo"].text() == "Undo Unite 2 shapes"
    window_open.named_actions["undo"].trigger()
    assert list(found(window_open).values()) == [one, two, apart, corner]


def test_what_shares_an_edge_touches(window_open: MainWindow) -> None:
    add(window_open, shape("A", box(0, 0, 100, 100)), shape("B", box(100, 0, 100, 100)))
    window_open.named_actions["unite"].trigger()
    assert areas(window_open) == {"A": 20_000}


def test_the_first_selected_is_the_one_that_is_kept(window_open: MainWindow) -> None:
    one, two = shape("One", box(500, 500, 1000, 1000)), shape("Two", box(1000, 500, 1000, 1000))
    add(window_open, one, two, select=False)
    click(window_open.canvas, 2000, 1000)
    click(window_open.canvas, 500, 1000, Qt.KeyboardModifier.ControlModifier)
    assert window_open.session.selection.ids == {one.id, two.id}
    window_open.named_actions["subtract"].trigger()
    assert areas(window_open) == {"One": 1_000_000, "Two": 500 * 1000}
    assert window_open.session.selection.ids == {two.id}
    window_open.named_actions["undo"].trigger()
    window_open.session.selection.set([])
    window_open.session.selection.set([one.id, two.id])  # both at once: the order of the file
    window_open.named_actions["intersect"].trigger()
    assert areas(window_open) == {"One": 500 * 1000}
    window_open.named_actions["undo"].trigger()
    assert list(found(window_open).values()) == [one, two]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_selection_that_does_not_fit_is_told_of(window_open: MainWindow, command: str) -> None:
    dot = Annotation("Dot", Kind.DOT, as_points([(50, 50)]))
    add(window_open, dot)
    before = steps(window_open)
    window_open.named_actions[command].trigger()
    assert steps(window_open) == before
    assert any("Select " in text for text in window_open.notices.texts)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("unite", "No two of the selected shapes touch"),
        ("subtract", "cover nothing of “A”"),
        ("intersect", "no place that all selected shapes cover"),
        ("fill_holes", "have no holes"),
        ("repair", "crosses itself"),
        ("snap", "No other outline lies within"),
    ],
)
def test_where_there_is_nothing_to_do_it_is_said(
    window_open: MainWindow, command: str, words: str
) -> None:
    add(window_open, shape("A", box(0, 0, 100, 100)), shape("B", box(500, 500, 100, 100)))
    before = steps(window_open)
    window_open.named_actions[command].trigger()
    assert steps(window_open) == before
    assert any(words in text for text in window_open.notices.texts)


def test_nothing_is_left_where_all_is_covered(window_open: MainWindow) -> None:
    add(window_open, shape("A", box(100, 100, 50, 50)), shape("B", box(0, 0, 500, 500)))
    before = steps(window_open)
    window_open.named_actions["subtract"].trigger()
    assert steps(window_open) == before
    assert any("cover all of “A”" in text for text in window_open.notices.texts)


def test_holes_are_asked_about_once(window_open: MainWindow) -> None:
    outer, inner = shape("Outer", box(500, 500, 1000, 1000)), shape("In", box(800, 800, 200, 200))
    add(window_open, outer, inner)

    def as_group(dialog: QDialog) -> None:
        assert isinstance(dialog, HolesDialog)
        dialog.choices[HoleStyle.GROUP].click()
        press(dialog, OK)

    answer(as_group)
    window_open.named_actions["subtract"].trigger()
    assert areas(window_open) == {"Outer": 1e6, "In": 4e4, "Outer (hole)": 4e4}
    hole = found(window_open)["Outer (hole)"]
    group = window_open.session.document.annotations.groups["Tumor (hole)"]
    assert hole.group == group.name and group.parent == "Tumor"
    assert group == hole_group(Group("Tumor", colour="#445566"))
    assert any("“Tumor (hole)”" in text for text in window_open.notices.texts)
    assert settings.read(settings.HOLES) == "group"
    window_open.named_actions["undo"].trigger()
    assert list(found(window_open).values()) == [outer, inner]
    assert "Tumor (hole)" not in window_open.session.document.annotations.groups
    settings.write(settings.HOLES, "cut")
    window_open.session.selection.set([])
    for it in (outer, inner):
        window_open.session.selection.toggle(it.id)
    window_open.named_actions["subtract"].trigger()  # asks no more
    assert areas(window_open) == {"Outer": pytest.approx(960_000), "In": 4e4}


def test_whoever_wants_no_holes_changes_nothing(window_open: MainWindow) -> None:
    add(window_open, shape("O", box(0, 0, 1000, 1000)), shape("I", box(300, 300, 200, 200)))
    before = steps(window_open)
    answer(lambda dialog: press(dialog, CANCEL))
    window_open.named_actions["subtract"].trigger()
    assert steps(window_open) == before
    assert settings.read(settings.HOLES) == "ask"

    def just_once(dialog: QDialog) -> None:
        dialog.remembered.click()
        press(dialog, OK)

    answer(just_once)
    window_open.named_actions["subtract"].trigger()
    assert steps(window_open) == before + 1
    assert settings.read(settings.HOLES) == "ask"


@pytest.mark.parametrize("style", ["cut", "group"])
def test_holes_of_both_kinds_are_filled(window_open: MainWindow, style: str) -> None:
    settings.write(settings.HOLES, style)
    outer, inner = shape("O", box(0, 0, 1000, 1000)), shape("I", box(300, 300, 200, 200))
    add(window_open, outer, inner)
    window_open.named_actions["subtract"].trigger()
    window_open.named_actions["repair"].trigger()  # a cut is nothing to be repaired
    assert any("crosses itself" in text for text in window_open.notices.texts)
    window_open.named_actions["fill_holes"].trigger()
    assert areas(window_open) == {"O": pytest.approx(1e6), "I": 4e4}
    assert found(window_open)["O"].id == outer.id


def test_repairing_covers_the_same_without_crossing(window_open: MainWindow) -> None:
    bow = shape("Bow", [(0, 0), (1000, 1000), (1000, 0), (0, 1000)])
    fine = shape("Fine", box(2000, 2000, 100, 100))
    add(window_open, bow, fine)
    covered = as_polygon(bow)
    window_open.named_actions["repair"].trigger()
    assert list(found(window_open)) == ["Bow", "Fine", "Bow (2)"]
    made = [it for it in found(window_open).values() if it.name != "Fine"]
    assert all(shapely.Polygon(it.points).is_valid for it in made)
    assert shapely.union_all([as_polygon(it) for it in made]).equals(covered)
    assert found(window_open)["Fine"] == fine


def test_smoothing_rounds_corners_and_makes_polygons(window_open: MainWindow) -> None:
    corner = shape("R", box(500, 500, 1000, 1000), Kind.RECTANGLE)
    add(window_open, corner)
    window_open.named_actions["smooth"].trigger()
    made = found(window_open)["R"]
    assert made.kind == Kind.POLYGON and len(made.points) > 8
    assert not as_polygon(made).contains(shapely.Point(520, 520))
    assert as_polygon(corner).contains(as_polygon(made).buffer(-1))
    assert as_polygon(made).area > 0.8e6


def test_snapping_leaves_no_gap(window_open: MainWindow) -> None:
    near = 5 / window_open.canvas.viewpoint.scale
    neighbour = shape("N", box(1000, 500, 1000, 1000))
    drawn = shape("D", box(200, 500 + near, 800 - near, 900))
    add(window_open, neighbour, drawn)
    window_open.session.selection.set([drawn.id])
    window_open.named_actions["snap"].trigger()
    made = found(window_open)["D"]
    assert made.points[1].tolist() == [1000, 500]  # the neighbour's corner
    assert made.points[2, 0] == pytest.approx(1000)
    assert found(window_open)["N"] == neighbour


def test_each_of_several_shapes_snaps_to_what_is_near_it(
    qtbot: QtBot, window_open: MainWindow
) -> None:
    near = 5 / window_open.canvas.viewpoint.scale
    angles = np.linspace(0, 2 * np.pi, 6000, endpoint=False)
    vast = np.stack([2000 + 300 * np.cos(angles), 2500 + 300 * np.sin(angles)], axis=1)
    neighbours = [
        shape("N", box(1000, 500, 1000, 1000)),
        shape("V", vast.tolist()),
        shape("S", box(3600, 2400, 200, 200), Kind.SPLINE),
    ]
    drawn = [
        shape("D", box(200, 500 + near, 800 - near, 900)),
        shape("E", box(2300 + near, 2400, 100, 200)),
        shape("F", box(3900, 200, 50, 50)),
    ]
    add(window_open, *neighbours, *drawn)
    window_open.session.selection.set([it.id for it in drawn])
    reach = SNAP_SCREEN / window_open.canvas.viewpoint.scale
    window_open.named_actions["snap"].trigger()
    qtbot.waitUntil(lambda: not window_open.editing.working.is_under_way)
    for it in drawn:
        wanted = snapped(it.points, [outline(other) for other in neighbours], reach)
        assert np.array_equal(found(window_open)[it.name].points, wanted)
        assert np.array_equal(wanted, it.points) == (it.name == "F")


def circle(name: str) -> Annotation:
    ring = shapely.Point(2000, 1500).buffer(800, quad_segs=250)
    return shape(name, list(ring.exterior.coords)[:-1])


def test_simplifying_shows_what_it_does_first(qtbot: QtBot, window_open: MainWindow) -> None:
    made = circle("Round")
    add(window_open, made)
    seen: dict[str, object] = {}

    def use(dialog: QDialog) -> None:
        assert isinstance(dialog, AmountDialog)
        with qtbot.waitSignal(dialog.worked_out, timeout=5000):
            dialog.box.setValue(1.0)
        seen["told"] = dialog.told.text()
        shown = previewed(window_open)[made.id]
        seen["shown"] = len(shown.points)
        with qtbot.waitSignal(dialog.worked_out, timeout=5000):
            dialog.slider.setValue(dialog.slider.maximum())
        seen["amount"] = dialog.amount
        with qtbot.waitSignal(dialog.worked_out, timeout=5000):
            dialog.box.setValue(1.0)
        press(dialog, OK)

    answer(use)
    window_open.named_actions["simplify"].trigger()
    after = found(window_open)["Round"]
    assert seen["told"] == f"{words.whole(1000)} → {len(after.points)} points"
    assert seen["shown"] == len(after.points) < 60
    assert seen["amount"] == 50.0
    assert not previewed(window_open)
    # 1 µm is 4 pixels of this slide.
    line = shapely.LinearRing(after.points)
    assert 1 < max(shapely.distance(line, shapely.points(made.points))) <= 4
    assert window_open.named_actions["undo"].text() == "Undo Simplify"
    window_open.named_actions["undo"].trigger()
    assert found(window_open)["Round"] == made


def test_calling_off_leaves_everything(qtbot: QtBot, window_open: MainWindow) -> None:
    made = circle("Round")
    add(window_open, made)
    before = steps(window_open)
    for command in ("simplify", "grow"):

        def use(dialog: QDialog) -> None:
            with qtbot.waitSignal(dialog.worked_out, timeout=5000):
                dialog.slider.setValue(dialog.slider.maximum())
            QTest.keyClick(dialog, Qt.Key.Key_Escape)

        answer(use)
        window_open.named_actions[command].trigger()
        assert steps(window_open) == before
        assert not previewed(window_open)


def grow(window: MainWindow, amount: float, seen: list[str] | None = None) -> None:
    def use(dialog: QDialog) -> None:
        assert isinstance(dialog, AmountDialog)
        dialog.box.setValue(amount)
        if seen is not None:
            seen.append(dialog.windowTitle())
        press(dialog, OK)  # at once: what is still being worked out is waited for

    answer(use)
    window.named_actions["grow"].trigger()


def test_growing_is_in_micrometres(window_open: MainWindow) -> None:
    add(window_open, shape("S", box(1000, 1000, 400, 400)))
    grow(window_open, 25.0)
    bounds = found(window_open)["S"].bounds
    assert bounds is not None
    assert (bounds.x, bounds.right) == pytest.approx((900, 1500))  # 25 µm are 100 pixels
    assert window_open.named_actions["undo"].text() == "Undo Grow"


def test_shrinking_may_cut_apart_and_may_leave_nothing(window_open: MainWindow) -> None:
    dumbbell = [
        *((0, 0), (400, 0), (400, 190), (800, 190), (800, 0), (1200, 0)),
        *((1200, 400), (800, 400), (800, 210), (400, 210), (400, 400), (0, 400)),
    ]
    add(window_open, shape("D", dumbbell))
    grow(window_open, -5.0)
    assert list(found(window_open)) == ["D", "D (2)"]
    assert window_open.named_actions["undo"].text() == "Undo Shrink"
    before = steps(window_open)
    grow(window_open, -150.0)
    assert steps(window_open) == before
    assert any("nothing would be left" in text for text in window_open.notices.texts)


def test_no_command_edits_in_the_middle_of_a_gesture(window_open: MainWindow) -> None:
    add(window_open, shape("A", box(0, 0, 100, 100)), shape("B", box(50, 0, 100, 100)))
    window_open.named_actions["polygon"].trigger()
    click(window_open.canvas, 2000, 2000)
    window_open.named_actions["unite"].trigger()
    assert list(found(window_open)) == ["A", "B"]


def test_locked_shapes_stay(window_open: MainWindow) -> None:
    add(window_open, shape("A", box(0, 0, 100, 100)), shape("B", box(50, 0, 100, 100)))
    window_open.session.group_states.set_locked("Tumor", True)
    window_open.named_actions["unite"].trigger()
    assert areas(window_open) == {"A": 10_000, "B": 10_000}


def test_parts_keep_the_attributes_of_the_whole(window_open: MainWindow) -> None:
    from slideviewer.annotations import asap_attributes, with_asap_attributes

    bow = with_asap_attributes(
        shape("Bow", [(0, 0), (1000, 1000), (1000, 0), (0, 1000)]), {"seen": "twice"}
    )
    bow = replace(bow, extra={**bow.extra, "geojson": {"id": "of one shape only"}})
    add(window_open, bow)
    window_open.named_actions["repair"].trigger()
    one, two = found(window_open).values()
    assert asap_attributes(one) == asap_attributes(two) == {"seen": "twice"}
    assert one.extra == bow.extra and "geojson" not in two.extra


@pytest.mark.parametrize(
    "amounts", [Amounts(0.05, 50, 1, "µm", is_geometric=True), Amounts(-200, 200, 1, "µm")]
)
def test_the_slider_reaches_all_amounts(amounts: Amounts) -> None:
    for step in range(0, 401, 25):
        assert amounts.step_of(amounts.at(step)) == step
    assert (amounts.at(0), amounts.at(400)) == pytest.approx((amounts.lowest, amounts.highest))
