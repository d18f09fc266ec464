"""Saving in the window: in the background where it takes long, and never over others' work."""

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton
from pytestqt.qtbot import QtBot
from window_fixtures import ChooseFile, OpenSlide, answer, wait_for_jobs

from slideviewer import paths
from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    read_annotations,
    write_annotations,
)
from slideviewer.annotations.file_lock import FileLock, holder_of, lock_of
from slideviewer.annotations.saving import backups_of
from slideviewer.ui import document as document_module
from slideviewer.ui import markup_lock, saving
from slideviewer.ui.differences_dialog import DifferencesDialog
from slideviewer.ui.window import MainWindow


def outline(name: str, count: int = 3) -> Annotation:
    turns = np.linspace(0, 2 * np.pi, count, endpoint=False)
    points = as_points(1500 + 1000 * np.column_stack((np.cos(turns), np.sin(turns))))
    return Annotation(name, Kind.POLYGON, points, "Tumor", id=name)


def names_in(path: Path) -> list[str]:
    return [annotation.name for annotation in read_annotations(path).annotations]


@pytest.fixture
def markup(tmp_path: Path) -> Path:
    path = tmp_path / "markup.xml"
    write_annotations(AnnotationSet.of([outline("Former")], [Group("Tumor")]), path)
    return path


@pytest.fixture
def working(qtbot: QtBot, window: MainWindow, markup: Path) -> MainWindow:
    """A window with the markup open."""
    window.files.open_annotations(markup)
    qtbot.waitUntil(lambda: window.session.document.path == markup)
    return window


