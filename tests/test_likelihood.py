"""Likelihood maps: laid exactly over the slide, in red from a threshold on, or refused in words."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QSlider, QToolButton
from pytestqt.qtbot import QtBot
from test_adjust_panel import type_number
from window_fixtures import OpenSlide, screen_point, settle, wait_for_jobs

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.slide import Slide
from slideviewer.slide import open_slide as open_any
from slideviewer.ui import likelihood_maps
from slideviewer.ui.layers.likelihood import LikelihoodLayer, absolute_look, alpha_table, reddened
from slideviewer.ui.look import read_tile
from slideviewer.ui.panels.likelihood_row import LikelihoodControls
from slideviewer.ui.window import MainWindow

ShowMap = Callable[[NDArray[Any]], MainWindow]


def write_map(path: Path, values: NDArray[Any]) -> Path:
    """A tiled pyramid as ASAP's workers write it: the map, and half of it."""
    with tifffile.TiffWriter(path) as file:
        file.write(values, tile=(256, 256), photometric="minisblack")
        file.write(values[::2, ::2], tile=(256, 256), photometric="minisblack", subfiletype=1)
    return path


def quarter_map(dtype: type = np.uint8, highest: float = 255) -> NDArray[Any]:
    """512 x 384, an eighth of the made slide: certain in the top left quarter, nothing else."""
    values = np.zeros((384, 512), dtype)
    values[:192, :256] = highest
    return values


@pytest.fixture
def show_map(qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path) -> ShowMap:
    """Lay a map over the made slide, and wait until it is painted."""

    def show(values: NDArray[Any]) -> MainWindow:
        window = open_slide(made_slide)
        path = write_map(tmp_path / "made_likelihood_map.tif", values)
        window.files.likelihood_map_wanted.emit(path)
        qtbot.waitUntil(lambda: bool(window.aids.maps.layers), timeout=10_000)
        window.canvas.go(window.canvas.viewpoint)
        qtbot.waitUntil(lambda: all(layer.is_sharp for layer in window.aids.maps.layers))
        settle(qtbot, window)
        return window

    return show


def is_reddened(window: MainWindow, x: float, y: float) -> bool:
    """Whether the map makes a difference at a level-0 point."""
    (layer,) = window.aids.maps.layers
    at = screen_point(window.canvas, x, y)

    def look() -> QColor:
        QApplication.processEvents()
        window.grab()
        return window.canvas.grab().toImage().pixelColor(at)

    shown = look()
    layer.visible = False
    hidden = look()
    layer.visible = True
    return shown != hidden and shown.red() - shown.blue() > hidden.red() - hidden.blue()


def test_a_map_lies_exactly_over_its_slide(qtbot: QtBot, show_map: ShowMap) -> None:
    window = show_map(quarter_map())
    window.canvas.zoom_to(2.0)
    for rotation in (0, 90, 30):
        window.canvas.turn_to(rotation)
        window.canvas.centre_on(2048, 1536)  # the corner of what is certain
        qtbot.waitUntil(lambda: all(layer.is_sharp for layer in window.aids.maps.layers))
        settle(qtbot, window)
        assert is_reddened(window, 2044, 1532)
        assert not is_reddened(window, 2052, 1532)
        assert not is_reddened(window, 2044, 1540)


def test_a_map_whose_last_pixels_are_cut_off_is_not_stretched(
    qtbot: QtBot, show_map: ShowMap
) -> None:
    # 4096 x 3072 in squares of 60 px: 68.3 across, 51.2 down; the rest has no pixel, as in ASAP.
    values = np.zeros((51, 68), np.float32)
    values[:, :60] = 1
    window = show_map(values)
    window.canvas.zoom_to(2.0)
    window.canvas.centre_on(3600, 1500)
    qtbot.waitUntil(lambda: all(layer.is_sharp for layer in window.aids.maps.layers))
    settle(qtbot, window)
    assert is_reddened(window, 3594, 1500)
    assert not is_reddened(window, 3606, 1500)


@pytest.mark.parametrize(
    ("dtype", "highest"), [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1.0)]
)
def test_likelihoods_are_read_by_their_own_numbers(
    tmp_path: Path, dtype: type, highest: float
) -> None:
    values = np.zeros((256, 256), dtype)
    values[:, 64:128] = highest * 0.25
    values[:, 128:] = highest * 0.8  # nothing in this map is certain
    slide = open_any(write_map(tmp_path / "map.tif", values))
    look = absolute_look(slide)
    (key,) = slide.pyramid.tiles_in(slide.pyramid.extent, 0)
    image = read_tile(slide, key, look)
    told = [image.pixelColor(x, 100).green() / 255 for x in (30, 100, 200)]
    assert told == pytest.approx([0, 0.25, 0.8], abs=0.01)
    slide.close()


