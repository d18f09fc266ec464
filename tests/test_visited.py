"""Where the reader has been: remembered by magnification, shown, kept, forgotten."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, settle

from slideviewer.ui import visits
from slideviewer.ui.visited import READ_FROM
from slideviewer.ui.visits import VisitMap, VisitStore
from slideviewer.ui.window import MainWindow

SQUARE = ((0, 0), (1000, 0), (1000, 1000), (0, 1000))


def looked_at(window: MainWindow) -> float:
    """The share of the slide that was looked at from 5x on."""
    (visited,) = window.aids.visited._maps.values()
    return float(visited.seen_at(READ_FROM).mean())


def test_the_highest_magnification_counts() -> None:
    visited = VisitMap(4000, 2000)
    assert visited.cells.shape == (128, 256)
    assert visited.visit(SQUARE, 10)
    assert not visited.visit(SQUARE, 2.5)  # nothing new
    assert visited.visit(SQUARE, 20)
    seen = visited.seen_at(20)
    assert seen[:62, :62].all()
    assert not seen[66:].any()
    assert not seen[:, 66:].any()
    assert not visited.seen_at(21).any()
    visited.forget()
    assert not visited.cells.any()


@given(
    corners=st.lists(st.tuples(st.floats(-1e7, 1e7), st.floats(-1e7, 1e7)), min_size=4, max_size=4),
    magnification=st.floats(0, 1000),
)
def test_no_view_is_too_odd(corners: list[tuple[float, float]], magnification: float) -> None:
    visited = VisitMap(4000, 3000)
    visited.visit(corners, magnification)
    assert visited.cells.max() <= max(1, min(255, round(magnification * 8)))


def test_it_is_kept_and_a_damaged_file_is_no_harm(tmp_path: Path) -> None:
    store = VisitStore(tmp_path / "kept")
    visited = store.load("a", 4000, 2000)
    visited.visit(SQUARE, 10)
    store.save("a", visited)
    assert np.array_equal(store.load("a", 4000, 2000).cells, visited.cells)
    assert not store.load("a", 2000, 4000).cells.any()  # another shape: not this slide's
    (file,) = (tmp_path / "kept").iterdir()
    file.write_bytes(file.read_bytes()[:20])
    assert not store.load("a", 4000, 2000).cells.any()
    visited.forget()
    store.save("a", visited)
    assert not file.exists()


def test_the_oldest_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "MOST_KEPT", 3)
    store = VisitStore(tmp_path)
    visited = VisitMap(400, 400)
    visited.visit(SQUARE, 10)
    for name in "abcde":
        store.save(name, visited)
    assert len(list(tmp_path.iterdir())) == 3


def test_only_what_was_looked_at_closely_and_calmly_is_clear(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, user_folder: Path
) -> None:
    window = open_slide(made_slide)
    window.named_actions["magnify_1_25"].trigger()
    window.named_actions["clear_visited"].trigger()
    (visited,) = window.aids.visited._maps.values()
    qtbot.waitUntil(lambda: bool(visited.cells.any()))
    assert looked_at(window) == 0  # all of it was in view, but far below 5x
    little = window.overview.little
    window.named_actions["show_visited"].trigger()
    assert little.isVisible()
    assert "5×" in little.toolTip()
    veiled = little.grab().toImage().pixelColor(little.width() // 2, little.height() // 2)

    window.named_actions["magnify_4"].trigger()
    settle(qtbot, window)
    qtbot.waitUntil(lambda: looked_at(window) > 0.05)
    clear = little.grab().toImage().pixelColor(little.width() // 2, little.height() // 2)
    assert clear != veiled
    share = looked_at(window)

    window.session.set_slide(None)
    (file,) = (user_folder / "slides").glob("*.visited.png")
    kept = VisitStore(file.parent).load(file.name.removesuffix(".visited.png"), 4096, 3072)
    assert kept.seen_at(READ_FROM).mean() == share
    open_slide(made_slide)
    assert looked_at(window) >= share  # and what has been looked at since
    window.named_actions["clear_visited"].trigger()
    assert looked_at(window) == 0
    assert not list((user_folder / "slides").glob("*.png"))


def test_the_disk_is_left_alone_while_a_view_moves(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, user_folder: Path
) -> None:
    window = open_slide(made_slide)
    visited, kept = window.aids.visited, user_folder / "slides"
    visited._saving.setInterval(3_600_000)  # on a busy machine five seconds may go by
    window.named_actions["clear_visited"].trigger()
    window.named_actions["magnify_4"].trigger()
    qtbot.waitUntil(lambda: looked_at(window) > 0)
    window.canvas.pan(30, 0)
    visited._saving.timeout.emit()
    assert not list(kept.glob("*.visited.png"))
    qtbot.waitUntil(lambda: not visited._dwell.isActive())
    visited._saving.timeout.emit()
    assert list(kept.glob("*.visited.png"))


def test_a_moving_view_is_not_looked_at(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_slide(made_slide)
    window.named_actions["magnify_4"].trigger()
    window.named_actions["clear_visited"].trigger()  # opening may have taken long enough
    monkeypatch.setattr(type(window.canvas), "is_moving", property(lambda canvas: True))
    window.aids.visited._look()
    assert looked_at(window) == 0
    monkeypatch.undo()
    window.aids.visited._look()
    assert looked_at(window) > 0
