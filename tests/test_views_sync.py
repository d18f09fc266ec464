"""Views that move together, in the real window."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from view_fixtures import show_in
from window_fixtures import drag, turn_wheel

from slideviewer.slide import Spacing
from slideviewer.slide import open_slide as open_file
from slideviewer.slide.writing import write_pyramid
from slideviewer.ui.manner import Manner
from slideviewer.ui.viewpoint import Viewpoint
from slideviewer.ui.views.alignment_store import AlignmentStore
from slideviewer.ui.views.similarity import Similarity
from slideviewer.ui.views.slide_view import SlideView
from slideviewer.ui.window import MainWindow

LYING = Similarity(0.5, 90.0, True, 1500.0, 1200.0)


@pytest.fixture(scope="module")
def coarse_slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slide of half the size, whose pixels are twice as large."""
    path = tmp_path_factory.mktemp("coarse") / "coarse.tif"
    pixels = np.random.default_rng(5).integers(120, 255, (24, 32, 3)).astype(np.uint8)
    write_pyramid(path, (2048, 1536), [pixels.repeat(64, 0).repeat(64, 1)], 0.5)
    return path


@pytest.fixture
def unlike(qtbot: QtBot, two: MainWindow, coarse_slide: Path) -> Iterator[MainWindow]:
    """Two views of different slides."""
    show_in(qtbot, two, two.views.views[1], coarse_slide)
    yield two


def um_per_screen_pixel(view: SlideView) -> float:
    assert view.slide is not None
    assert isinstance(view.slide.spacing, Spacing)
    return view.slide.spacing.um_px / view.canvas.viewpoint.scale


def place(view: Viewpoint) -> tuple[float, float, float, float, bool]:
    return view.centre_x, view.centre_y, view.scale, view.rotation, view.mirrored


def test_two_views_of_a_slide_move_as_one(two: MainWindow) -> None:
    first, second = two.views.views
    assert two.named_actions["sync_views"].isChecked()
    turn_wheel(first.canvas, QPoint(60, 80), 4)
    assert place(second.canvas.viewpoint) == place(first.canvas.viewpoint)
    drag(second.canvas, (2000, 1500), (2300, 1700))
    assert two.views.active is second
    assert place(second.canvas.viewpoint) == place(first.canvas.viewpoint)
    for name in ("rotate_right", "flip_horizontal", "zoom_in", "magnify_2", "whole_slide"):
        before = first.canvas.viewpoint
        two.named_actions[name].trigger()
        assert first.canvas.viewpoint != before
        assert place(first.canvas.viewpoint) == place(second.canvas.viewpoint)
    first.overview.little.wanted.emit(1000.0, 900.0)  # without a touch of the canvas
    assert place(second.canvas.viewpoint) == place(first.canvas.viewpoint)


def test_views_move_freely_when_the_user_wants_it(two: MainWindow) -> None:
    first, second = two.views.views
    two.named_actions["sync_views"].trigger()
    before = second.canvas.viewpoint
    turn_wheel(first.canvas, QPoint(60, 80), 4)
    assert second.canvas.viewpoint == before
    two.named_actions["sync_views"].trigger()
    assert place(second.canvas.viewpoint) == place(first.canvas.viewpoint)


def test_the_choice_is_remembered(two: MainWindow) -> None:
    two.named_actions["sync_views"].trigger()
    assert QSettings().value("sync_views") is not None
    another = MainWindow()
    try:
        assert not another.comparing.sync.is_on
        assert not another.named_actions["sync_views"].isChecked()
        assert len(another.views.views) == 1
    finally:
        another.prediction.close()
        another.deleteLater()


def test_different_slides_have_the_same_scale_in_um(unlike: MainWindow) -> None:
    first, second = unlike.views.views
    assert um_per_screen_pixel(second) == pytest.approx(um_per_screen_pixel(first))
    first.canvas.zoom_by(3.7)
    assert um_per_screen_pixel(second) == pytest.approx(um_per_screen_pixel(first))
    second.canvas.zoom_by(0.6)
    assert um_per_screen_pixel(second) == pytest.approx(um_per_screen_pixel(first))


def test_an_offset_is_kept_from_when_it_was_turned_on(unlike: MainWindow) -> None:
    first, second = unlike.views.views
    unlike.named_actions["sync_views"].trigger()
    first.canvas.go(replace(first.canvas.viewpoint, centre_x=1000, centre_y=800, scale=0.5))
    turned = second.canvas.viewpoint.turned(30, 0, 0)
    second.canvas.go(replace(turned, centre_x=700, centre_y=900, scale=0.3))
    unlike.named_actions["sync_views"].trigger()
    there = second.canvas.viewpoint
    assert (there.centre_x, there.centre_y, there.rotation) == pytest.approx((700, 900, 30))
    assert um_per_screen_pixel(second) == pytest.approx(um_per_screen_pixel(first))
    first.canvas.pan(-40, 0)  # 40 screen pixels are the same way on both screens
    moved = second.canvas.viewpoint
    assert moved.shift_from(there) == pytest.approx((-40, 0))


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    pans=st.lists(st.tuples(st.integers(-30, 30), st.integers(-30, 30)), min_size=1, max_size=20),
    turn=st.floats(0, 359),
)
def test_nothing_drifts_and_a_round_trip_returns(
    unlike: MainWindow, pans: list[tuple[int, int]], turn: float
) -> None:
    first, second = unlike.views.views
    start = replace(first.canvas.viewpoint, centre_x=2000, centre_y=1500, scale=2.0, rotation=turn)
    first.canvas.go(start)
    begun = second.canvas.viewpoint
    for dx, dy in pans:  # one leads there, the other back
        first.canvas.pan(dx, dy)
        assert first.canvas.viewpoint.shift_from(start) is not None
    for dx, dy in pans:
        second.canvas.pan(-dx, -dy)
    for now, then in ((first.canvas.viewpoint, start), (second.canvas.viewpoint, begun)):
        assert now.centre_x == pytest.approx(then.centre_x, abs=1e-6)
        assert now.centre_y == pytest.approx(then.centre_y, abs=1e-6)
        assert now.scale == pytest.approx(then.scale, rel=1e-12)
        assert (now.rotation - then.rotation + 180) % 360 - 180 == pytest.approx(0, abs=1e-9)
    leader = first.canvas.viewpoint
    second.canvas.go(second.canvas.viewpoint)
    assert first.canvas.viewpoint.centre_x == pytest.approx(leader.centre_x, abs=1e-6)


