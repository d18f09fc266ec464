"""The tray: a folder's slides, listed in the background and opened by keys or mouse."""

import os
import shutil
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from test_thumbnails import write_picture
from window_fixtures import wait_for_jobs

from slideviewer.cohort.folder_listing import Listing, list_slides
from slideviewer.ui import watched_folder
from slideviewer.ui.panels.tray import SlideTray
from slideviewer.ui.thumbnail_store import Thumbnail, ThumbnailStore
from slideviewer.ui.thumbnails import Thumbnails


class CountingStore(ThumbnailStore):
    """Remembers which slides were looked at."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked: list[str] = []

    def get(self, path: Path) -> Thumbnail:
        self.asked.append(path.name)
        return super().get(path)


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    return CountingStore(tmp_path / "kept")


@pytest.fixture
def pictures(qtbot: QtBot, store: CountingStore) -> Thumbnails:
    return Thumbnails(store)


@pytest.fixture
def tray(qtbot: QtBot, pictures: Thumbnails) -> SlideTray:
    made = SlideTray(pictures)
    qtbot.addWidget(made)
    made.resize(300, 500)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "slides ü"
    made.mkdir()
    for number in (1, 2, 10):
        write_picture(made / f"slide{number}.png", (number * 20, 0, 0))
    (made / "slide2.xml").write_text("<x/>")
    return made


def names(tray: SlideTray) -> list[str]:
    return [tray.model.path_at(row).name for row in range(tray.model.rowCount())]


def wait_for(qtbot: QtBot, tray: SlideTray, number: int) -> None:
    qtbot.waitUntil(lambda: tray.model.count == number, timeout=5000)


def test_a_folder_is_listed_in_order_with_pictures(
    qtbot: QtBot, tray: SlideTray, store: CountingStore, folder: Path
) -> None:
    assert tray.message.isVisible()
    tray.show_folder(folder)
    wait_for(qtbot, tray, 3)
    assert names(tray) == ["slide1.png", "slide2.png", "slide10.png"]
    assert "3 slides" in tray.place.text()
    assert not tray.message.isVisible()
    qtbot.waitUntil(lambda: set(store.asked) == set(names(tray)))
    spoken = [tray.model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(3)]
    assert spoken[1] == "slide2.png, with annotations"
    assert "slide2.xml" in tray.model.index(1, 0).data(Qt.ItemDataRole.ToolTipRole)


def test_a_picture_arrives_on_the_screen(qtbot: QtBot, tray: SlideTray, folder: Path) -> None:
    tray.show_folder(folder)
    wait_for(qtbot, tray, 3)
    last = tray.list.visualRect(tray.model.index(2, 0))

    def colour() -> int:
        image = tray.list.viewport().grab().toImage()
        return image.pixelColor(last.left() + 48, last.center().y()).red()

    qtbot.waitUntil(lambda: colour() == 200)


def test_the_open_slide_is_marked_and_its_folder_listed(
    qtbot: QtBot, tray: SlideTray, folder: Path
) -> None:
    tray.show_open(folder / "slide2.png")
    wait_for(qtbot, tray, 3)
    assert tray.list.currentIndex().row() == 1
    assert "open" in tray.model.index(1, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    tray.show_open(folder / "slide10.png")
    assert tray.list.currentIndex().row() == 2
    assert "open" not in tray.model.index(1, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    tray.show_open(None)
    assert tray.folder == folder


def test_enter_and_a_double_click_open(qtbot: QtBot, tray: SlideTray, folder: Path) -> None:
    wanted: list[Path] = []
    tray.slide_wanted.connect(wanted.append)
    tray.show_open(folder / "slide1.png")
    wait_for(qtbot, tray, 3)
    tray.activateWindow()
    tray.list.setFocus()
    QTest.keyClick(tray.list, Qt.Key.Key_Down)
    QTest.keyClick(tray.list, Qt.Key.Key_Return)
    assert wanted == [folder / "slide2.png"]
    at = tray.list.visualRect(tray.model.index(2, 0)).center()
    QTest.mouseClick(tray.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert len(wanted) == 1
    QTest.mouseDClick(tray.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert wanted[1:] == [folder / "slide10.png"]


def test_the_next_and_the_previous_one(qtbot: QtBot, tray: SlideTray, folder: Path) -> None:
    wanted: list[Path] = []
    tray.slide_wanted.connect(wanted.append)
    assert not tray.can_step(1)
    tray.step(1)
    tray.show_open(folder / "slide2.png")
    wait_for(qtbot, tray, 3)
    tray.step(1)
    tray.step(-1)
    assert [path.name for path in wanted] == ["slide10.png", "slide1.png"]
    tray.show_open(folder / "slide10.png")
    assert not tray.can_step(1)
    tray.step(1)
    assert len(wanted) == 2
    tray.show_open(None)
    tray.step(-1)
    assert wanted[2].name == "slide10.png"


def test_names_are_filtered(qtbot: QtBot, tray: SlideTray, folder: Path) -> None:
    wanted: list[Path] = []
    tray.slide_wanted.connect(wanted.append)
    tray.show_folder(folder)
    wait_for(qtbot, tray, 3)
    tray.activateWindow()
    tray.filter.setFocus()
    QTest.keyClicks(tray.filter, "SLIDE 0")
    assert names(tray) == ["slide10.png"]
    assert "1 of 3" in tray.place.text()
    QTest.keyClick(tray.filter, Qt.Key.Key_Return)
    assert wanted == [folder / "slide10.png"]
    QTest.keyClicks(tray.filter, "x")
    assert tray.message.isVisible()
    assert "filter" in tray.message.text()


def test_a_change_in_the_folder_is_seen_and_refresh_looks_again(
    qtbot: QtBot, tray: SlideTray, store: CountingStore, pictures: Thumbnails, folder: Path
) -> None:
    tray.show_open(folder / "slide10.png")
    wait_for(qtbot, tray, 3)
    write_picture(folder / "slide3.png")
    wait_for(qtbot, tray, 4)
    assert tray.list.currentIndex().row() == 3  # still the open one
    qtbot.waitUntil(lambda: all(pictures.get(folder / name) for name in names(tray)))
    store.asked.clear()
    tray.refresh_button.click()
    qtbot.waitUntil(lambda: set(store.asked) == set(names(tray)))


def test_a_folder_that_vanishes_is_told_in_the_panel(
    qtbot: QtBot, tray: SlideTray, folder: Path
) -> None:
    tray.show_folder(folder)
    wait_for(qtbot, tray, 3)
    shutil.rmtree(folder)
    qtbot.waitUntil(lambda: "not there now" in tray.message.text(), timeout=5000)
    assert tray.message.isVisible()
    assert str(folder) in tray.message.text()
    folder.mkdir()
    write_picture(folder / "back.png")
    tray.refresh()
    wait_for(qtbot, tray, 1)
    assert not tray.message.isVisible()


def test_an_empty_folder_says_so(qtbot: QtBot, tray: SlideTray, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    tray.show_folder(tmp_path / "empty")
    qtbot.waitUntil(lambda: "There is no slide" in tray.message.text())


def test_a_hanging_folder_holds_nothing_up(
    qtbot: QtBot, tray: SlideTray, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, hanging = threading.Event(), folder.parent / "hanging"

    def slow(path: Path) -> Listing:
        if path == hanging:
            gate.wait(60)
        return list_slides(path)

    monkeypatch.setattr(watched_folder, "list_slides", slow)
    hanging.mkdir()
    tray.show_folder(hanging)
    assert "Looking into" in tray.message.text()
    tray.show_folder(folder)
    wait_for(qtbot, tray, 3)
    gate.set()
    wait_for_jobs(qtbot)
    assert len(names(tray)) == 3  # the late answer is another folder's


def test_thousands_are_listed_and_only_those_in_view_looked_at(
    qtbot: QtBot, tray: SlideTray, store: CountingStore, folder: Path
) -> None:
    many = folder.parent / "many"
    many.mkdir()
    source = folder / "slide1.png"
    for number in range(3000):
        os.link(source, many / f"s{number}.png")
    tray.show_folder(many)
    wait_for(qtbot, tray, 3000)
    bar = tray.list.verticalScrollBar()
    bar.setValue(bar.maximum())
    qtbot.waitUntil(lambda: "s2999.png" in store.asked, timeout=5000)
    assert len(store.asked) < 40
