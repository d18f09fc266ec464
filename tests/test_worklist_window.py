"""A worklist in the real window: begun, followed, filtered, moved on by one key."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, wait_for_jobs

from slideviewer.annotations import Annotation, Kind, as_points
from slideviewer.cohort.worklist import ReadingState, Worklist, worklist_of
from slideviewer.ui.window import MainWindow
from slideviewer.ui.worklist_keeping import Keeping, Kept


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "slides"
    place.mkdir()
    for name in ("slide 2", "slide 1", "slide 10"):
        Image.fromarray(np.full((200, 300, 3), 200, np.uint8)).save(place / f"{name}.png")
    return place


@pytest.fixture
def listed(qtbot: QtBot, open_slide: OpenSlide, folder: Path) -> MainWindow:
    window = open_slide(folder / "slide 1.png")
    qtbot.waitUntil(lambda: window.browsing.tray.model.rowCount() == 3)
    wait_for_jobs(qtbot)
    return window


def states(window: MainWindow) -> dict[str, ReadingState]:
    return {path.stem: state for path, state in window.worklists.states.items()}


def is_open(window: MainWindow, name: str) -> bool:
    slide = window.session.slide
    return slide is not None and slide.path.stem == name


def test_it_is_begun_by_the_first_slide_that_is_done(
    qtbot: QtBot, listed: MainWindow, folder: Path
) -> None:
    assert not listed.browsing.tray.states.isVisible()
    assert not worklist_of(folder).exists()
    QTest.keyClick(listed, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: is_open(listed, "slide 2"))
    qtbot.waitUntil(lambda: set(states(listed)) == {"slide 1", "slide 2", "slide 10"})
    assert states(listed)["slide 1"] == ReadingState.DONE
    assert listed.browsing.tray.states.isVisible()
    QTest.keyClick(listed, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: is_open(listed, "slide 10"))
    QTest.keyClick(listed, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "Every slide of the list is done." in listed.notices.texts)
    wait_for_jobs(qtbot)
    with Worklist(worklist_of(folder)) as kept:
        assert set(kept.states().values()) == {ReadingState.DONE}
        assert all(it.by for it in kept.log())


def test_what_is_marked_counts_while_a_slow_disk_still_takes_it(
    qtbot: QtBot, listed: MainWindow, folder: Path
) -> None:
    listed.named_actions["worklist_begin"].trigger()
    qtbot.waitUntil(lambda: len(states(listed)) == 3)
    with contextlib.closing(sqlite3.connect(worklist_of(folder))) as held:
        held.execute("BEGIN EXCLUSIVE")
        for following in ("slide 2", "slide 10"):
            QTest.keyClick(listed, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
            qtbot.waitUntil(lambda name=following: is_open(listed, name))
        listed.worklists.mark(ReadingState.UNREAD, folder / "slide 1.png")
        listed.worklists.mark(ReadingState.IN_REVIEW, folder / "slide 1.png")
        assert list(states(listed).values()).count(ReadingState.DONE) == 1
        held.rollback()
    listed.worklists.close()
    with Worklist(worklist_of(folder)) as kept:
        log = [(it.path.stem, it.state) for it in kept.log()]
    assert log == [
        ("slide 1", ReadingState.DONE),
        ("slide 2", ReadingState.DONE),
        ("slide 1", ReadingState.UNREAD),
        ("slide 1", ReadingState.IN_REVIEW),
    ]


def test_what_is_edited_is_in_review_and_the_tray_shows_the_chosen(
    qtbot: QtBot, listed: MainWindow, folder: Path
) -> None:
    listed.named_actions["worklist_begin"].trigger()
    qtbot.waitUntil(lambda: len(states(listed)) == 3)
    drawn = Annotation("A", Kind.POLYGON, as_points([(0, 0), (9, 0), (9, 9)]))
    listed.session.document.apply("Add", {drawn.id: drawn})
    wait_for_jobs(qtbot)
    assert states(listed)["slide 1"] == ReadingState.IN_REVIEW
    listed.worklists.note_predicted(folder / "slide 1.png")
    listed.worklists.note_predicted(folder / "slide 2.png")
    wait_for_jobs(qtbot)
    assert states(listed)["slide 1"] == ReadingState.IN_REVIEW
    assert states(listed)["slide 2"] == ReadingState.PREDICTED
    tray = listed.browsing.tray
    tray.states.setCurrentText("Predicted")
    assert [tray.model.path_at(row).stem for row in range(tray.model.rowCount())] == ["slide 2"]
    listed.grab()
    listed.session.document.undo_stack.setClean()


def test_a_list_that_is_there_is_shown_at_once(
    qtbot: QtBot, open_slide: OpenSlide, folder: Path
) -> None:
    with Worklist(worklist_of(folder)) as kept:
        kept.set_state(folder / "slide 2.png", ReadingState.DONE)
    window = open_slide(folder / "slide 1.png")
    qtbot.waitUntil(lambda: states(window) == {"slide 2": ReadingState.DONE})
    QTest.keyClick(
        window,
        Qt.Key.Key_PageDown,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    qtbot.waitUntil(lambda: is_open(window, "slide 10"))


def test_slides_of_a_table_are_listed_wherever_they_lie(
    qtbot: QtBot, listed: MainWindow, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = folder / "list.csv"
    (folder / "deep").mkdir()
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(folder / "deep" / "other.png")
    table.write_text("slide\nslide 1.png\ndeep/../deep/other.png\n")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a: (str(table), ""))
    listed.named_actions["worklist_from_table"].trigger()
    qtbot.waitUntil(lambda: len(states(listed)) == 2)
    assert "other" in {path.stem for path in listed.browsing.tray.model.paths}
    wait_for_jobs(qtbot)
    listed.files.open_slide(folder / "deep" / "other.png")
    qtbot.waitUntil(lambda: is_open(listed, "other"))
    wait_for_jobs(qtbot)
    assert listed.browsing.tray.folder == folder, "the list is still there"
    assert len(states(listed)) == 2
    table.write_text("")
    listed.named_actions["worklist_from_table"].trigger()
    qtbot.waitUntil(lambda: any("The table is empty" in it for it in listed.notices.texts))


def test_a_damaged_list_is_told_and_left(qtbot: QtBot, open_slide: OpenSlide, folder: Path) -> None:
    worklist_of(folder).write_bytes(b"not a list")
    window = open_slide(folder / "slide 1.png")
    qtbot.waitUntil(lambda: any("worklist" in it for it in window.notices.texts))
    assert worklist_of(folder).read_bytes() == b"not a list"


def test_another_folder_has_its_own_list_or_none(
    qtbot: QtBot, listed: MainWindow, folder: Path, tmp_path: Path
) -> None:
    listed.named_actions["worklist_begin"].trigger()
    qtbot.waitUntil(lambda: len(states(listed)) == 3)
    damaged, without = tmp_path / "damaged", tmp_path / "without"
    for place in (damaged, without):
        place.mkdir()
        shutil.copy(folder / "slide 1.png", place / "other.png")
    worklist_of(damaged).write_bytes(b"not a list")
    for place in (damaged, without):
        listed.browsing.tray.show_folder(place)
        qtbot.waitUntil(lambda place=place: listed.worklists.path is None)
        dot = Annotation(place.name, Kind.DOT, as_points([(10, 10)]))
        listed.session.document.apply("Add dot", {dot.id: dot})
        listed.worklists.note_predicted(folder / "slide 2.png")
        wait_for_jobs(qtbot)
        assert listed.worklists.path is None
        assert not states(listed)
        listed.browsing.tray.show_folder(folder)
        qtbot.waitUntil(lambda: len(states(listed)) == 3)
    assert worklist_of(damaged).read_bytes() == b"not a list"
    assert not worklist_of(without).exists(), "nobody asked for one"
    listed.session.document.undo_stack.setClean()


def test_a_folder_that_answers_late_keeps_no_other_waiting(
    qtbot: QtBot, listed: MainWindow, folder: Path, tmp_path: Path
) -> None:
    listed.named_actions["worklist_begin"].trigger()
    qtbot.waitUntil(lambda: len(states(listed)) == 3)
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(folder / "slide 1.png", other / "b.png")
    with Worklist(worklist_of(other)) as made:
        made.add([other / "b.png"])
    with contextlib.closing(sqlite3.connect(worklist_of(folder))) as held:
        held.execute("BEGIN EXCLUSIVE")
        listed.worklists.mark(ReadingState.DONE, folder / "slide 1.png")
        listed.browsing.tray.show_folder(other)
        qtbot.waitUntil(lambda: states(listed) == {"b": ReadingState.UNREAD})
        listed.worklists.mark(ReadingState.DONE, other / "b.png")
        with Worklist(worklist_of(other)) as kept:
            qtbot.waitUntil(lambda: list(kept.states().values()) == [ReadingState.DONE])
        held.rollback()
    wait_for_jobs(qtbot)
    assert listed.worklists.path == worklist_of(other)
    assert states(listed) == {"b": ReadingState.DONE}
    with Worklist(worklist_of(folder)) as kept:
        assert kept.states()[folder / "slide 1.png"] == ReadingState.DONE


def test_a_list_that_is_not_shown_is_changed_and_let_go(
    qtbot: QtBot, user_folder: Path, tmp_path: Path
) -> None:
    shown, other = tmp_path / "shown.sqlite", tmp_path / "other.sqlite"
    slide = tmp_path / "a.png"
    with Worklist(other) as made:
        made.add([slide])
    parent = QObject()
    keeping = Keeping(parent)
    answers: list[Kept] = []
    keeping.answered.connect(answers.append)
    keeping.show(shown)
    keeping.change(lambda it: it.set_state(slide, ReadingState.DONE), other)
    qtbot.waitUntil(lambda: len(answers) == 3)
    assert [(it.meant, it.path) for it in answers if it.meant == other] == [
        (other, other),
        (other, None),
    ]
    assert not shown.exists()
    keeping.close()
    with Worklist(other) as kept:
        assert kept.states() == {slide: ReadingState.DONE}


def test_a_list_that_cannot_be_written_is_told_of_once(
    qtbot: QtBot, listed: MainWindow, folder: Path
) -> None:
    listed.named_actions["worklist_begin"].trigger()
    qtbot.waitUntil(lambda: len(states(listed)) == 3)
    with contextlib.closing(sqlite3.connect(worklist_of(folder))) as other:
        other.execute("DROP TABLE log")
    for number in range(3):
        dot = Annotation(f"Dot {number}", Kind.DOT, as_points([(10, 10)]))
        listed.session.document.apply("Add dot", {dot.id: dot})
        wait_for_jobs(qtbot)
        told = [it for it in listed.notices.texts if "worklist cannot be used" in it]
        assert len(told) == (1 if number == 0 else 0)
        listed.notices.clear()
    assert states(listed)["slide 1"] == ReadingState.UNREAD, "as it is in the file"
    listed.session.document.undo_stack.setClean()


def test_what_was_read_blind_is_so_on_the_list_until_it_is_reviewed(
    qtbot: QtBot, listed: MainWindow, folder: Path
) -> None:
    listed.named_actions["worklist_begin"].trigger()
    qtbot.waitUntil(lambda: len(states(listed)) == 3)
    listed.named_actions["read_blind"].trigger()
    dot = Annotation("Dot", Kind.DOT, as_points([(10, 10)]))
    listed.session.document.apply("Add dot", {dot.id: dot})
    qtbot.waitUntil(lambda: states(listed)["slide 1"] == ReadingState.IN_REVIEW)
    wait_for_jobs(qtbot)
    listed.named_actions["mark_read"].trigger()
    qtbot.waitUntil(lambda: states(listed)["slide 1"] == ReadingState.READ)
    wait_for_jobs(qtbot)
    listed.session.document.undo_stack.undo()
    listed.session.document.undo_stack.redo()
    assert states(listed)["slide 1"] == ReadingState.READ, "nothing is different"
    listed.session.document.apply("Remove dot", {dot.id: None})
    qtbot.waitUntil(lambda: states(listed)["slide 1"] == ReadingState.IN_REVIEW)
    wait_for_jobs(qtbot)
    with Worklist(worklist_of(folder)) as kept:
        told = [entry.state for entry in kept.log() if entry.path.stem == "slide 1"]
    assert told == [ReadingState.IN_REVIEW, ReadingState.READ, ReadingState.IN_REVIEW]