@pytest.fixture
def slow_disk(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Everything is saved in the background, and comes to its end only when this is set."""
    monkeypatch.setattr(saving, "AT_ONCE", 0)
    may_end = threading.Event()
    write = document_module.write_annotations

    def write_slowly(annotations: AnnotationSet, path: Path) -> tuple[str, ...]:
        assert may_end.wait(60)
        return write(annotations, path)

    monkeypatch.setattr(document_module, "write_annotations", write_slowly)
    return may_end


def draw(window: MainWindow, name: str, count: int = 3) -> None:
    made = outline(name, count)
    assert window.session.document.apply("Add polygon", {made.id: made})


def test_the_status_line_says_what_is_kept_where(working: MainWindow, user_folder: Path) -> None:
    status, stack = working.status.saved, working.session.document.undo_stack
    assert status.text() == ""
    draw(working, "Mine")
    assert status.text() == "Not saved · Journal up to date"
    assert working.saving.save()
    assert status.text() == f"Saved {working.session.document.saved_at:%H:%M}"
    stack.undo()
    assert status.text() == "Not saved · Journal up to date"
    stack.redo()
    assert status.text().startswith("Saved ")


def test_a_journal_that_cannot_be_written_stops_nobody(
    working: MainWindow, user_folder: Path
) -> None:
    paths.journals_folder().write_text("in the way")
    draw(working, "Mine")
    draw(working, "More")
    assert working.status.saved.text() == "Not saved · Not kept against a crash"
    assert "cannot be kept against a crash" in working.status.saved.toolTip()
    (told,) = working.notices.texts
    assert "cannot be kept against a crash" in told
    assert working.saving.save()
    assert working.status.saved.text().startswith("Saved ")


def test_much_is_saved_in_the_background_and_stays_editable(
    qtbot: QtBot, working: MainWindow, markup: Path, slow_disk: threading.Event
) -> None:
    document = working.session.document
    draw(working, "Mine")
    assert working.saving.save()
    assert working.status.saved.text() == "Saving …"
    draw(working, "Meanwhile")
    assert names_in(markup) == ["Former"]
    slow_disk.set()
    wait_for_jobs(qtbot)
    assert names_in(markup) == ["Former", "Mine"]
    assert not document.is_saved
    assert document.journal.is_kept
    document.undo_stack.undo()
    assert document.is_saved
    document.undo_stack.redo()
    assert working.saving.save()
    wait_for_jobs(qtbot)
    assert names_in(markup) == ["Former", "Mine", "Meanwhile"]
    assert document.is_saved


def test_saving_again_while_it_is_saved_saves_the_rest(
    qtbot: QtBot, working: MainWindow, markup: Path, slow_disk: threading.Event
) -> None:
    draw(working, "Mine")
    assert working.saving.save()
    draw(working, "Meanwhile")
    assert working.saving.save()
    slow_disk.set()
    qtbot.waitUntil(lambda: not working.saving.is_under_way)
    assert names_in(markup) == ["Former", "Mine", "Meanwhile"]
    assert working.session.document.is_saved


def test_closing_waits_for_what_is_being_saved(
    qtbot: QtBot, working: MainWindow, markup: Path, slow_disk: threading.Event
) -> None:
    draw(working, "Mine")
    assert working.saving.save()
    enabled: list[bool] = []

    def go_on() -> None:
        enabled.append(working.isEnabled())
        slow_disk.set()

    QTimer.singleShot(100, go_on)
    assert working.close()
    assert enabled == [False]
    assert names_in(markup) == ["Former", "Mine"]
    assert list(paths.journals_folder().glob("*")) == []


def test_save_and_close_saves_much_first(
    qtbot: QtBot, working: MainWindow, markup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "ask", lambda *_: "Save and close")
    draw(working, "Large", 30_000)
    assert working.close()
    assert names_in(markup) == ["Former", "Large"]


def test_what_is_saved_is_not_taken_for_what_was_opened_since(
    qtbot: QtBot, working: MainWindow, markup: Path, slow_disk: threading.Event
) -> None:
    draw(working, "Mine")
    assert working.saving.save()
    working.session.document.open(AnnotationSet.of(), None)
    slow_disk.set()
    wait_for_jobs(qtbot)
    assert working.session.document.path is None
    assert names_in(markup) == ["Former", "Mine"]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are a matter of POSIX")
@pytest.mark.parametrize("is_large", [False, True])
def test_a_full_disk_loses_nothing(
    qtbot: QtBot,
    working: MainWindow,
    markup: Path,
    choose_file: ChooseFile,
    monkeypatch: pytest.MonkeyPatch,
    is_large: bool,
) -> None:
    import resource

    if is_large:
        monkeypatch.setattr(saving, "AT_ONCE", 0)
    document = working.session.document
    draw(working, "Mine", 500)
    before = sorted(markup.parent.iterdir())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        assert working.saving.save() == is_large
        wait_for_jobs(qtbot)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert names_in(markup) == ["Former"]
    assert sorted(markup.parent.iterdir()) == before
    assert not document.is_saved
    assert document.journal.is_kept
    (notice,) = working.notices.notices
    assert "cannot be saved: File too large" in notice.text
    other = markup.parent / "other.xml"
    choose_file(other, "ASAP XML (*.xml)")
    assert isinstance(notice.button, QPushButton)
    notice.button.click()
    wait_for_jobs(qtbot)
    assert names_in(other) == ["Former", "Mine"]
    assert document.is_saved


def test_a_folder_that_is_gone_loses_nothing(working: MainWindow, markup: Path) -> None:
    draw(working, "Mine")
    markup.parent.rename(markup.parent.with_name("moved"))
    assert not working.saving.save()
    assert not working.session.document.is_saved
    assert "cannot be saved" in working.notices.texts[0]
    markup.parent.with_name("moved").rename(markup.parent)
    assert working.saving.save()


def test_backups_are_numbered(working: MainWindow, markup: Path) -> None:
    for number in range(3):
        draw(working, f"Mine {number}")
        assert working.saving.save()
    kept = backups_of(markup)
    assert [len(read_annotations(_as_xml(it)).annotations) for it in kept[:3]] == [3, 2, 1]


def _as_xml(backup: Path) -> Path:
    copy = backup.with_name(f"{backup.name}.xml")
    copy.write_bytes(backup.read_bytes())
    return copy


def listed_by(act: Callable[[], object]) -> list[str]:
    """Do what opens the list of differences; gives it, and closes it."""
    listed: list[str] = []

    def close() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, DifferencesDialog):
            QTimer.singleShot(20, close)
            return
        listed.extend(dialog.list.item(row).text() for row in range(dialog.list.count()))
        dialog.buttons["Close"].click()

    QTimer.singleShot(0, close)
    act()
    return listed


def test_what_saving_would_change_can_be_seen(working: MainWindow) -> None:
    draw(working, "Mine")
    former = next(iter(working.session.document.annotations))
    working.session.document.apply("Delete", {former.id: None})
    action = working.named_actions["show_differences"]
    assert listed_by(action.trigger) == ["+ Polygon Mine in Tumor", "- Polygon Former in Tumor"]


def test_without_a_file_there_is_nothing_to_compare(window: MainWindow) -> None:
    window.saving.show_differences()
    assert window.notices.texts == ["There is no file yet to compare the annotations with."]


def test_others_work_can_be_looked_at_before_it_is_replaced(
    working: MainWindow, markup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(working, "Mine")
    write_annotations(AnnotationSet.of([outline("Theirs")], [Group("Tumor")]), markup)
    os.utime(markup, (1, 1))
    answers = iter(["Show differences", "Replace it"])
    monkeypatch.setattr(saving, "ask", lambda *_: next(answers))
    listed = listed_by(working.saving.save)
    assert "- Polygon Theirs in Tumor" in listed
    assert "+ Polygon Mine in Tumor" in listed
    assert names_in(markup) == ["Former", "Mine"]
    assert names_in(_as_xml(backups_of(markup)[0])) == ["Theirs"]


def lock_elsewhere(path: Path) -> None:
    """Let a file be open in a window of another machine."""
    lock = FileLock(path)
    lock.take()
    told = json.loads(lock_of(path).read_text()) | {"host": "ward7", "user": "anna", "key": "k"}
    lock_of(path).write_text(json.dumps(told))


def test_the_file_is_locked_as_long_as_it_is_open(working: MainWindow, markup: Path) -> None:
    assert holder_of(markup) is not None
    other = markup.with_name("other.xml")
    working.session.document.save(other)
    assert holder_of(markup) is None
    assert holder_of(other) is not None
    assert working.close()
    assert not lock_of(other).exists()


@pytest.mark.parametrize("choice", ["Open a copy", "Open anyway", "Cancel"])
def test_a_file_open_elsewhere_is_asked_about(
    qtbot: QtBot,
    window: MainWindow,
    markup: Path,
    monkeypatch: pytest.MonkeyPatch,
    choose_file: ChooseFile,
    choice: str,
) -> None:
    lock_elsewhere(markup)
    theirs = lock_of(markup).read_text()
    asked: list[str] = []
    monkeypatch.setattr(markup_lock, "ask", lambda *a: (asked.append(a[2]), choice)[1])
    window.files.open_annotations(markup)
    wait_for_jobs(qtbot)
    assert "open in another window (anna on ward7 since " in asked[0]
    document = window.session.document
    assert (len(document.annotations) == 1) == (choice != "Cancel")
    assert document.path == (markup if choice == "Open anyway" else None)
    if choice == "Open a copy":
        assert document.is_saved
        other = markup.with_name("other.xml")
        choose_file(other, "ASAP XML (*.xml)")
        draw(window, "Mine")
        assert window.saving.save()
        assert names_in(other) == ["Former", "Mine"]
        assert names_in(markup) == ["Former"]
    window.close()
    assert lock_of(markup).read_text() == theirs


def test_a_file_open_elsewhere_is_offered_beside_its_slide(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path
) -> None:
    slide = tmp_path / "s.tif"
    slide.write_bytes(made_slide.read_bytes())
    write_annotations(AnnotationSet.of([outline("Former")]), tmp_path / "s.xml")
    lock_elsewhere(tmp_path / "s.xml")
    window = open_slide(slide)
    wait_for_jobs(qtbot)
    assert len(window.session.document.annotations) == 0
    assert "s.xml lies beside the slide, and is open in another window" in window.notices.texts[0]


def test_a_file_open_elsewhere_is_not_replaced_unasked(
    qtbot: QtBot, working: MainWindow, tmp_path: Path, choose_file: ChooseFile
) -> None:
    other = tmp_path / "theirs.xml"
    write_annotations(AnnotationSet.of(), other)
    lock_elsewhere(other)
    choose_file(other, "ASAP XML (*.xml)")
    answer(qtbot, "Stay")
    assert not working.saving.save_as()
    assert names_in(other) == []
    answer(qtbot, "Replace it")
    assert working.saving.save_as()
    assert names_in(other) == ["Former"]


def test_a_second_window_is_told_of_the_first(
    qtbot: QtBot, working: MainWindow, markup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = MainWindow()
    try:
        asked: list[str] = []
        monkeypatch.setattr(markup_lock, "ask", lambda *a: (asked.append(a[2]), "Cancel")[1])
        other.files.open_annotations(markup)
        assert len(asked) == 1
        working.files.open_annotations(markup)  # its own lock is in nobody's way
        wait_for_jobs(qtbot)
        assert len(asked) == 1
    finally:
        other.let_go()
        other.deleteLater()
        QApplication.processEvents()


def test_an_import_is_one_step(
    qtbot: QtBot, working: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought = tmp_path / "other.xml"
    groups = [Group("Tumor", colour="#123456"), Group("Normal")]
    write_annotations(AnnotationSet.of([outline("One"), outline("Two", 4)], groups), brought)
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(brought)], ""))
    working.named_actions["import_annotations"].trigger()
    document = working.session.document
    qtbot.waitUntil(lambda: len(document.annotations) == 3)
    assert [it.name for it in document.annotations] == ["Former", "One", "Two"]
    assert list(document.annotations.groups) == ["Tumor", "Normal"]
    assert document.annotations.groups["Tumor"].colour == Group("").colour
    assert document.undo_stack.undoText() == "Import other.xml"
    assert working.notices.texts[0] == "Added 2 annotations of other.xml."
    assert "the groups Tumor are there already" in working.notices.texts[1]
    working.named_actions["undo"].trigger()
    assert [it.name for it in document.annotations] == ["Former"]
    assert list(document.annotations.groups) == ["Tumor"]
    assert document.is_saved


def test_a_file_that_cannot_be_imported_changes_nothing(
    qtbot: QtBot, working: MainWindow, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.xml"
    bad.write_text("<ASAP_Annotations><Annot")
    working.importing.add(bad)
    qtbot.waitUntil(lambda: len(working.notices.texts) == 1)
    assert str(bad) in working.notices.texts[0]
    assert working.session.document.undo_stack.count() == 0


def test_the_panel_goes_where_it_is_clicked(working: MainWindow) -> None:
    draw(working, "Mine")
    draw(working, "More")
    working.editing.history.wanted.emit(1)
    assert [it.name for it in working.session.document.annotations] == ["Former", "Mine"]
