"""The slides opened last: the list, its menu and its tiles."""

from pathlib import Path

import pytest
from own_settings import use_settings_in
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot
from test_thumbnails import write_picture

from slideviewer.ui.recent import MOST, Recent, RecentSlide, names_of
from slideviewer.ui.recent_menu import GONE, RecentMenu, RecentTiles
from slideviewer.ui.thumbnail_store import ThumbnailStore
from slideviewer.ui.thumbnails import Thumbnails


@pytest.fixture
def recent(user_folder: Path, qapp: object) -> Recent:
    use_settings_in(user_folder)
    return Recent()


@pytest.fixture
def pictures(qtbot: QtBot, tmp_path: Path) -> Thumbnails:
    return Thumbnails(ThumbnailStore(tmp_path / "kept"))


def test_the_last_one_comes_first_and_only_so_many_stay(recent: Recent) -> None:
    for number in range(MOST + 3):
        recent.add(Path(f"/slides/{number}.svs"))
    assert [entry.slide.stem for entry in recent.entries()] == [
        str(number) for number in range(MOST + 2, 2, -1)
    ]
    recent.add(Path("/slides/5.svs"))
    assert recent.entries()[0].slide == Path("/slides/5.svs")
    assert len(recent.entries()) == MOST


def test_the_annotation_file_goes_with_its_slide(recent: Recent) -> None:
    slide, markup = Path("/ü/a.svs"), Path("/elsewhere/näme, with comma.xml")
    recent.add(slide)
    recent.set_annotations(slide, markup)
    recent.add(Path("/b.svs"))
    QSettings().sync()
    assert Recent().find(slide) == RecentSlide(slide, markup)
    recent.add(slide)
    assert recent.entries()[0] == RecentSlide(slide, markup)
    recent.clear()
    assert recent.entries() == []


@pytest.mark.parametrize(
    "stored", ["", "{", "null", '{"slide": "a"}', '[1, {"slide": 2}, {}]', ["a", "b"], 7]
)
def test_damaged_settings_are_no_list(recent: Recent, stored: object) -> None:
    QSettings().setValue("recent", stored)
    assert recent.entries() == []
    recent.add(Path("/a.svs"))
    assert len(recent.entries()) == 1


def test_files_called_alike_are_told_apart() -> None:
    entries = [RecentSlide(Path(name)) for name in ("/a/s.svs", "/b/s.svs", "/b/t.svs")]
    assert list(names_of(entries).values()) == ["s.svs (a)", "s.svs (b)", "t.svs"]


def test_the_menu_shows_pictures_and_greys_what_is_gone(
    qtbot: QtBot, recent: Recent, pictures: Thumbnails, tmp_path: Path
) -> None:
    opened: list[RecentSlide] = []
    menu = QMenu()
    qtbot.addWidget(menu)
    filler = RecentMenu(recent, pictures, opened.append)
    filler.fill(menu)
    assert [action.isEnabled() for action in menu.actions()] == [False]
    there, gone = write_picture(tmp_path / "A & B.png"), tmp_path / "gone.svs"
    recent.add(there)
    recent.set_annotations(there, tmp_path / "other.xml")
    recent.add(gone)
    filler.fill(menu)
    first, second = menu.actions()[:2]
    qtbot.waitUntil(lambda: GONE in first.text())
    assert not first.isEnabled()
    assert "gone.svs" in first.text()
    qtbot.waitUntil(lambda: pictures.get(there) is not None)
    assert second.text() == "A && B.png"
    assert "other.xml" in second.toolTip()
    pixmap = second.icon().pixmap(48, 36).toImage()
    assert pixmap.pixelColor(pixmap.width() // 2, pixmap.height() // 2).red() > 150
    second.trigger()
    assert opened == [RecentSlide(there, tmp_path / "other.xml")]
    write_picture(gone)  # its drive was connected again
    filler.fill(menu)
    first = menu.actions()[0]
    qtbot.waitUntil(first.isEnabled)
    assert len(recent.entries()) == 2  # none was dropped silently
    menu.actions()[-1].trigger()
    assert recent.entries() == []


def test_the_tiles_are_buttons_as_many_as_fit(
    qtbot: QtBot, recent: Recent, pictures: Thumbnails, tmp_path: Path
) -> None:
    opened: list[RecentSlide] = []
    for number in range(6):
        recent.add(write_picture(tmp_path / f"slide {number}.png"))
    recent.add(tmp_path / "gone.svs")
    tiles = RecentTiles(recent, pictures, opened.append)
    qtbot.addWidget(tiles)
    tiles.set_room(500, 330)
    tiles.show()
    assert len(tiles.buttons) == 6
    gone = tiles.buttons[tmp_path / "gone.svs"]
    qtbot.waitUntil(lambda: not gone.isEnabled())
    assert GONE in gone.text()
    assert GONE in gone.accessibleName()
    button = tiles.buttons[tmp_path / "slide 5.png"]
    qtbot.waitUntil(lambda: pictures.get(tmp_path / "slide 5.png") is not None)
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert opened[0].slide == tmp_path / "slide 5.png"
    tiles.set_room(200, 200)
    assert len(tiles.buttons) == 1
    recent.clear()
    assert not tiles.isVisible()
