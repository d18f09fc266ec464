"""Bookmarks: made, renamed, deleted and taken back, gone to, kept, and safe from damage."""

import gc
import json
import weakref
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog, QLineEdit
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide

from slideviewer.slide import open_slide as open_file
from slideviewer.ui.bookmarks import (
    MOST_BOOKMARKS,
    Bookmark,
    Bookmarks,
    BookmarkStore,
    Owner,
)
from slideviewer.ui.viewpoint import Viewpoint
from slideviewer.ui.window import MainWindow


def kept_file(user_folder: Path) -> Path:
    (file,) = (user_folder / "slides").glob("*.bookmarks.json")
    return file


@pytest.fixture
def left_one(open_slide: OpenSlide, made_slide: Path, user_folder: Path) -> tuple[MainWindow, Path]:
    """A window in which a slide was closed that has one bookmark, and the file that keeps it."""
    window = open_slide(made_slide)
    window.aids.bookmarking.add("first")
    window.session.set_slide(None)
    return window, kept_file(user_folder)


def test_a_bookmark_is_made_by_key_and_gone_to(
    open_slide: OpenSlide, made_slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_slide(made_slide)
    asked: list[str] = []

    def answer_name(*args: object, text: str = "", **more: object) -> tuple[str, bool]:
        asked.append(text)
        return "  The \n nest ", True

    monkeypatch.setattr(QInputDialog, "getText", answer_name)
    window.canvas.zoom_by(6)
    window.canvas.centre_on(1000, 900)
    window.canvas.turn_to(90)
    there = window.canvas.viewpoint
    QTest.keyClick(window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    assert asked == ["Bookmark 1"]
    (bookmark,) = window.aids.bookmarking.bookmarks.all
    assert bookmark.name == "The nest"

    window.canvas.turn_to(0)
    window.canvas.go(window.canvas.viewpoint.flipped_across())
    window.canvas.show_home()
    window.named_actions["bookmarks"].trigger()
    panel = window.aids.bookmarking.panel
    assert panel.isVisible()
    panel.list.setCurrentRow(0)
    QTest.keyClick(panel.list, Qt.Key.Key_Return)
    assert window.canvas.viewpoint == there


def test_the_panel_renames_notes_deletes_and_takes_back(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, user_folder: Path
) -> None:
    window = open_slide(made_slide)
    bookmarking, panel = window.aids.bookmarking, window.aids.bookmarking.panel
    window.named_actions["bookmarks"].trigger()
    assert panel.empty.isVisible()
    for name in ("one", "two", "three"):
        bookmarking.add(name)
    assert not panel.empty.isVisible()
    panel.list.setCurrentRow(1)
    panel.rename.click()
    editor = panel.list.findChild(QLineEdit)
    assert editor is not None
    editor.selectAll()
    QTest.keyClicks(editor, "zwei")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bookmarking.bookmarks.all[1].name == "zwei")
    QTest.keyClicks(panel.note, "mitoses")
    assert [it.name for it in bookmarking.bookmarks.all] == ["one", "zwei", "three"]
    assert bookmarking.bookmarks.all[1].note == "mitoses"

    panel.delete.click()
    assert [it.name for it in bookmarking.bookmarks.all] == ["one", "three"]
    assert len(json.loads(kept_file(user_folder).read_text())["bookmarks"]) == 2
    (notice,) = [it for it in window.notices.notices if "zwei" in it.text]
    assert notice.button is not None
    notice.button.click()
    assert [it.name for it in bookmarking.bookmarks.all] == ["one", "zwei", "three"]
    assert panel.chosen is not None
    assert panel.chosen.note == "mitoses"


def test_what_was_deleted_comes_back_though_another_slide_is_open(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, other_slide: Path
) -> None:
    window = open_slide(made_slide)
    bookmarking = window.aids.bookmarking
    for name in ("one", "two", "three"):
        bookmarking.add(name)
    bookmarking.panel.list.setCurrentRow(1)
    bookmarking.panel.delete.click()
    (notice,) = [it for it in window.notices.notices if "two" in it.text]
    gone = weakref.ref(window.session.slide)
    open_slide(other_slide)
    bookmarking.add("of the other")

    def is_gone() -> bool:
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        gc.collect()
        return gone() is None

    qtbot.waitUntil(is_gone, timeout=10_000)  # though the notice is still there
    assert notice.button is not None
    notice.button.click()
    assert [it.name for it in bookmarking.bookmarks.all] == ["of the other"]
    open_slide(made_slide)
    assert [it.name for it in bookmarking.bookmarks.all] == ["one", "two", "three"]


def test_a_note_is_kept_when_its_writer_pauses_or_leaves(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, user_folder: Path
) -> None:
    window = open_slide(made_slide)
    panel = window.aids.bookmarking.panel
    window.aids.bookmarking.add("one")
    file = kept_file(user_folder)
    panel.list.setCurrentRow(0)

    def note() -> str:
        return str(json.loads(file.read_text())["bookmarks"][0]["note"])

    QTest.keyClicks(panel.note, "mitoses")
    assert note() == ""  # a disk is too slow for every key
    qtbot.waitUntil(lambda: note() == "mitoses")
    QTest.keyClicks(panel.note, ", many")
    window.let_go()
    assert note() == "mitoses, many"


def test_they_are_kept_for_their_slide_alone(
    window: MainWindow, open_slide: OpenSlide, made_slide: Path, real_data: Path
) -> None:
    open_slide(made_slide)
    bookmarking = window.aids.bookmarking
    bookmarking.add("mine")
    open_slide(real_data / "slides" / "CMU-1-Small-Region.svs")
    assert bookmarking.bookmarks.all == ()
    open_slide(made_slide)
    assert [it.name for it in bookmarking.bookmarks.all] == ["mine"]
    window.session.set_slide(None)
    assert bookmarking.bookmarks.slide is None
    assert not bookmarking.panel.add.isEnabled()


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"not JSON",
        b'{"version": 2}',
        b'{"bookmarks": [{"name": "a", "x": 1e999, "y": 0, "scale": 1}]}',
        b'{"bookmarks": [{"name": "a", "x": 1, "y": 0, "scale": -1}]}',
        b'{"bookmarks": [{"id": "a", "name": "a", "x": 1, "y": 0, "scale": 1},'
        b'{"id": "a", "name": "b", "x": 1, "y": 0, "scale": 1}]}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_set_aside_and_never_lost(
    left_one: tuple[MainWindow, Path], open_slide: OpenSlide, made_slide: Path, damage: bytes
) -> None:
    window, file = left_one
    bookmarking = window.aids.bookmarking
    file.write_bytes(damage)
    open_slide(made_slide)
    assert bookmarking.bookmarks.all == ()
    aside = file.with_name(f"{file.stem}.damaged-1.json")
    assert any(aside.name in text and "damaged" in text for text in window.notices.texts)
    assert aside.read_bytes() == damage
    bookmarking.add("second")
    assert aside.read_bytes() == damage
    assert "second" in file.read_text()


