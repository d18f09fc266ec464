"""Document and journal: on disk before it is shown, and gone once it is saved."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from slideviewer import paths
from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Kind,
    as_points,
    read_annotations,
    write_annotations,
)
from slideviewer.annotations.journal import journal as journal_module
from slideviewer.annotations.journal import leftovers, read_leftover
from slideviewer.annotations.journal.step import whole_step
from slideviewer.annotations.journal.step_bytes import as_bytes
from slideviewer.annotations.saving import stamp_of
from slideviewer.ui import journalling
from slideviewer.ui.document import Document


def outline(name: str, count: int = 3) -> Annotation:
    points = np.random.default_rng(count).integers(0, 1000, (count, 2))
    return Annotation(name, Kind.POLYGON, as_points(points), id=name)


def same(one: AnnotationSet, other: AnnotationSet) -> bool:
    return as_bytes(whole_step("", one)) == as_bytes(whole_step("", other))


def read(path: Path) -> AnnotationSet:
    return read_annotations(path).annotations


def left_by(document: Document) -> AnnotationSet:
    """End the program's hold on the journal, and read what it left."""
    journal = document.journal._journal
    assert journal is not None
    journal.close()
    (found,), damaged = leftovers(paths.journals_folder())
    assert not damaged
    return read_leftover(found.journal, read)


def journals() -> list[Path]:
    return list(paths.journals_folder().glob("*"))


def test_an_edit_is_on_disk_before_it_is_shown(user_folder: Path) -> None:
    document = Document()
    held: list[bool] = []
    document.changed.connect(lambda _: held.append(document.journal.is_kept))
    assert journals() == []
    document.apply("Add", {"a": outline("a")})
    assert held == [True]
    document.apply("Add", {"b": outline("b")})
    document.undo_stack.setIndex(0)
    document.undo_stack.redo()
    assert same(left_by(document), document.annotations)