def test_a_follower_at_its_edge_does_not_hold_the_leader_back(unlike: MainWindow) -> None:
    first, second = unlike.views.views
    unlike.comparing.sync.place(second, first, Similarity(1.0, shift_x=5000.0))
    wanted = replace(first.canvas.viewpoint, centre_x=100.0, centre_y=200.0, scale=0.7)
    first.canvas.go(wanted)
    assert place(first.canvas.viewpoint) == place(wanted)
    assert second.canvas.viewpoint.centre_x == 0  # as far as it goes
    first.canvas.go(replace(wanted, centre_x=4000.0))
    assert first.canvas.viewpoint.centre_x == 4000
    unlike.comparing.sync.place(second, first, Similarity(1.0, shift_x=3000.0))
    first.canvas.go(replace(wanted, centre_x=4000.0))
    assert second.canvas.viewpoint.centre_x == pytest.approx(1000)


def test_a_gliding_view_is_followed_frame_by_frame(qtbot: QtBot, two: MainWindow) -> None:
    two.views.set_manner(Manner(is_animated=True))
    first, second = two.views.views
    frames: list[tuple[bool, bool]] = []

    def compare(seen: Viewpoint) -> None:
        frames.append((place(seen) == place(first.canvas.viewpoint), second.canvas.is_moving))

    second.canvas.viewpoint_changed.connect(compare)
    end = replace(first.canvas.viewpoint, centre_x=1500, centre_y=900, scale=1.0)
    first.canvas.fly_to(end)
    assert first.canvas.is_moving
    qtbot.waitUntil(lambda: not first.canvas.is_moving, timeout=5000)
    assert frames
    assert all(is_same and not is_moving for is_same, is_moving in frames)
    assert second.canvas.viewpoint.scale == 1.0
    second.canvas.grab()
    qtbot.waitUntil(
        lambda: not second.tiles.is_loading and second.canvas.is_finished, timeout=10_000
    )


def test_a_hand_on_one_view_stops_them_all(qtbot: QtBot, two: MainWindow) -> None:
    two.views.set_manner(Manner(is_animated=True))
    first, second = two.views.views
    first.canvas.fly_to(replace(first.canvas.viewpoint, centre_x=500, scale=2.0))
    assert first.canvas.is_moving
    QTest.mousePress(second.canvas, Qt.MouseButton.LeftButton, pos=QPoint(80, 80))
    assert not first.canvas.is_moving
    QTest.mouseRelease(second.canvas, Qt.MouseButton.LeftButton, pos=QPoint(80, 80))
    assert place(first.canvas.viewpoint) == place(second.canvas.viewpoint)


def test_a_hand_on_views_at_rest_moves_none(unlike: MainWindow) -> None:
    moved: list[Viewpoint] = []
    for view in unlike.views.views:
        view.canvas.viewpoint_changed.connect(moved.append)
    for view in unlike.views.views:
        QTest.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=QPoint(80, 80))
    assert not moved


def test_another_size_is_no_movement(unlike: MainWindow) -> None:
    first, second = unlike.views.views
    first.canvas.go(replace(first.canvas.viewpoint, centre_x=1200, centre_y=700, scale=0.9))
    seen, other = place(first.canvas.viewpoint), place(second.canvas.viewpoint)
    unlike.resize(1000, 700)
    unlike.views.area.rows[0].setSizes([500, 100])
    QApplication.processEvents()
    assert place(first.canvas.viewpoint) == pytest.approx(seen)
    assert place(second.canvas.viewpoint) == pytest.approx(other)


def test_a_slide_of_unknown_spacing_moves_by_pixels_and_says_so_once(
    qtbot: QtBot, two: MainWindow, real_data: Path
) -> None:
    first, second = two.views.views
    path = real_data / "slides" / "tcga-cr-7395-01a-01-ts1.svs"
    show_in(qtbot, two, second, path)
    first.canvas.zoom_by(2)
    assert second.canvas.viewpoint.scale == first.canvas.viewpoint.scale
    said = [text for text in two.notices.texts if path.name in text]
    assert len(said) == 1
    assert "pixel by pixel" in said[0]
    two.notices.clear()
    two.named_actions["sync_views"].trigger()
    two.named_actions["sync_views"].trigger()
    assert not [text for text in two.notices.texts if path.name in text]


def test_a_kept_alignment_is_used_when_both_are_open_again(
    qtbot: QtBot, two: MainWindow, coarse_slide: Path, user_folder: Path, made_slide: Path
) -> None:
    store = AlignmentStore(user_folder / "alignments.json")
    store.keep(open_file(made_slide), open_file(coarse_slide), LYING)
    first, second = two.views.views
    show_in(qtbot, two, second, coarse_slide)
    first.canvas.go(replace(first.canvas.viewpoint, centre_x=1200, centre_y=700, scale=0.9))
    expected = LYING.carry(first.canvas.viewpoint)
    assert place(second.canvas.viewpoint) == pytest.approx(place(expected))
    assert second.canvas.viewpoint.mirrored