def test_a_file_that_cannot_be_read_now_is_not_written_over(
    left_one: tuple[MainWindow, Path], open_slide: OpenSlide, made_slide: Path
) -> None:
    window, file = left_one
    bookmarking = window.aids.bookmarking
    file.unlink()
    file.mkdir()  # nobody, not even root, can read a folder as a file
    open_slide(made_slide)
    assert any(str(file) in text for text in window.notices.texts)
    bookmarking.add("second")
    assert any("not kept" in text for text in window.notices.texts)
    assert file.is_dir()


def test_at_the_limit_nothing_is_lost(qtbot: QtBot, made_slide: Path, tmp_path: Path) -> None:
    slide, store = open_file(made_slide), BookmarkStore(tmp_path)
    owner, one_more = Owner.of(slide), Bookmark(name="one more", x=0, y=0, scale=1)
    many = tuple(Bookmark(name=str(it), x=0, y=0, scale=1) for it in range(MOST_BOOKMARKS))
    store.save(owner, many)
    bookmarks, told = Bookmarks(store), list[str]()
    bookmarks.failed.connect(told.append)
    bookmarks.set_slide(slide)
    bookmarks.put(one_more)
    bookmarks.set_slide(None)
    bookmarks.put_back(owner, one_more, 0)
    assert [str(MOST_BOOKMARKS) in text for text in told] == [True, True]
    assert store.load(owner) == many


@given(
    x=st.floats(-1e8, 1e8),
    y=st.floats(-1e8, 1e8),
    scale=st.floats(1e-6, 64),
    rotation=st.floats(0, 359.9),
    mirrored=st.booleans(),
    name=st.text(min_size=1, max_size=200).filter(lambda text: "\ud800" not in text),
)
def test_a_bookmark_survives_its_file(
    x: float, y: float, scale: float, rotation: float, mirrored: bool, name: str
) -> None:
    view = Viewpoint(x, y, scale, 800, 600, rotation, mirrored)
    bookmark = Bookmark.of(view, name)
    again = Bookmark.model_validate_json(bookmark.model_dump_json())
    assert again == bookmark
    assert again.seen_from(Viewpoint(width=800, height=600)) == view
