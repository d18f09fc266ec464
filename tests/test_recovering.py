"""After a crash: what was edited is offered, shown, and given back exactly."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, wait_for_jobs

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
from slideviewer.annotations.journal import leftovers
from slideviewer.annotations.journal.step import whole_step
from slideviewer.annotations.journal.step_bytes import as_bytes
from slideviewer.annotations.saving import stamp_of
from slideviewer.annotations.sidecar import Sidecar, write_sidecar
from slideviewer.ui import recovering, saving
from slideviewer.ui.differences_dialog import MOST_LINES, DifferencesDialog
from slideviewer.ui.document import Document
from slideviewer.ui.window import MainWindow

Crash = Callable[..., AnnotationSet]


def outline(name: str) -> Annotation:
    return Annotation(name, Kind.POLYGON, as_points([(0, 0), (900, 0), (900.5, 900)]), "Tumor")


def exactly(annotations: AnnotationSet) -> bytes:
    return as_bytes(whole_step("", annotations))


@pytest.fixture
def markup(tmp_path: Path) -> Path:
    path = tmp_path / "markup.xml"
    write_annotations(AnnotationSet.of([outline("Former")], [Group("Tumor")]), path)
    return path


@pytest.fixture
def crash(markup: Path, user_folder: Path) -> Crash:
    """Edit a file as a program that ends without saving; gives what it showed last."""

    def crash_it(slide: Path | None = None, path: Path | None = markup) -> AnnotationSet:
        document = Document()
        document.journal.slide_path = slide
        known = AnnotationSet.of() if path is None else read_annotations(path).annotations
        document.open(known, path)
        for name in ("One", "Two"):
            made = outline(name)
            document.apply("Add polygon", {made.id: made})
        journal = document.journal._journal
        assert journal is not None
        journal.close()
        return document.annotations

    return crash_it


def look(qtbot: QtBot, window: MainWindow) -> list[str]:
    """Start anew; gives the notices."""
    window.recovering.look()
    wait_for_jobs(qtbot)
    return window.notices.texts


def choose(qtbot: QtBot, window: MainWindow, choice: str) -> list[str]:
    """Press the notice's button, and then one in the dialog; gives what the dialog listed."""
    listed: list[str] = []

    def press() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, DifferencesDialog):
            QTimer.singleShot(20, press)
            return
        listed.extend(dialog.list.item(row).text() for row in range(dialog.list.count()))
        dialog.buttons[choice].click()

    QTimer.singleShot(0, press)
    button = next(it.button for it in window.notices.notices if it.button is not None)
    assert isinstance(button, QPushButton)
    button.click()
    qtbot.waitUntil(lambda: bool(listed), timeout=10_000)
    wait_for_jobs(qtbot)
    return listed


def test_nothing_is_said_where_nothing_was_left(qtbot: QtBot, window: MainWindow) -> None:
    assert look(qtbot, window) == []


def test_edits_come_back_with_their_slide(
    qtbot: QtBot, window: MainWindow, crash: Crash, markup: Path, made_slide: Path
) -> None:
    shown = crash(made_slide)
    (told,) = look(qtbot, window)
    assert told.startswith("Annotations of made.tif were not saved (2")
    assert told.endswith(", 2 edits).")
    listed = choose(qtbot, window, "Restore")
    assert listed == ["+ Polygon One in Tumor", "+ Polygon Two in Tumor"]
    document = window.session.document
    qtbot.waitUntil(lambda: len(document.annotations) == 3, timeout=20_000)
    wait_for_jobs(qtbot)
    assert window.session.slide is not None
    assert window.session.slide.path == made_slide
    assert exactly(document.annotations) == exactly(shown)
    assert document.path == markup
    assert not document.is_saved
    # What was given back is kept against the next crash, and only once.
    assert document.journal.is_kept
    assert len(list(paths.journals_folder().glob("*.journal"))) == 1
    assert window.saving.save()
    assert [it.name for it in read_annotations(markup).annotations] == ["Former", "One", "Two"]
    assert list(paths.journals_folder().glob("*")) == []