def test_nothing_is_painted_below_the_threshold() -> None:
    table = alpha_table(0.5)
    assert not table[:127].any()
    assert 0 < table[128] < table[255] == 255
    assert alpha_table(0.0)[0] == 0  # what was never looked at
    assert alpha_table(1.0)[254] == 0
    grey = QImage(2, 1, QImage.Format.Format_RGB32)
    grey.setPixelColor(0, 0, QColor(60, 60, 60))
    grey.setPixelColor(1, 0, QColor(255, 255, 255))
    red = reddened(grey, table)
    assert red.pixelColor(0, 0).alpha() == 0
    assert red.pixelColor(1, 0) == QColor(255, 0, 0, 255)


def test_the_row_has_threshold_opacity_research_line_and_a_way_out(show_map: ShowMap) -> None:
    values = quarter_map()
    values[:192, :128] = 100
    window = show_map(values)
    (layer,) = window.aids.maps.layers
    row = window.layers_panel.rows["Likelihood map"]
    controls = row.findChild(LikelihoodControls)
    assert controls is not None
    assert RESEARCH_USE_ONLY in [label.text() for label in controls.findChildren(QLabel)]
    slider = controls.findChild(QSlider)
    assert slider is not None
    type_number(controls.value, "0.95")
    assert layer.threshold == 0.95 and slider.value() == 95
    assert not is_reddened(window, 512, 700)
    slider.setValue(20)
    assert layer.threshold == pytest.approx(0.2)
    assert is_reddened(window, 512, 700)
    row.opacity.setValue(10)
    assert layer.opacity == pytest.approx(0.1)
    remove = controls.findChild(QToolButton)
    assert remove is not None
    QTest.mouseClick(remove, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert window.aids.maps.layers == []
    assert "Likelihood map" not in window.layers_panel.rows


def test_a_map_of_another_shape_is_not_shown(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path
) -> None:
    window = open_slide(made_slide)
    path = write_map(tmp_path / "other_likelihood_map.tif", np.zeros((384, 530), np.uint8))
    window.aids.maps.show(path)
    qtbot.waitUntil(lambda: any("differs by 3.5%" in text for text in window.notices.texts))
    assert window.aids.maps.layers == []


def test_a_broken_map_is_explained(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path
) -> None:
    window = open_slide(made_slide)
    path = tmp_path / "bad_likelihood_map.tif"
    path.write_bytes(b"II*\0 nothing more")
    window.aids.maps.show(path)
    qtbot.waitUntil(lambda: any(path.name in text for text in window.notices.texts))


@pytest.mark.parametrize("how", ["another map", "another slide", "taken away"])
def test_a_map_that_comes_too_late_is_closed_and_not_shown(
    qtbot: QtBot,
    open_slide: OpenSlide,
    made_slide: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    window = open_slide(made_slide)
    late, other = (write_map(tmp_path / name, quarter_map()) for name in ("late.tif", "other.tif"))
    may_come, closed = threading.Event(), []

    def open_slowly(path: Path) -> Slide:
        slide = open_any(path)
        if path == late:
            may_come.wait(60)
            monkeypatch.setattr(slide, "close", lambda: closed.append(path))
        return slide

    monkeypatch.setattr(likelihood_maps, "open_slide", open_slowly)
    window.aids.maps.show(late)
    if how == "another map":
        window.aids.maps.show(other)
        qtbot.waitUntil(lambda: bool(window.aids.maps.layers), timeout=10_000)
    elif how == "another slide":
        window.session.set_slide(None)
    else:
        window.aids.maps.clear()
    may_come.set()
    wait_for_jobs(qtbot)
    shown = [layer.source.slide.path for layer in window.aids.maps.layers]
    assert shown == ([other] if how == "another map" else [])
    assert closed == [late]


def test_it_goes_with_its_slide_and_leaves_other_views_alone(
    show_map: ShowMap, qtbot: QtBot
) -> None:
    window = show_map(quarter_map())
    window.named_actions["view_add"].trigger()
    assert len(window.aids.maps.layers) == 2
    second = window.views.views[1]
    window.views.remove(second)
    assert len(window.aids.maps.layers) == 1
    window.session.set_slide(None)
    assert window.aids.maps.layers == []
    assert not any(isinstance(layer, LikelihoodLayer) for layer in window.views.active.layers)
    assert not any("likelihood" in it.slide.path.name for it in window.sources._sources.values())