def test_the_journal_says_whose_it_is(user_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    write_annotations(AnnotationSet.of(), path)
    document = Document()
    document.journal.slide_path = tmp_path / "s.svs"
    document.open(read(path), path)
    document.apply("Add", {"a": outline("a")})
    left_by(document)
    (found,), _ = leftovers(paths.journals_folder())
    about = found.about
    assert (about.path, about.slide) == (str(path), str(tmp_path / "s.svs"))
    assert about.stamp == stamp_of(path)


@pytest.mark.parametrize("leave", ["save", "close", "open"])
def test_a_journal_ends_with_what_it_is_for(user_folder: Path, tmp_path: Path, leave: str) -> None:
    document = Document()
    document.apply("Add", {"a": outline("a")})
    assert len(journals()) >= 1
    leaving: dict[str, Callable[[], object]] = {
        "save": lambda: document.save(tmp_path / "a.xml"),
        "close": document.close,
        "open": lambda: document.open(AnnotationSet.of(), None),
    }
    leaving[leave]()
    assert journals() == []
    assert not document.journal.is_kept


def test_edits_made_while_it_is_saved_stay_in_a_journal(user_folder: Path, tmp_path: Path) -> None:
    document = Document()
    document.apply("Add", {"a": outline("a")})
    write = document.writer(tmp_path / "a.xml")
    document.apply("Add", {"b": outline("b")})
    document.note_saved(write())
    assert not document.is_saved
    assert [it.name for it in read(tmp_path / "a.xml")] == ["a"]
    document.undo_stack.undo()
    assert document.is_saved
    document.undo_stack.redo()
    assert same(left_by(document), document.annotations)


def test_a_set_that_no_file_holds_is_kept_at_once(user_folder: Path) -> None:
    document = Document()
    mended = AnnotationSet.of([outline("a")])
    document.open(mended, None, unsaved=True)
    assert document.journal.is_kept
    assert same(left_by(document), mended)


def test_a_large_set_is_kept_in_the_background(
    qtbot: QtBot, user_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.xml"
    write_annotations(AnnotationSet.of([outline("a", 30_000)]), path)
    document = Document()
    document.open(read(path), path)
    document.apply("Add", {"b": outline("b")})
    journal = document.journal._journal
    assert journal is not None
    qtbot.waitUntil(lambda: journal.has_base and document.journal._compacting is None)
    path.unlink()
    assert same(left_by(document), document.annotations)


def test_many_edits_make_room_for_a_whole_set(
    qtbot: QtBot, user_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journalling, "MOST_STEP_BYTES", 20_000)
    document = Document()
    for number in range(20):
        document.apply("Add", {f"id{number}": outline(f"id{number}", 100)})
        qtbot.waitUntil(lambda: document.journal._compacting is None)
    journal = document.journal._journal
    assert journal is not None
    assert journal.step_bytes < 25_000
    assert same(left_by(document), document.annotations)


def test_a_journal_that_cannot_be_written_is_told_of_once(
    user_folder: Path, tmp_path: Path
) -> None:
    paths.journals_folder().write_text("in the way")
    document = Document()
    told: list[str] = []
    document.journal.failed.connect(told.append)
    for number in range(3):
        assert document.apply("Add", {f"id{number}": outline(f"id{number}")})
    assert len(document.annotations) == 3
    assert len(told) == 1
    assert "kept against a crash" in told[0]
    assert not document.journal.is_kept
    assert document.journal.problem == told[0]
    paths.journals_folder().unlink()  # there is room again: all that is missing is written
    document.apply("Add", {"last": outline("last")})
    assert document.journal.is_kept
    assert same(left_by(document), document.annotations)


def test_a_full_disk_leaves_no_gap(user_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = Document()
    document.apply("Add", {"a": outline("a")})
    journal = document.journal._journal
    assert journal is not None
    (size,) = journal._database.execute("PRAGMA page_count").fetchone()
    journal._database.execute(f"PRAGMA max_page_count={size}")
    document.apply("Add", {"b": outline("b", 5000)})
    assert "full" in document.journal.problem
    document.undo_stack.undo()
    document.undo_stack.redo()
    journal._database.execute("PRAGMA max_page_count=1000000")
    document.apply("Add", {"c": outline("c")})
    assert document.journal.problem == ""
    assert same(left_by(document), document.annotations)


@pytest.mark.parametrize("fails_from_the_start", [True, False])
def test_what_was_never_kept_is_kept_after_saving(
    user_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fails_from_the_start: bool,
) -> None:
    def fail(*_: object) -> None:
        raise journalling.JournalError("no room")

    document = Document()
    if fails_from_the_start:
        monkeypatch.setattr(journalling, "Journal", fail)
    else:
        document.apply("Add", {"before": outline("before")})
        monkeypatch.setattr(journalling.Journal, "append", fail)
    document.apply("Add", {"a": outline("a")})
    write = document.writer(tmp_path / "a.xml")
    document.apply("Add", {"b": outline("b")})
    document.note_saved(write())
    assert document.journal.problem  # of b, which nothing holds
    assert len(list(paths.journals_folder().glob("*.journal"))) == 1 - fails_from_the_start
    monkeypatch.undo()
    monkeypatch.setenv("SLIDEVIEWER_DATA_DIR", str(user_folder))
    document.apply("Add", {"c": outline("c")})
    assert document.journal.problem == ""
    assert same(left_by(document), document.annotations)


def test_saving_solves_the_problem(user_folder: Path, tmp_path: Path) -> None:
    paths.journals_folder().write_text("in the way")
    document = Document()
    document.apply("Add", {"a": outline("a")})
    assert document.journal.problem
    document.save(tmp_path / "a.xml")
    assert document.journal.problem == ""


def test_a_small_first_set_needs_no_job(user_folder: Path) -> None:
    document = Document()
    count = journal_module._AT_ONCE - 10
    document.open(AnnotationSet.of([outline("a", count)]), None)
    document.apply("Add", {"b": outline("b")})
    assert document.journal._compacting is None
    assert same(left_by(document), document.annotations)
