"""The overview in the corner and the magnification under it."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from window_fixtures import OpenSlide

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
    whole = little.view_box
    window.canvas.zoom_by(8)
    assert little.isVisible()
    assert little.view_box.width() == pytest.approx(whole.width() / 8, rel=0.01)
    window.canvas.zoom_by(100)
    assert little.view_box.width() >= 6


def test_a_click_and_a_drag_move_the_view(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    little, canvas = window.overview.little, window.canvas
    canvas.zoom_by(8)
    quarter = QPoint(little.width() // 4, little.height() // 4)
    QTest.mousePress(little, Qt.MouseButton.LeftButton, pos=quarter)
    assert canvas.viewpoint.visible.centre == pytest.approx((1024, 768), abs=30)
    QTest.mouseMove(little, quarter * 2)
    QTest.mouseRelease(little, Qt.MouseButton.LeftButton, pos=quarter * 2)
    assert canvas.viewpoint.visible.centre == pytest.approx((2048, 1536), abs=30)


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


def test_nonsense_is_put_back(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    shown = window.overview.magnification.currentText()
    window.overview.magnification.setEditText("large")
    QTest.keyClick(window.overview.magnification.lineEdit(), Qt.Key.Key_Return)
    assert window.overview.magnification.currentText() == shown


def test_without_a_slide_or_a_spacing_there_is_nothing_to_choose(
    window: MainWindow, open_slide: OpenSlide, real_data: Path
) -> None:
    assert not window.overview.isVisible()
    open_slide(real_data / "slides" / "tcga-cr-7395-01a-01-ts1.svs")
    assert window.overview.isVisible()
    assert not window.overview.magnification.isVisible()
