"""The ruler by hand: drags, clicks, Shift, Esc; and the grid of round lengths."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from window_fixtures import OpenSlide, click, drag, screen_point

from slideviewer.geometry import Rect
from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.ui.layers.grid import LEAST_GAP, GridLayer, clipped, round_step
from slideviewer.ui.rulers import Ruler
from slideviewer.ui.viewpoint import Viewpoint
from slideviewer.ui.window import MainWindow

SHIFT = Qt.KeyboardModifier.ShiftModifier
points = st.tuples(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5))


def measuring(window: MainWindow) -> MainWindow:
    """The window with the ruler in hand, zoomed in a little."""
    window.canvas.zoom_by(3)
    window.canvas.setFocus()
    QTest.keyClick(window.canvas, Qt.Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
    assert window.canvas.tool is window.aids.ruler_tool
    return window


def test_a_drag_measures_in_micrometres(open_slide: OpenSlide, made_slide: Path) -> None:
    window = measuring(open_slide(made_slide))
    drag(window.canvas, (1800, 1400), (2200, 1700))
    (ruler,) = window.aids.rulers.laid
    assert window.session.slide is not None
    spacing = window.session.slide.spacing
    assert isinstance(spacing, Spacing)
    words = ruler.words(spacing)
    assert float(words.partition(" ")[0]) == pytest.approx(125, rel=0.02)  # 500 px of 0.25 µm
    assert words.endswith("µm · 143°")
    assert "not saved" in window.status.hint.text()
    assert window.session.document.is_saved  # nothing was marked


def test_two_clicks_measure_with_a_live_preview(open_slide: OpenSlide, made_slide: Path) -> None:
    window = measuring(open_slide(made_slide))
    rulers, canvas = window.aids.rulers, window.canvas
    click(canvas, 1800, 1400)
    assert rulers.laid == ()
    QTest.mouseMove(canvas, screen_point(canvas, 2000, 1400))
    (live,) = rulers.shown
    assert live.length_px == pytest.approx(200, abs=6)
    click(canvas, 2100, 1500)
    (ruler,) = rulers.laid
    assert (ruler.x2, ruler.y2) == pytest.approx((2100, 1500), abs=4)


def test_a_double_click_ends_a_ruler_and_begins_none(
    open_slide: OpenSlide, made_slide: Path
) -> None:
    window = measuring(open_slide(made_slide))
    rulers, canvas = window.aids.rulers, window.canvas
    click(canvas, 1800, 1400)
    click(canvas, 2100, 1500)
    QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=screen_point(canvas, 2100, 1500))
    QTest.mouseMove(canvas, screen_point(canvas, 2000, 1600))
    assert len(rulers.shown) == 1
    assert not canvas.tool.is_busy


def test_shift_keeps_to_steps_of_45_degrees(open_slide: OpenSlide, made_slide: Path) -> None:
    window = measuring(open_slide(made_slide))
    drag(window.canvas, (1800, 1400), (2200, 1430), modifiers=SHIFT)
    drag(window.canvas, (1800, 1500), (2100, 1210), modifiers=SHIFT)
    flat, slanted = window.aids.rulers.laid
    assert flat.y2 == flat.y1
    assert flat.degrees == 0
    assert slanted.degrees == pytest.approx(45)


def test_escape_drops_the_live_one_then_all_and_delete_the_last(
    open_slide: OpenSlide, made_slide: Path
) -> None:
    window = measuring(open_slide(made_slide))
    rulers, canvas = window.aids.rulers, window.canvas
    for down in (0, 100, 200):
        drag(canvas, (1800, 1400 + down), (2200, 1400 + down))
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert len(rulers.laid) == 2
    click(canvas, 1800, 1400)
    QTest.mouseMove(canvas, screen_point(canvas, 2000, 1450))
    assert len(rulers.shown) == 3
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert len(rulers.shown) == 2
    window.named_actions["pan"].trigger()
    assert len(rulers.shown) == 2  # another tool leaves them there
    window.named_actions["ruler"].trigger()
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert rulers.shown == ()


def test_another_slide_has_no_rulers(
    open_slide: OpenSlide, made_slide: Path, real_data: Path
) -> None:
    window = measuring(open_slide(made_slide))
    drag(window.canvas, (1800, 1400), (2200, 1700))
    open_slide(real_data / "slides" / "tcga-cr-7395-01a-01-ts1.svs")
    assert window.aids.rulers.shown == ()
    drag(window.canvas, (1000, 1000), (2000, 1000))
    (ruler,) = window.aids.rulers.laid
    assert window.session.slide is not None
    told = ruler.words(window.session.slide.spacing)
    assert " px · 0°" in told  # this slide has no spacing
    assert float(told.split()[0]) == pytest.approx(1000, abs=10)


def test_the_ruler_is_painted_in_the_view_it_belongs_to(
    open_slide: OpenSlide, made_slide: Path
) -> None:
    window = measuring(open_slide(made_slide))
    canvas = window.canvas
    middle = screen_point(canvas, 2000, 1400)
    drag(canvas, (1700, 1400), (2300, 1400))
    pixel = canvas.grab().toImage().pixelColor(middle.x() + 60, middle.y())
    values = (pixel.red(), pixel.green(), pixel.blue())
    assert max(values) < 110  # its black line, which no stain colours
    assert max(values) - min(values) < 6


@given(first=points, last=points)
def test_steps_never_change_a_line_that_is_on_one(
    first: tuple[float, float], last: tuple[float, float]
) -> None:
    kept = Ruler(*first, *last).kept_to_steps()
    again = kept.kept_to_steps()
    assert (again.x2, again.y2) == pytest.approx((kept.x2, kept.y2), abs=1e-4)
    assert 0 <= kept.degrees < 180
    assert kept.length_px <= Ruler(*first, *last).length_px + 1e-6


def test_lengths_are_told_in_the_unit_that_suits() -> None:
    assert Ruler(0, 0, 100, 0).words(Spacing(0.25, 0.25)) == "25.0 µm · 0°"
    assert Ruler(0, 0, 0, -10_000).words(Spacing(0.25, 0.5)) == "5.000 mm · 90°"
    assert Ruler(0, 0, 30, 40).words(UnknownSpacing("x")) == "50 px · 127°"


@given(st.floats(1e-6, 1e9))
def test_a_grid_step_is_round_and_just_long_enough(least: float) -> None:
    step = round_step(least)
    assert least * (1 - 1e-6) <= step <= least * 2.5 * (1 + 1e-6)
    digit = step / 10.0 ** math.floor(math.log10(step) + 1e-9)
    assert min(abs(digit - one) for one in (1, 2, 5)) < 1e-6


@given(a=points, b=points)
def test_a_clipped_line_lies_in_the_room(a: tuple[float, float], b: tuple[float, float]) -> None:
    room = QRectF(0, 0, 640, 480)
    part = clipped(QLineF(*a, *b), room)
    if part is not None:
        for end in (part.p1(), part.p2()):
            assert room.adjusted(-0.01, -0.01, 0.01, 0.01).contains(end)


@pytest.mark.parametrize("rotation", [0.0, 90.0, 33.0])
@pytest.mark.parametrize("scale", [0.01, 0.3, 20.0])
def test_grid_lines_are_round_lengths_apart(rotation: float, scale: float) -> None:
    layer = GridLayer()
    layer.set_slide(Rect(0, 0, 100_000, 80_000), Spacing(0.25, 0.25))
    view = Viewpoint(50_000, 40_000, scale, 600, 400, rotation)
    image = QImage(600, 400, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    layer.paint(painter, view, view.visible, rough=False)
    painter.end()
    dark = np.frombuffer(image.constBits(), np.uint8).reshape(400, 600, 4)[..., 1] < 200
    assert dark.any()
    if rotation == 0:
        row = dark[30:395, 130:].mean(axis=0) > 0.95  # columns that are dark all the way down
        gaps = np.diff(np.flatnonzero(row))
        step = round_step(LEAST_GAP / scale * 0.25) / 0.25 * scale
        assert len(gaps) > 2
        assert gaps == pytest.approx(step, abs=1.01)


def test_keys_switch_grid_and_names(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    aids = window.aids.of_active
    before = window.canvas.grab().toImage()
    QTest.keyClick(window.canvas, Qt.Key.Key_G)
    assert aids.grid.visible
    assert window.canvas.grab().toImage() != before
    QTest.keyClick(window.canvas, Qt.Key.Key_G)
    assert window.canvas.grab().toImage() == before
    QTest.keyClick(window.canvas, Qt.Key.Key_N)
    assert aids.names.visible
    assert window.named_actions["show_names"].isChecked()
