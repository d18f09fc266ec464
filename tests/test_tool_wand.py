"""The wand grows over what looks alike on the screen, by real mouse events."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, click, screen_point, settle

from slideviewer.annotations import Annotation, Kind, as_points, as_polygon
from slideviewer.ui import settings
from slideviewer.ui.look import Look
from slideviewer.ui.window import MainWindow

ALT, SHIFT = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier
PAPER, PINK, VIOLET, DARK = (245, 243, 246), (225, 175, 205), (150, 90, 170), (70, 30, 110)


@pytest.fixture(scope="session")
def patchwork_slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pink tissue with a violet square, a dark one in it, and a violet one apart."""
    pixels = np.full((1200, 1600, 3), PAPER, np.uint8)
    pixels[100:1100, 100:1500] = PINK
    pixels[300:900, 300:900] = VIOLET
    pixels[500:700, 500:700] = DARK
    pixels[300:900, 1100:1400] = VIOLET
    path = tmp_path_factory.mktemp("patches") / "patches.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def wand(open_slide: OpenSlide, patchwork_slide: Path) -> MainWindow:
    """A window with that slide, and the wand in hand."""
    window = open_slide(patchwork_slide)
    window.named_actions["wand"].trigger()
    return window


def only(window: MainWindow) -> Annotation:
    (annotation,) = window.session.document.annotations
    return annotation


def area(annotation: Annotation) -> float:
    return float(as_polygon(annotation).area)


def test_a_click_takes_what_is_of_one_colour(wand: MainWindow) -> None:
    click(wand.canvas, 1250, 600)
    made = only(wand)
    pixel = 1 / wand.canvas.viewpoint.scale
    bounds = made.bounds
    assert bounds is not None
    found = (bounds.x, bounds.y, bounds.right, bounds.bottom)
    assert found == pytest.approx((1100, 300, 1400, 900), abs=3 * pixel)
    assert area(made) == pytest.approx(300 * 600, rel=0.06)
    assert made.kind == Kind.POLYGON and made.group == wand.session.drawn_group
    assert len(made.points) < 60
    assert wand.session.selection.ids == {made.id}
    assert wand.named_actions["undo"].text() == "Undo Draw with the wand"
    wand.named_actions["undo"].trigger()
    assert len(wand.session.document.annotations) == 0


def test_the_further_the_drag_the_more_is_alike(wand: MainWindow) -> None:
    canvas = wand.canvas
    start = screen_point(canvas, 600, 600)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    grown = []
    for way in (0, 100, 220, 500):
        QTest.mouseMove(canvas, start + type(start)(way, 1))
        grown.append(canvas.tool._growth.area_px.area)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=start + type(start)(500, 1))
    assert grown == sorted(grown) and grown[0] == pytest.approx(200 * 200, rel=0.15)
    assert grown[-1] > 5 * grown[0]
    assert area(only(wand)) == pytest.approx(grown[-1], rel=0.01)


def test_on_a_turned_and_mirrored_slide_the_place_is_the_same(wand: MainWindow) -> None:
    click(wand.canvas, 1250, 600)
    upright = as_polygon(only(wand))
    wand.named_actions["undo"].trigger()
    wand.named_actions["flip_horizontal"].trigger()
    wand.canvas.turn_to(30)
    wand.grab()
    click(wand.canvas, 1250, 600)
    turned = as_polygon(only(wand))
    assert turned.symmetric_difference(upright).area < 0.06 * upright.area


def test_it_sees_what_the_screen_shows(qtbot: QtBot, wand: MainWindow) -> None:
    wand.views.active.set_look(Look(contrast=0.0))  # all is one grey
    settle(qtbot, wand)
    click(wand.canvas, 1250, 600)
    bounds = only(wand).bounds
    assert bounds is not None and bounds.width > 1500


def test_shift_adds_and_alt_takes_away(wand: MainWindow) -> None:
    canvas = wand.canvas
    settings.write(settings.HOLES, "cut")
    click(canvas, 1250, 600)
    first = only(wand)
    click(canvas, 200, 200, SHIFT)
    both = only(wand)
    assert (both.id, both.name) == (first.id, first.name)
    assert area(both) == pytest.approx(1400 * 1000, rel=0.02)  # the holes are filled
    assert wand.named_actions["undo"].text() == "Undo Add with the wand"
    click(canvas, 600, 600, ALT)
    rest = only(wand)
    assert rest.id == first.id
    assert area(both) - area(rest) == pytest.approx(200 * 200, rel=0.15)
    assert wand.named_actions["undo"].text() == "Undo Take away with the wand"


@pytest.mark.parametrize("modifier", [SHIFT, ALT])
def test_without_a_selected_shape_there_is_nothing_to_change(
    wand: MainWindow, modifier: Qt.KeyboardModifier
) -> None:
    made = Annotation("Dot", Kind.DOT, as_points([(50, 50)]))
    wand.session.document.apply("Add", {made.id: made})
    wand.session.selection.set([made.id])
    click(wand.canvas, 400, 400, modifier)
    assert only(wand) == made
    assert any("Select the shape first" in text for text in wand.notices.texts)


def test_esc_drops_what_was_growing(wand: MainWindow) -> None:
    canvas = wand.canvas
    start = screen_point(canvas, 1250, 600)
    canvas.grab()
    before = canvas.grab().toImage()
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    assert canvas.tool.is_busy
    assert canvas.grab().toImage().pixelColor(start) != before.pixelColor(start)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.grab().toImage().pixelColor(start) == before.pixelColor(start)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=start)
    assert len(wand.session.document.annotations) == 0
    assert not canvas.tool.is_busy
