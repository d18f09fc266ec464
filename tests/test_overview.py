"""The overview in the corner and the magnification under it."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide

from slideviewer.ui.manner import Manner
from slideviewer.ui.window import MainWindow


def test_it_shows_the_slide_and_a_box_around_the_view(
    open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    little = window.overview.little
    assert little.width() / little.height() == pytest.approx(4096 / 3072, rel=0.02)
    image = little.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    grey = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    assert (grey < 200).mean() > 0.1  # tissue, not only paper
    assert not little.isVisible()  # the canvas itself shows all of the slide
    whole = little.view_box.boundingRect()
    window.canvas.zoom_by(8)
    assert little.isVisible()
    assert little.view_box.boundingRect().width() == pytest.approx(whole.width() / 8, rel=0.01)
    window.canvas.zoom_by(100)
    assert little.view_box.boundingRect().width() >= 6


def test_a_click_beside_the_box_goes_there_and_on(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    little, canvas = window.overview.little, window.canvas
    canvas.zoom_by(8)
    quarter = QPoint(little.width() // 4, little.height() // 4)
    pixels = 2 * 4096 / little.width()  # by which whole pixels of the overview may miss
    QTest.mousePress(little, Qt.MouseButton.LeftButton, pos=quarter)
    assert canvas.viewpoint.visible.centre == pytest.approx((1024, 768), abs=pixels)
    QTest.mouseMove(little, quarter * 2)
    QTest.mouseRelease(little, Qt.MouseButton.LeftButton, pos=quarter * 2)
    assert canvas.viewpoint.visible.centre == pytest.approx((2048, 1536), abs=pixels)


@pytest.mark.parametrize("rotation", [0, 90, 215])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_box_is_dragged_by_where_it_was_gripped(
    open_slide: OpenSlide, made_slide: Path, rotation: float, mirrored: bool
) -> None:
    window = open_slide(made_slide)
    little, canvas = window.overview.little, window.canvas
    canvas.zoom_by(4)
    if mirrored:
        canvas.go(canvas.viewpoint.flipped_across())
    canvas.turn_to(rotation)
    canvas.centre_on(2000, 1500)
    before = canvas.viewpoint
    grip = little.view_box.boundingRect().center().toPoint() + QPoint(6, 5)
    QTest.mousePress(little, Qt.MouseButton.LeftButton, pos=grip)
    assert canvas.viewpoint == before  # gripping moves nothing
    QTest.mouseMove(little, grip + QPoint(30, -20))
    QTest.mouseRelease(little, Qt.MouseButton.LeftButton, pos=grip + QPoint(30, -20))
    across, down = 4096 / little.width(), 3072 / little.height()
    moved = canvas.viewpoint.centre_x - before.centre_x, canvas.viewpoint.centre_y - before.centre_y
    assert moved == pytest.approx((30 * across, -20 * down), abs=1)
    after = canvas.viewpoint
    QTest.mouseMove(little, QPoint(3, 3))
    assert canvas.viewpoint == after  # let go is let go


def test_a_click_glides_where_motion_is_wanted(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    window.views.set_manner(Manner(is_animated=True))
    little, canvas = window.overview.little, window.canvas
    canvas.go(canvas.viewpoint.zoomed(canvas.viewpoint.scale * 8, 300, 300))
    QTest.mouseClick(little, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    assert canvas.is_moving
    qtbot.waitUntil(lambda: not canvas.is_moving)
    scale = 4096 / little.width()
    centre = canvas.viewpoint.centre_x, canvas.viewpoint.centre_y
    assert centre == pytest.approx((10 * scale, 10 * scale), abs=20)


def test_it_leaves_small_views_to_the_slide(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    overview, little = window.overview, window.overview.little
    window.canvas.zoom_by(8)
    large = little.width()
    window.views.set_shape(2, 2)
    QApplication.processEvents()
    window.canvas.zoom_by(8)
    assert little.width() < large
    assert little.width() <= 0.3 * window.canvas.width() + 1
    assert little.width() / little.height() == pytest.approx(4096 / 3072, rel=0.05)
    window.resize(700, 500)
    QApplication.processEvents()
    assert window.canvas.width() < 240
    assert not overview.isVisible()


@pytest.mark.parametrize(("typed", "expected"), [("20", 20), ("7,5x", 7.5), ("40×", 40)])
def test_a_typed_magnification_is_taken(
    open_slide: OpenSlide, made_slide: Path, typed: str, expected: float
) -> None:
    window = open_slide(made_slide)
    box = window.overview.magnification
    box.setFocus()
    box.lineEdit().selectAll()
    QTest.keyClicks(box.lineEdit(), typed)
    QTest.keyClick(box.lineEdit(), Qt.Key.Key_Return)
    assert window.status.magnification.text().startswith(f"{expected:g}×")


@pytest.mark.parametrize("nonsense", ["large", "0"])
def test_nonsense_is_put_back(open_slide: OpenSlide, made_slide: Path, nonsense: str) -> None:
    window = open_slide(made_slide)
    shown = window.overview.magnification.currentText()
    window.overview.magnification.setEditText(nonsense)
    QTest.keyClick(window.overview.magnification.lineEdit(), Qt.Key.Key_Return)
    assert window.overview.magnification.currentText() == shown


def test_without_a_slide_or_a_spacing_there_is_nothing_to_choose(
    window: MainWindow, open_slide: OpenSlide, real_data: Path
) -> None:
    assert not window.overview.isVisible()
    open_slide(real_data / "slides" / "tcga-cr-7395-01a-01-ts1.svs")
    assert not window.overview.isVisible(), "an empty frame"
    window.canvas.zoom_to(1.0)
    assert window.overview.isVisible()
    assert not window.overview.magnification.isVisible()
