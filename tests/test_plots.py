"""The plots of the panels: what is painted where, what the mouse does, and what it must not."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from slideviewer.evaluation.report import Curve, Line, Style
from slideviewer.training.history import EpochRow
from slideviewer.ui import theme
from slideviewer.ui.metrics.plot import CurvePlot
from slideviewer.ui.plots import Axis, Plot, load
from slideviewer.ui.training.curves import Curves

LIGHT, DARK = (theme.palette(it) for it in (Qt.ColorScheme.Light, Qt.ColorScheme.Dark))
SIZE = (300, 220)
INK, DARK_INK, BLUE = "#1c4fd0", "#8ab0ff", "#0072b2"


def curve(
    x: tuple[float, ...],
    y: tuple[float, ...],
    style: Style = "line",
    ticks: tuple[float, ...] = (),
) -> Curve:
    """With a threshold for each point, but for the first."""
    thresholds = (None, *np.linspace(0.9, 0.1, len(x) - 1).tolist())
    return Curve(
        "roc", "ROC, <Tumor>", "rate", "share", (Line("", x, y, style, thresholds),), x_ticks=ticks
    )


@pytest.fixture
def plot(qtbot: QtBot) -> CurvePlot:
    made = CurvePlot()
    qtbot.addWidget(made)
    made.setPalette(LIGHT)
    made.resize(*SIZE)
    made.show()
    return made


@pytest.fixture
def lives(qtbot: QtBot) -> Curves:
    made = Curves()
    qtbot.addWidget(made)
    made.setPalette(LIGHT)
    made.resize(*SIZE)
    made.show()
    return made


def shown(plot: QWidget) -> QImage:
    """What is seen of it now."""
    QApplication.processEvents()
    return plot.grab().toImage()


def has(picture: QImage, colour: str, at: QPointF, around: int = 2) -> bool:
    """Whether a colour, or nearly so, is near a place."""
    x, y, wanted = round(at.x()), round(at.y()), QColor(colour)
    near = range(-around, around + 1)
    found = [picture.pixelColor(x + i, y + j) for i in near for j in near]
    parts = ((it.red(), it.green(), it.blue()) for it in found)
    full = (wanted.red(), wanted.green(), wanted.blue())
    return any(np.abs(np.subtract(it, full)).max() < 40 for it in parts)


@given(st.floats(), st.floats(0.001, 1e6), st.floats(0.001, 1e6), st.booleans())
def test_whatever_is_laid_lies_between_the_ends(
    value: float, one: float, other: float, is_log: bool
) -> None:
    axis = Axis(min(one, other), max(one, other), (), is_log=is_log)
    low, at, high = axis.laid((axis.first, value, axis.last))
    assert math.isnan(value) or low <= at <= high


def test_lines_steps_and_gaps_are_where_their_values_are(plot: CurvePlot) -> None:
    plot.show_curve(curve((0.0, 0.5, 1.0), (0.1, 0.5, 0.9)), None)
    picture = shown(plot)
    start, middle, end = (plot.screen_place(index) for index in range(3))
    assert 0 < start.x() < middle.x() < end.x() < SIZE[0]
    assert SIZE[1] > start.y() > middle.y() > end.y() > 0
    assert has(picture, INK, (start + middle) / 2) and has(picture, INK, (middle + end) / 2)
    # A height holds from the point before on.
    plot.show_curve(curve((0.0, 0.5, 1.0), (0.1, 0.5, 0.9), "steps"), None)
    picture = shown(plot)
    assert has(picture, INK, QPointF((start.x() + middle.x()) / 2, middle.y()))
    assert not has(picture, INK, (start + middle) / 2)
    plot.show_curve(curve((0.0, 0.25, 0.5, 0.75, 1.0), (0.3, 0.3, math.nan, 0.3, 0.3)), None)
    picture = shown(plot)
    begin, before, _, after, _ = (plot.screen_place(index) for index in range(5))
    assert has(picture, INK, (begin + before) / 2) and not has(picture, INK, (before + after) / 2)


def test_on_a_logarithmic_axis_doubling_is_a_step_and_beyond_is_at_the_end(
    plot: CurvePlot,
) -> None:
    plot.show_curve(curve((0.0, 1.0), (0.0, 1.0)), None)
    shown(plot)
    values = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 500.0)
    plot.show_curve(curve(values, (0.5,) * 8, ticks=(0.25, 0.5, 1, 2, 4, 8)), None)
    across = [plot.screen_place(index).x() for index in range(8)]
    steps = np.diff(across[1:7])
    assert steps == pytest.approx(steps[0], abs=0.01) and steps[0] > 10
    assert across[0] == pytest.approx(across[1] - steps[0], abs=0.01)
    assert across[6] < across[7] < SIZE[0]


def test_the_mouse_tells_and_chooses_a_point_that_has_a_threshold(
    qtbot: QtBot, plot: CurvePlot
) -> None:
    plot.show_curve(curve((0.0, 0.25, 0.75, 1.0), (0.0, 0.6, 0.8, 1.0)), (0.25, 0.6))
    assert plot.accessibleName() == "ROC, <Tumor>"
    assert plot.accessibleDescription() == "At the threshold: rate 0.25, share 0.6"
    text = LIGHT.windowText().color().name()
    assert has(shown(plot), text, plot.screen_place(1), around=0)
    said: list[str] = []
    plot.pointed_at.connect(said.append)
    near, before = plot.screen_place(2).toPoint() + QPoint(4, 3), shown(plot)
    QTest.mouseMove(plot, near)
    qtbot.waitUntil(lambda: bool(said))
    assert said[-1] == "From 0.500: rate 0.75, share 0.8"
    ring = (plot.screen_place(2) + QPointF(6, 0)).toPoint()
    assert shown(plot).pixelColor(ring).lightness() < before.pixelColor(ring).lightness()
    chosen: list[float] = []
    plot.threshold_wanted.connect(chosen.append)
    QTest.mouseClick(plot, Qt.MouseButton.LeftButton, pos=near)
    # Where nothing counts there is no threshold: it is that of the point beside it.
    QTest.mouseClick(plot, Qt.MouseButton.LeftButton, pos=plot.screen_place(0).toPoint())
    QTest.keyClick(plot, Qt.Key.Key_Right)
    QTest.keyClick(plot, Qt.Key.Key_Left)
    assert chosen == [0.5, 0.9, 0.5]


def test_no_menu_no_zoom_and_the_wheel_is_left_to_the_page(plot: CurvePlot) -> None:
    plot.show_curve(curve((0.0, 0.5, 1.0), (0.1, 0.5, 0.9)), None)
    shown(plot)
    places, at = [plot.screen_place(index) for index in range(3)], plot.rect().center()
    assert plot.childAt(at) is None  # pyqtgraph hears nothing
    QTest.mouseClick(plot, Qt.MouseButton.RightButton, pos=at)
    QTest.mousePress(plot, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseMove(plot, at + QPoint(60, 30))
    QTest.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=at + QPoint(60, 30))
    QTest.mouseDClick(plot, Qt.MouseButton.LeftButton, pos=at)
    window, place = plot.windowHandle(), QPointF(at)
    turned = QWheelEvent(
        place, window.mapToGlobal(place), QPoint(), QPoint(0, -240), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(plot, turned)
    assert not turned.isAccepted()
    shown(plot)
    assert [plot.screen_place(index) for index in range(3)] == places
    assert not any(isinstance(it, QMenu) for it in QApplication.topLevelWidgets())


def test_colours_font_and_focus_are_the_windows(plot: CurvePlot) -> None:
    plot.show_curve(curve((0.0, 0.5, 1.0), (0.1, 0.5, 0.9), "line and dots"), None)
    light = shown(plot)
    middle = (plot.screen_place(0) + plot.screen_place(1)) / 2
    assert light.pixelColor(1, 1) == LIGHT.base().color() and has(light, INK, middle)
    assert has(light, "#ffffff", plot.screen_place(1), around=0)  # a dot is hollow
    plot.setPalette(DARK)
    dark = shown(plot)
    assert dark.pixelColor(1, 1) == DARK.base().color() and has(dark, DARK_INK, middle)
    edge = QPointF(plot.screen_place(0).x(), middle.y())
    focus = DARK.highlight().color().name()
    assert has(dark, focus, edge) == plot.hasFocus()
    plot.clearFocus()
    assert not has(shown(plot), focus, edge)
    plot.activateWindow()
    plot.setFocus()
    assert has(shown(plot), focus, edge)
    large = plot.font()
    large.setPointSizeF(2 * large.pointSizeF())
    former, left = plot.height(), plot.screen_place(0).x()
    plot.setFont(large)
    shown(plot)
    assert plot.height() > 1.5 * former and plot.screen_place(0).x() > left


def test_the_mouse_over_a_training_tells_its_values(qtbot: QtBot, lives: Curves) -> None:
    rows = [EpochRow(1, epoch, "", 1.0, {"loss": 1 / epoch}) for epoch in (1, 2, 3)]
    lives.show_rows(rows, "loss", 5)
    assert lives.told(2) == "Epoch 2: training 0.5"
    assert lives.accessibleName() == "Curve of loss"
    assert lives.accessibleDescription() == "Epoch 3: training 0.3333"
    shown(lives)
    ((across, up),) = lives.places((2.2,), (0.5,))
    QTest.mouseMove(lives, QPoint(round(across), round(up)))
    qtbot.waitUntil(lambda: QToolTip.text() == lives.told(2))


def test_a_long_training_is_thinned_and_keeps_what_stands_out(lives: Curves) -> None:
    losses = [2.0 if epoch == 2500 else 1.0 for epoch in range(1, 5001)]
    rows = [EpochRow(1, epoch, "", 1.0, {"loss": it}) for epoch, it in enumerate(losses, 1)]
    lives.show_rows(rows[:-1], "loss", 5000)
    shown(lives)
    lives.show_rows(rows, "loss", 5000)
    picture = shown(lives)
    low, high = (QPointF(*it) for it in lives.places((2500, 2500), (1.0, 2.0)))
    assert has(picture, BLUE, (low + high) / 2) and has(picture, BLUE, low + QPointF(50, 0))
    (line,) = (it for it in drawn(lives) if len(it.xData) == 5000)
    assert len(line.getData()[0]) < 4 * SIZE[0] and max(line.getData()[1]) == 2.0


def drawn(plot: Plot) -> list[Any]:
    """The lines that are in its picture."""
    (view,) = plot.findChildren(load().GraphicsView)
    return [it for it in view.items() if isinstance(it, load().PlotDataItem)]