@pytest.mark.parametrize("is_changed", [False, True], ids=["file as it was", "file changed"])
def test_who_drew_what_is_known_after_a_crash_too(
    qtbot: QtBot, window: MainWindow, markup: Path, user_folder: Path, is_changed: bool
) -> None:
    former = datetime(2020, 1, 2, tzinfo=UTC)
    shapes = [outline("Former"), replace(outline("Touched"), points=as_points([(5, 5), (6, 7)]))]
    write_annotations(AnnotationSet.of(shapes, [Group("Tumor")]), markup)
    read = read_annotations(markup).annotations
    write_sidecar(read, markup, Sidecar(), None, "Ada", former)
    document = Document()
    document.open(read, markup)
    touched = next(it for it in read if it.name == "Touched")
    made, moved = outline("Mine"), replace(touched, points=touched.points + 1)
    document.apply("Edit", {made.id: made, moved.id: moved})
    document.journal._journal.close()
    if is_changed:
        write_annotations(AnnotationSet.of([shapes[0]], [Group("Tumor")]), markup)
    look(qtbot, window)
    choose(qtbot, window, "Restore")
    qtbot.waitUntil(lambda: len(window.session.document.annotations) == 3, timeout=20_000)
    wait_for_jobs(qtbot)
    window.session.document.save(markup)
    window.saving.sidecars.write(window.session.document.annotations, markup)
    wait_for_jobs(qtbot)
    known = window.saving.sidecars.known.marks
    marks = {it.name: known[it.id] for it in window.session.document.annotations}
    assert (marks["Former"].author, marks["Former"].created) == ("Ada", former)
    assert marks["Former"].changed is None
    assert marks["Touched"].author == ("" if is_changed else "Ada")  # never somebody else
    assert marks["Touched"].changed is not None or is_changed
    assert marks["Mine"].author != "Ada"


def test_what_was_given_back_survives_the_next_crash(
    qtbot: QtBot, window: MainWindow, crash: Crash
) -> None:
    shown = crash()
    look(qtbot, window)
    choose(qtbot, window, "Restore")
    document = window.session.document
    qtbot.waitUntil(lambda: len(document.annotations) == 3)
    made = outline("Three")
    document.apply("Add polygon", {made.id: made})
    document.journal._journal.close()
    (found,), _ = leftovers(paths.journals_folder())
    assert found.edits == 3
    again = recovering.read(found)
    assert exactly(again.annotations) == exactly(shown.with_changes({made.id: made}))
    assert again.differences.summary == "3 annotations added"  # to the file


def test_a_slide_that_is_gone_does_not_take_its_edits_along(
    qtbot: QtBot, window: MainWindow, crash: Crash, tmp_path: Path
) -> None:
    crash(tmp_path / "gone.svs")
    look(qtbot, window)
    choose(qtbot, window, "Restore")
    qtbot.waitUntil(lambda: len(window.session.document.annotations) == 3)
    assert any("gone.svs is not there any more" in text for text in window.notices.texts)


@pytest.mark.parametrize("choice, stays", [("Later", True), ("Delete", False)])
def test_nothing_is_given_back_unasked(
    qtbot: QtBot,
    window: MainWindow,
    crash: Crash,
    monkeypatch: pytest.MonkeyPatch,
    choice: str,
    stays: bool,
) -> None:
    crash()
    look(qtbot, window)
    monkeypatch.setattr(recovering, "ask", lambda *_: "Delete")
    choose(qtbot, window, choice)
    assert len(window.session.document.annotations) == 0
    assert bool(leftovers(paths.journals_folder())[0]) == stays


