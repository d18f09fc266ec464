"""Looking at a slide: pixels on the screen, zoom, pan, overlays where they belong."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, drag, screen_point, settle, turn_wheel

from slideviewer.annotations import Annotation, Kind, as_points
from slideviewer.geometry import Rect, round_length
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import CellBatch, Prediction
from slideviewer.ui.canvas import Canvas
from slideviewer.ui.cells import Cells
from slideviewer.ui.layers.cells import paint_cells
from slideviewer.ui.viewpoint import Viewpoint
from slideviewer.ui.window import MainWindow


def picture(canvas: Canvas) -> np.ndarray:
    """What the canvas shows: (height, width, 3), RGB."""
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def test_the_canvas_shows_the_slides_pixels(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    slide, canvas = window.session.slide, window.canvas
    assert slide is not None
    x, y = 2000, 1500
    canvas.show_rect(Rect(x - 200, y - 200, 400, 400))
    canvas.zoom_to(1.0)
    settle(qtbot, window)
    shown = picture(canvas)
    at = screen_point(canvas, x, y)
    # At scale 1 a slide pixel may lie half a screen pixel aside, so neighbours are allowed.
    expected = slide.read_region(0, x - 1, y - 1, 66, 66).astype(int)
    best = min(
        np.abs(
            expected[dy : dy + 64, dx : dx + 64]
            - shown[at.y() : at.y() + 64, at.x() : at.x() + 64].astype(int)
        ).mean()
        for dy in range(3)
        for dx in range(3)
    )
    assert best < 1


def test_the_wheel_zooms_at_the_cursor(open_slide: OpenSlide, made_slide: Path) -> None:
    canvas = open_slide(made_slide).canvas
    at = QPoint(200, 150)
    before, scale = canvas.viewpoint.to_slide(200, 150), canvas.viewpoint.scale
    turn_wheel(canvas, at, 3)
    assert canvas.viewpoint.scale > 1.5 * scale
    assert canvas.viewpoint.to_slide(200, 150) == pytest.approx(before, abs=1e-6)
    turn_wheel(canvas, at, -3)
    assert canvas.viewpoint.scale == pytest.approx(scale)


@pytest.mark.parametrize("way", ["pan tool", "middle button", "space held"])
def test_dragging_moves_the_slide_with_the_mouse(
    open_slide: OpenSlide, made_slide: Path, way: str
) -> None:
    window = open_slide(made_slide)
    canvas = window.canvas
    canvas.zoom_by(4)
    button = Qt.MouseButton.LeftButton
    if way != "pan tool":
        window.named_actions["polygon"].trigger()
    if way == "middle button":
        button = Qt.MouseButton.MiddleButton
    if way == "space held":
        QTest.keyPress(canvas, Qt.Key.Key_Space)
    grabbed = (2000.0, 1500.0)
    start = screen_point(canvas, *grabbed)
    drag(canvas, grabbed, (2100.0, 1450.0), button)
    moved = screen_point(canvas, *grabbed) - start
    scale = canvas.viewpoint.scale
    assert moved.x() == pytest.approx(100 * scale, abs=2)
    assert moved.y() == pytest.approx(-50 * scale, abs=2)
    assert not canvas.tool.is_busy
    assert len(window.session.document.annotations) == 0


def nothing_yet(grid: Grid) -> Prediction:
    """A prediction that has just begun."""
    nothing = np.full((grid.rows, grid.columns, 2), np.nan, np.float32)
    return Prediction(grid, ("normal", "tumour"), nothing, target=1, threshold=0.5)


def test_markup_is_blue_and_prediction_red_where_they_belong(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    square = as_points([(1000, 800), (2000, 800), (2000, 1600), (1000, 1600)])
    made = Annotation("A", Kind.POLYGON, square)
    window.session.document.apply("Add", {made.id: made})
    grid = Grid(2400, 1000, 200, 4, 4)
    window.views.main.cells.opacity = 1.0
    window.cells.show_prediction(nothing_yet(grid))
    one = np.array([1], np.int32)
    window.cells.add(CellBatch(one, one * 2, np.array([[0.0, 1.0]], np.float32)))
    window.cells.add(CellBatch(one * 0, one * 0, np.array([[0.6, 0.4]], np.float32)))
    settle(qtbot, window)
    shown, canvas = picture(window.canvas), window.canvas
    blue = (shown[..., 2] > 200) & (shown[..., 0] < 80)
    red = (shown[..., 0] > 200) & (shown[..., 1] < 30) & (shown[..., 2] < 30)
    top_left, bottom_right = screen_point(canvas, 1000, 800), screen_point(canvas, 2000, 1600)
    ys, xs = np.nonzero(blue)
    assert (xs.min(), ys.min()) == pytest.approx((top_left.x(), top_left.y()), abs=3)
    assert (xs.max(), ys.max()) == pytest.approx((bottom_right.x(), bottom_right.y()), abs=3)
    cell = grid.rect(1, 2)
    corner, end = (
        screen_point(canvas, cell.x, cell.y),
        screen_point(canvas, cell.right, cell.bottom),
    )
    ys, xs = np.nonzero(red)
    assert (xs.min(), ys.min()) == pytest.approx((corner.x(), corner.y()), abs=2)
    assert (xs.max(), ys.max()) == pytest.approx((end.x() - 1, end.y() - 1), abs=2)
    window.cells.threshold = 0.3
    assert window.cells.score_at(2450, 1050) == pytest.approx(0.4)
    assert window.layers_panel.summary.text().startswith("2 of 2")


def test_a_bad_tile_is_hatched_and_counted_and_the_rest_goes_on(
    open_slide: OpenSlide, real_data: Path
) -> None:
    window = open_slide(real_data / "slides" / "unreadable.svs")
    assert window.tiles.problems
    assert "damaged tile" in window.status.problems.text()


def test_cells_below_the_threshold_or_never_looked_at_are_clear() -> None:
    scores = np.array([[np.nan, 0.2, 0.5, 0.9]], np.float32)
    cells = Cells()
    made = nothing_yet(Grid(0, 0, 50, 4, 1))
    cells.show_prediction(replace(made, probabilities=np.stack([1 - scores, scores], axis=2)))
    alphas = (cells.pixels(0, 0, 4, 1, 1, 1.0)[0] >> 24).tolist()
    assert alphas[:2] == [0, 0]
    assert 0 < alphas[2] < alphas[3]


@pytest.mark.usefixtures("qapp")
def test_cells_are_seen_through_as_far_as_the_user_wants() -> None:
    cells = Cells()
    cells.show_prediction(nothing_yet(Grid(0, 0, 50, 4, 4)))
    where = np.array([1], np.int32)
    cells.add(CellBatch(where, where * 2, np.array([[0.0, 1.0]], np.float32)))
    image = QImage(200, 200, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    view, painter = Viewpoint(100, 100, 1.0, 200, 200), QPainter(image)
    painter.setOpacity(0.4)
    paint_cells(cells, painter, view, view.visible, rough=False)
    painter.end()
    green = np.frombuffer(image.constBits(), np.uint8).reshape(200, 200, 4)[..., 1]
    rows, columns = np.nonzero(green < 255)
    found = (columns.min(), columns.max(), rows.min(), rows.max())
    cell = cells.grid.rect(1, 2) if cells.grid is not None else Rect(0, 0, 0, 0)
    assert found == (cell.x, cell.right - 1, cell.y, cell.bottom - 1)
    shown = image.pixelColor(int(columns[0]), int(rows[0]))
    assert (shown.red(), shown.green()) == (255, pytest.approx(255 * 0.6, abs=1))


@pytest.mark.parametrize(
    ("longest", "expected"),
    [(1, 1), (1.99, 1), (2, 2), (4.9, 2), (5, 5), (9999, 5000), (0.07, 0.05)],
)
def test_the_scale_bar_is_a_round_length(longest: float, expected: float) -> None:
    assert round_length(longest) == pytest.approx(expected)


def test_the_empty_window_says_what_to_do(window: MainWindow) -> None:
    assert window.welcome.isVisible()
    assert not window.named_actions["predict"].isEnabled()
    assert not window.named_actions["save"].isEnabled()
