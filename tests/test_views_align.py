"""Aligning two views by clicked points, in the real window."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from view_fixtures import go, show_in
from window_fixtures import click, drag

from slideviewer.ui.views.alignment_store import AlignmentStore
from slideviewer.ui.views.alignment_tool import DARK, LandmarkTool
from slideviewer.ui.views.similarity import Similarity
from slideviewer.ui.window import MainWindow

LYING = Similarity(1.0, 20.0, False, 300.0, -150.0)
POINTS = [(900.0, 700.0), (3000.0, 900.0), (1500.0, 2200.0), (2800.0, 2300.0)]


@pytest.fixture
def aligning(qtbot: QtBot, two: MainWindow, other_slide: Path) -> MainWindow:
    """A window whose two views show different slides, ready for the first click."""
    show_in(qtbot, two, two.views.views[1], other_slide)
    go(two, "align_views")
    QApplication.processEvents()
    return two


def point_out(window: MainWindow, count: int, lying: Similarity = LYING) -> None:
    first, second = window.views.views
    for x, y in POINTS[:count]:
        click(first.canvas, x, y)
        click(second.canvas, *lying.apply(x, y))


def test_two_pairs_align_the_views_and_are_kept(aligning: MainWindow, user_folder: Path) -> None:
    first, second = aligning.views.views
    bar = aligning.comparing.aligning.bar
    assert bar.isVisible()
    assert not bar.done.isEnabled()
    point_out(aligning, 2)
    assert "Turned by 20." in bar.words.words or "Turned by 19." in bar.words.words
    assert "third pair tells" in bar.words.words
    assert bar.points.text() == "Pairs: 1, 2"
    QTest.mouseClick(bar.done, Qt.MouseButton.LeftButton)
    assert not bar.isVisible()
    aligning.views.activate(first)
    first.canvas.zoom_by(4)
    for x, y in POINTS:
        on_first = first.canvas.viewpoint.to_screen(x, y)
        on_second = second.canvas.viewpoint.to_screen(*LYING.apply(x, y))
        # A click is good to one screen pixel of the view it was made in, here a quarter as large.
        assert on_second == pytest.approx(on_first, abs=10)
    assert first.slide is not None
    assert second.slide is not None
    kept = AlignmentStore(user_folder / "alignments.json").find(first.slide, second.slide)
    assert kept is not None
    assert kept.rotation == pytest.approx(20, abs=0.5)
    assert first.canvas.tool is first.canvas.hand


def test_three_pairs_tell_the_residual_and_the_mirror(aligning: MainWindow) -> None:
    bar = aligning.comparing.aligning.bar
    point_out(aligning, 4, Similarity(1.0, 340.0, True, 3600.0, 300.0))
    assert "mirrored" in bar.words.words
    assert "µm" in bar.words.words
    assert "size 100" in bar.words.words or "size 99" in bar.words.words
    QTest.keyClick(aligning.views.active.canvas, Qt.Key.Key_Return)
    first, second = aligning.views.views
    assert first.canvas.viewpoint.is_upright  # the first one stays, the other one follows
    assert second.canvas.viewpoint.mirrored


def test_the_status_line_says_what_to_do_meanwhile(aligning: MainWindow) -> None:
    assert aligning.status.hint.text() == LandmarkTool.hint
    aligning.comparing.aligning.cancel()
    assert aligning.status.hint.text() == aligning.canvas.hand.hint


def test_the_views_move_each_by_itself_meanwhile(aligning: MainWindow) -> None:
    first, second = aligning.views.views
    before = second.canvas.viewpoint
    drag(first.canvas, (2000, 1500), (2400, 1700))
    assert first.canvas.viewpoint.centre_x < 2000
    assert second.canvas.viewpoint == before
    assert aligning.comparing.aligning.landmarks.count == 0  # a drag points out nothing


def test_a_point_can_be_moved_and_taken_back(aligning: MainWindow) -> None:
    first, second = aligning.views.views
    marks, bar = aligning.comparing.aligning.landmarks, aligning.comparing.aligning.bar
    click(first.canvas, 1000, 1000)
    assert "1" in bar.words.words
    assert "the other one" in bar.words.words
    drag(first.canvas, (1000, 1000), (1500, 1200))
    assert marks.points(0) == [pytest.approx((1500, 1200), abs=15)]
    click(second.canvas, 500, 500)
    assert len(marks.pairs) == 1
    QTest.keyClick(second.canvas, Qt.Key.Key_Backspace)
    assert marks.points(1) == []
    QTest.mouseClick(bar.undo, Qt.MouseButton.LeftButton)
    assert marks.count == 0
    assert not bar.undo.isEnabled()


def test_a_marker_is_painted_where_it_was_clicked(qtbot: QtBot, aligning: MainWindow) -> None:
    first = aligning.views.main

    def is_painted() -> bool:
        first.canvas.grab()  # painting is what asks for tiles, and shows those that have come
        return not first.tiles.is_loading and first.canvas.is_finished

    qtbot.waitUntil(is_painted, timeout=10_000)

    def picture() -> bytes:
        image = first.canvas.grab(QRect(60, 60, 60, 60)).toImage()  # kept while it is copied
        return image.constBits().tobytes()

    at = QPoint(80, 80)
    before = picture()
    QTest.mouseClick(first.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert picture() != before
    QTest.keyClick(first.canvas, Qt.Key.Key_Backspace)
    assert picture() == before


@pytest.mark.parametrize(
    ("edge", "right", "below"), [("none", 1, -1), ("right", -1, -1), ("top", 1, 1)]
)
def test_the_number_of_a_place_is_seen_at_the_edges_too(
    aligning: MainWindow, edge: str, right: int, below: int
) -> None:
    canvas = aligning.views.main.canvas
    x, y = {"none": (200, 300), "right": (canvas.width() - 3, 300), "top": (60, 3)}[edge]
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(x, y))
    image = canvas.grab().toImage()
    # The plate lies in the quarter to the upper right of the ring, or where there is room.
    quarter = ((x + right * dx, y + below * dy) for dx in range(12, 40) for dy in range(9, 40))
    plate = sum(image.valid(*at) and image.pixelColor(*at) == DARK for at in quarter)
    assert plate > 100


@pytest.mark.parametrize("way", ["escape", "button", "tool", "view closed", "slide changed"])
def test_it_is_cancelled(aligning: MainWindow, way: str, user_folder: Path) -> None:
    first, second = aligning.views.views
    point_out(aligning, 2)
    if way == "escape":
        QTest.keyClick(second.canvas, Qt.Key.Key_Escape)
    elif way == "button":
        QTest.mouseClick(aligning.comparing.aligning.bar.cancel, Qt.MouseButton.LeftButton)
    elif way == "tool":
        go(aligning, "polygon")
        aligning.views.activate(first)
        assert first.canvas.tool.name == "polygon"
    elif way == "view closed":
        aligning.views.close_view(second)
    else:
        aligning.comparing.show_session(second)
    assert not aligning.comparing.aligning.is_running
    assert not aligning.comparing.aligning.bar.isVisible()
    assert first.canvas.tool.name != "landmark"
    assert not (user_folder / "alignments.json").exists()
    assert aligning.comparing.sync.is_active


def test_points_too_close_are_said_in_the_bar(aligning: MainWindow) -> None:
    first, second = aligning.views.views
    for canvas in (first.canvas, second.canvas):
        canvas.zoom_to(8.0)
    bar = aligning.comparing.aligning.bar
    for at in (QPoint(100, 100), QPoint(130, 100)):
        for canvas in (first.canvas, second.canvas):
            QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at)
    assert "too close" in bar.words.words
    assert not bar.done.isEnabled()


def test_a_kept_alignment_can_be_forgotten(aligning: MainWindow, user_folder: Path) -> None:
    bar = aligning.comparing.aligning.bar
    assert not bar.forget.isVisible()
    point_out(aligning, 2)
    QTest.mouseClick(bar.done, Qt.MouseButton.LeftButton)
    aligning.named_actions["align_views"].trigger()
    assert bar.forget.isVisible()
    QTest.mouseClick(bar.forget, Qt.MouseButton.LeftButton)
    assert not bar.forget.isVisible()
    first, second = aligning.views.views
    assert first.slide is not None
    assert second.slide is not None
    store = AlignmentStore(user_folder / "alignments.json")
    assert store.find(first.slide, second.slide) is None


def test_one_slide_alone_cannot_be_aligned(two: MainWindow) -> None:
    go(two, "align_views")
    assert not two.comparing.aligning.is_running
    assert any("two slides" in text for text in two.notices.texts)