def test_deleting_is_asked_about(
    qtbot: QtBot, window: MainWindow, crash: Crash, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash()
    look(qtbot, window)
    asked: list[str] = []
    monkeypatch.setattr(recovering, "ask", lambda *a: (asked.append(a[2]), "Later")[1])
    choose(qtbot, window, "Delete")
    assert "markup.xml" in asked[0]
    assert leftovers(paths.journals_folder())[0]


def test_unsaved_work_is_in_nobodys_way(
    qtbot: QtBot, window: MainWindow, crash: Crash, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash()
    mine = outline("Mine")
    window.session.document.apply("Add polygon", {mine.id: mine})
    look(qtbot, window)
    monkeypatch.setattr(saving, "ask", lambda *_: "Stay")
    choose(qtbot, window, "Restore")
    assert [it.name for it in window.session.document.annotations] == ["Mine"]
    assert len(leftovers(paths.journals_folder())[0]) == 1


def test_a_file_changed_since_the_crash_is_not_overwritten_unasked(
    qtbot: QtBot, window: MainWindow, crash: Crash, markup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash()
    write_annotations(AnnotationSet.of([outline("Theirs")]), markup)
    look(qtbot, window)
    choose(qtbot, window, "Restore")
    qtbot.waitUntil(lambda: len(window.session.document.annotations) == 3)
    monkeypatch.setattr(saving, "ask", lambda *_: "Stay")
    assert not window.saving.save()
    assert [it.name for it in read_annotations(markup).annotations] == ["Theirs"]


def test_what_was_saved_before_the_end_is_not_offered(
    qtbot: QtBot, window: MainWindow, crash: Crash, markup: Path
) -> None:
    write_annotations(crash(), markup)  # the kill came between saving and deleting the journal
    assert look(qtbot, window) == []
    assert leftovers(paths.journals_folder()) == ([], [])


def test_annotations_without_slide_and_file_come_back_too(
    qtbot: QtBot, window: MainWindow, crash: Crash
) -> None:
    crash(path=None)
    (told,) = look(qtbot, window)
    assert told.startswith("Annotations of no slide were not saved")
    choose(qtbot, window, "Restore")
    qtbot.waitUntil(lambda: len(window.session.document.annotations) == 2)
    assert window.session.document.path is None


def test_a_damaged_journal_is_told_of_and_kept(
    qtbot: QtBot, window: MainWindow, crash: Crash
) -> None:
    crash()
    bad = paths.journals_folder() / "bad.journal"
    bad.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 20)
    texts = look(qtbot, window)
    assert len(texts) == 2
    assert texts[0].startswith(f"Edits that were not saved are damaged. {bad}")
    assert bad.exists()


def test_edits_come_back_where_no_journal_can_be_written(
    qtbot: QtBot, window: MainWindow, crash: Crash, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash()
    look(qtbot, window)
    former = list(paths.journals_folder().glob("*.journal"))

    def fail(*_: object) -> None:
        raise recovering.JournalError("no room")

    monkeypatch.setattr(recovering, "Journal", fail)
    monkeypatch.setattr("slideviewer.ui.journalling.Journal", fail)
    choose(qtbot, window, "Restore")
    qtbot.waitUntil(lambda: len(window.session.document.annotations) == 3)
    assert not window.session.document.is_saved
    assert list(paths.journals_folder().glob("*.journal")) == former


def test_differences_without_end_are_counted(qtbot: QtBot, window: MainWindow) -> None:
    many = AnnotationSet.of([outline(str(number)) for number in range(MOST_LINES + 5)])
    found = recovering.differences(AnnotationSet.of(), many)
    dialog = DifferencesDialog("Title", "Heading", found, ("Close",), window)
    qtbot.addWidget(dialog)
    assert dialog.list.count() == MOST_LINES + 1
    assert dialog.list.item(MOST_LINES).text() == "… and 5 more"


def test_edits_of_a_journal_in_use_are_not_offered(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    made = outline("Mine")
    window.session.document.apply("Add polygon", {made.id: made})
    assert look(qtbot, window) == []
    assert window.session.document.journal.is_kept


def test_the_stamp_of_the_file_is_kept_with_the_edits(crash: Crash, markup: Path) -> None:
    crash()
    (found,), _ = leftovers(paths.journals_folder())
    assert found.about.stamp == stamp_of(markup)
