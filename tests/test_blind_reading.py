"""Reading blind in the real window: what is hidden, what is noted, and what survives."""

from __future__ import annotations

import csv
import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from tame_worker import TameWorker
from test_prediction_queue import batch, started, write_store
from test_review import prediction
from window_fixtures import ChooseFile, OpenSlide, answer, wait_for_jobs

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Kind,
    as_points,
    read_annotations,
    write_annotations,
)
from slideviewer.annotations.decisions import (
    Decision,
    Ending,
    Reading,
    Verdict,
    as_runs,
    read_decisions,
    write_decisions,
)
from slideviewer.annotations.differences import differences
from slideviewer.annotations.journal import read_leftover
from slideviewer.annotations.journal.step import step_between
from slideviewer.annotations.journal.step_bytes import as_bytes, step_from
from slideviewer.annotations.origin import How, Origin
from slideviewer.inference.messages import Finished, Progressed
from slideviewer.progress import Step
from slideviewer.ui import markup_opening, settings
from slideviewer.ui.annotation_columns import Field
from slideviewer.ui.author import user_name
from slideviewer.ui.blind.control import OFF, STAY, STILL_READ
from slideviewer.ui.blind.log import ReadingLog
from slideviewer.ui.document import Document
from slideviewer.ui.window import MainWindow

DOT = Annotation("Dot", Kind.DOT, as_points([(10, 20)]))

moments = st.text(max_size=30)
counts = st.integers(0, 10**6)
readings = st.builds(
    Reading,
    reader=st.text(max_size=20),
    opened=moments,
    ended=moments,
    ending=st.sampled_from(Ending),
    seconds=st.floats(0, 1e7),
    openings=counts,
    order=counts,
    session=moments,
    annotations=counts,
    was_seen=st.booleans(),
)


@pytest.fixture
def blind(qtbot: QtBot, open_slide: OpenSlide, made_slide: Path) -> MainWindow:
    """A window that reads a slide blind, of which a prediction is there."""
    window = open_slide(made_slide)
    wait_for_jobs(qtbot)
    window.named_actions["read_blind"].trigger()
    window.prediction.results.show(prediction())
    return window


def mark_read(window: MainWindow) -> None:
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window, Qt.Key.Key_Return, control | shift)
    QApplication.processEvents()


def shows_any(window: MainWindow) -> bool:
    return window.predicted.shown.has_prediction


@hypothesis_settings(deadline=None, max_examples=40)
@given(st.lists(readings, max_size=4))
def test_readings_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, made: list[Reading]
) -> None:
    path = tmp_path_factory.mktemp("read") / "a.xml"
    known = {it.id: it for it in made}
    write_decisions({}, path, known)
    found = read_decisions(path)
    assert (dict(found.readings), found.notice) == (known, "")
    before, after = AnnotationSet.of(), AnnotationSet.of(readings=made)
    step = step_from(as_bytes(step_between("Read", before, after, ())))
    assert step.applied_to(before).readings == after.readings
    assert differences(before, after).readings == len(made)


def test_a_damaged_reading_costs_no_other_one(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    sound = Reading("anna", "2026-01-02T03:04:05+01:00", id="a")
    write_decisions({}, path, {"a": sound, "b": replace(sound, id="b")})
    file = tmp_path / "a.review.json"
    told = json.loads(file.read_bytes())
    told["readings"][1]["seconds"] = -1
    file.write_text(json.dumps(told))
    found = read_decisions(path)
    assert found.readings == {"a": sound}
    assert "1 of 2 decisions and readings" in found.notice


def test_what_was_read_stays_read_whatever_is_undone(tmp_path: Path) -> None:
    document, reading = Document(), Reading("anna", "", ending=Ending.READ, id="a")
    assert document.apply("Add", {DOT.id: DOT})
    document.save(tmp_path / "a.xml")
    document.note_reading(reading)
    assert not document.is_saved
    document.undo_stack.undo()
    assert document.annotations.readings == {"a": reading}
    document.undo_stack.redo()
    assert document.annotations.readings == {"a": reading}
    assert not document.is_saved, "no file knows of the reading"
    document.save(tmp_path / "a.xml")
    assert document.is_saved
    assert read_decisions(tmp_path / "a.xml").readings == {"a": reading}
    document.close()


class Clock:
    """Seconds as a test sets them."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_the_time_of_all_openings_counts_and_slides_are_in_order() -> None:
    clock = Clock()
    log = ReadingLog(clock, lambda: f"at {clock.seconds:.0f}")
    one, two = Path("one"), Path("two")
    log.open(one, "anna", ())
    clock.seconds = 10
    log.leave()
    clock.seconds = 50  # away
    log.open(two, "anna", ())
    clock.seconds = 55
    second = log.end(Ending.READ, 3)
    assert (second.order, second.seconds, second.annotations) == (1, 5, 3)
    log.leave()
    clock.seconds = 60
    log.open(one, "anna", ())
    log.open(one, "anna", ())  # its annotations were opened
    clock.seconds = 80
    first = log.end(Ending.READ, 0)
    assert (first.order, first.seconds, first.openings) == (2, 30, 2)
    assert (first.opened, first.ended, first.session) == ("at 0", "at 80", "at 0")
    assert log.is_read(one)
    assert log.is_read(two)
    clock.seconds = 90
    log.leave()
    assert log.open(two, "anna", ()) == second, "though it was never saved"


def test_another_reader_reads_for_himself_and_one_goes_on_after_a_crash() -> None:
    clock = Clock()
    log = ReadingLog(clock, lambda: "now")
    kept = Reading("anna", "before", seconds=7.0, id="a")
    of_other = Reading("bert", "before", ending=Ending.READ, id="b")
    reading = log.open(Path("one"), "anna", (of_other, kept), was_seen=True)
    assert (reading.id, reading.openings, reading.was_seen) == ("a", 2, True)
    clock.seconds = 3
    assert log.end(Ending.READ, 1).seconds == 10
    log.leave()
    assert log.open(Path("two"), "bert", (of_other,)).is_over


def test_nothing_predicted_is_in_sight_until_the_slide_is_marked_as_read(
    blind: MainWindow,
) -> None:
    window, results = blind, blind.prediction.results
    assert window.judging.blind.bar.isVisible()
    assert not shows_any(window)
    assert results.shown is None
    for name in ("export_prediction", "accept", "regions_to_markup"):
        assert not window.named_actions[name].isEnabled(), name
    QTest.keyClick(window, Qt.Key.Key_F7)
    assert "Hidden until" in window.judging.reviewing.panel.empty.text()
    assert not results.region_outlines(500, 500)
    window.session.document.apply("Add", {DOT.id: DOT})
    mark_read(window)
    assert shows_any(window)
    assert results.shown is not None
    assert window.named_actions["accept"].isEnabled()
    assert "Hidden" not in window.judging.reviewing.panel.empty.text()
    (reading,) = window.session.document.annotations.readings.values()
    assert (reading.ending, reading.annotations, reading.order) == (Ending.READ, 1, 1)
    assert not reading.was_seen
    assert window.judging.blind.bar.isVisible(), "the next slide is read blind again"
    assert not window.judging.blind.bar.mark.isEnabled()
    mark_read(window)
    assert "already" in window.notices.texts[-1]


def test_what_was_decided_before_is_hidden_as_well(
    qtbot: QtBot, blind: MainWindow, made_slide: Path, tmp_path: Path, choose_file: ChooseFile
) -> None:
    decision = Decision("predicted", Verdict.REJECTED, as_runs([(0, 0, 256, 256)]), id="d")
    path = tmp_path / "marked.xml"
    write_annotations(AnnotationSet.of([DOT]), path)
    write_decisions({"d": decision}, path)
    blind.files.open_annotations(path)
    wait_for_jobs(qtbot)
    assert "d" in blind.session.document.annotations.decisions
    QTest.keyClick(blind, Qt.Key.Key_F7)
    assert not len(blind.judging.reviewing.queue)
    choose_file(tmp_path / "trail.csv")
    blind.named_actions["export_decisions"].trigger()
    assert not (tmp_path / "trail.csv").exists()
    assert "Hidden until" in blind.notices.texts[-1]
    mark_read(blind)
    assert len(blind.judging.reviewing.queue) == 1
    blind.named_actions["export_decisions"].trigger()
    with (tmp_path / "trail.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["kind"] for row in rows] == ["predicted", "reading"]
    assert rows[1]["verdict"] == "read"
    assert rows[1]["annotations_before"] == "1"
    assert rows[1]["order"] == "1"
    assert rows[1]["seen_before"] == "no"
    assert rows[1]["opened"] <= rows[1]["at"]


def test_ending_the_mode_on_a_slide_that_is_not_read_is_asked_and_noted(
    qtbot: QtBot, blind: MainWindow
) -> None:
    answer(qtbot, STAY)
    blind.judging.blind.bar.end.click()
    assert blind.judging.blind.hides
    assert blind.named_actions["read_blind"].isChecked()
    answer(qtbot, "End, and show the prediction")
    blind.judging.blind.bar.end.click()
    assert not blind.judging.blind.is_on
    assert shows_any(blind)
    assert not blind.judging.blind.bar.isVisible()
    (reading,) = blind.session.document.annotations.readings.values()
    assert reading.ending == Ending.SHOWN_UNREAD
    blind.named_actions["mark_read"].trigger()
    assert blind.notices.texts[-1] == OFF


def test_a_prediction_that_was_in_sight_before_is_noted(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    wait_for_jobs(qtbot)
    window.prediction.results.show(prediction())
    window.named_actions["read_blind"].trigger()
    assert not shows_any(window)
    mark_read(window)
    assert shows_any(window)
    (reading,) = window.session.document.annotations.readings.values()
    assert reading.was_seen


def test_a_likelihood_map_waits_as_well(
    qtbot: QtBot, blind: MainWindow, made_slide: Path, tmp_path: Path
) -> None:
    beside = tmp_path / "a_likelihood_map.tif"
    shutil.copyfile(made_slide, beside)
    blind.aids.maps.show(beside)
    wait_for_jobs(qtbot)
    assert not blind.aids.maps.layers
    mark_read(blind)
    qtbot.waitUntil(lambda: bool(blind.aids.maps.layers))
    blind.aids.maps.hide(True)
    assert not blind.aids.maps.layers
    blind.aids.maps.hide(False)
    qtbot.waitUntil(lambda: bool(blind.aids.maps.layers))


def test_a_slide_is_predicted_while_it_is_read_blind(
    qtbot: QtBot, workers: list[TameWorker], open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    wait_for_jobs(qtbot)
    window.named_actions["read_blind"].trigger()
    window.named_actions["predict"].trigger()
    qtbot.waitUntil(lambda: bool(workers) and bool(workers[0].requests))
    (worker,) = workers
    worker.replies.put(started(1))
    worker.replies.put(batch(1, 2, 0.75))
    worker.replies.put(Progressed(1, Step(2, 9, "Predicting", "tiles")))
    qtbot.waitUntil(lambda: "2 of 9" in window.status.progress_text.text())
    assert not shows_any(window)
    mark_read(window)
    qtbot.waitUntil(lambda: window.cells.score_at(250, 50) == 0.75)
    worker.replies.put(batch(1, 3, 0.875))
    qtbot.waitUntil(lambda: window.cells.score_at(350, 50) == 0.875)


def test_what_comes_out_is_told_of_no_slide_before_it_is_read(
    qtbot: QtBot, workers: list[TameWorker], open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    wait_for_jobs(qtbot)
    window.named_actions["read_blind"].trigger()
    window.named_actions["predict"].trigger()
    qtbot.waitUntil(lambda: bool(workers) and bool(workers[0].requests))
    (worker,) = workers
    write_store(worker.asked.store, not_reached=7)
    worker.replies.put(Finished(1, worker.asked.store, 41, 1, (), 60.0))
    qtbot.waitUntil(lambda: any("hidden until" in text for text in window.notices.texts))
    wait_for_jobs(qtbot)
    assert not any("tumour" in text for text in window.notices.texts)
    assert not shows_any(window)
    mark_read(window)
    qtbot.waitUntil(lambda: window.prediction.has_result)
    assert shows_any(window)


def test_the_reading_is_kept_with_the_slide_and_known_when_it_is_opened_again(
    qtbot: QtBot, blind: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "own.xml"
    write_annotations(AnnotationSet.of([DOT]), path)
    blind.files.open_annotations(path)
    wait_for_jobs(qtbot)
    assert blind.judging.blind.hides
    assert blind.session.document.is_saved, "to open a slide is nothing to save"
    mark_read(blind)
    assert not blind.session.document.is_saved
    QTest.keyClick(blind, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: blind.session.document.is_saved)
    assert [it.ending for it in read_decisions(path).readings.values()] == [Ending.READ]
    blind.named_actions["read_blind"].trigger()
    blind.named_actions["read_blind"].trigger()
    assert not blind.judging.blind.hides, "this reader has read it"
    settings.write(settings.AUTHOR, "Somebody else")
    blind.named_actions["read_blind"].trigger()
    blind.named_actions["read_blind"].trigger()
    assert blind.judging.blind.hides


def test_a_slide_that_comes_again_comes_with_its_markup_and_is_read(
    qtbot: QtBot, blind: MainWindow, picture: Path, tmp_path: Path
) -> None:
    path = picture.with_suffix(".xml")
    write_annotations(AnnotationSet.of([DOT]), path)
    other, document = blind.session.slide, blind.session.document
    assert other is not None
    for is_first in (True, False):
        blind.files.open_slide(picture)
        qtbot.waitUntil(lambda: document.path == path)
        assert blind.judging.blind.hides is is_first
        assert document.is_saved
        if is_first:
            blind.named_actions["mark_read"].trigger()
            blind.named_actions["save"].trigger()
            wait_for_jobs(qtbot)
            blind.files.open_slide(other.path)
            qtbot.waitUntil(lambda: document.path is None)
            assert blind.judging.blind.hides
            wait_for_jobs(qtbot)
    (reading,) = document.annotations.readings.values()
    assert (reading.order, reading.openings) == (1, 1)


def test_a_kill_costs_neither_the_reading_nor_the_blindness(
    qtbot: QtBot, blind: MainWindow, tmp_path: Path
) -> None:
    journal = blind.session.document.journal._journal
    assert journal is not None, "the opening is on the disk at once"
    copy = tmp_path / "left-over.journal"
    for ending in ("", "-wal"):  # as a kill would leave it
        file = journal.path.with_name(journal.path.name + ending)
        if file.exists():
            shutil.copyfile(file, copy.with_name(copy.name + ending))
    recovered = read_leftover(copy, lambda path: read_annotations(path).annotations)
    (reading,) = recovered.readings.values()
    assert reading.ending == Ending.OPEN
    answer(qtbot, "End, and show the prediction")
    blind.judging.blind.bar.end.click()
    assert shows_any(blind)
    blind.session.document.open(recovered, None, unsaved=True)
    assert blind.judging.blind.hides, "the reading goes on"
    assert not shows_any(blind)
    assert blind.judging.blind.reading is not None
    assert blind.judging.blind.reading.id == reading.id


def test_a_new_window_reads_blind_where_the_preferences_say_so(
    qtbot: QtBot, user_folder: Path, window: MainWindow
) -> None:
    assert not window.judging.blind.is_on
    settings.write(settings.READ_BLIND, True)
    other = MainWindow()
    assert other.judging.blind.is_on
    assert other.named_actions["read_blind"].isChecked()
    other.let_go()
    other.deleteLater()


def test_the_time_is_in_the_file_before_the_reading_ends(
    qtbot: QtBot, blind: MainWindow, tmp_path: Path, picture: Path
) -> None:
    path = tmp_path / "own.xml"
    write_annotations(AnnotationSet.of([DOT]), path)
    blind.files.open_annotations(path)
    wait_for_jobs(qtbot)
    log = blind.judging.blind._log
    assert log is not None
    clock = Clock()
    assert log._reading is not None
    log._clock, log._since, log._reading = clock, 0.0, replace(log._reading, seconds=0.0)

    def kept() -> float:
        (reading,) = read_decisions(path).readings.values()
        assert reading.ending == Ending.OPEN
        return reading.seconds

    clock.seconds = 1800
    document = blind.session.document
    document.apply("Add", {"b": replace(DOT, id="b")})
    blind.named_actions["save"].trigger()
    wait_for_jobs(qtbot)
    assert kept() == 1800
    assert document.is_saved
    clock.seconds = 2400
    blind.judging.blind._minute.timeout.emit()
    assert [it.seconds for it in document.annotations.readings.values()] == [2400]
    assert document.journal.is_kept, "so that a crash costs a minute at most"
    assert document.is_saved
    clock.seconds = 3000
    blind.files.open_slide(picture)
    qtbot.waitUntil(lambda: blind.session.slide is not None and blind.session.slide.path == picture)
    wait_for_jobs(qtbot)
    assert kept() == 3000, "once the slide is left"


def test_only_to_look_at_a_slide_leaves_no_file(
    qtbot: QtBot, blind: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "own.xml"
    write_annotations(AnnotationSet.of([DOT]), path)
    blind.files.open_annotations(path)
    wait_for_jobs(qtbot)
    blind.judging.blind.close()
    assert not path.with_name("own.review.json").exists()


def test_a_reading_that_ended_before_there_was_a_file_goes_into_the_first_one(
    qtbot: QtBot,
    blind: MainWindow,
    picture: Path,
    made_slide: Path,
    tmp_path: Path,
    choose_file: ChooseFile,
) -> None:
    def show(path: Path) -> None:
        blind.files.open_slide(path)
        session = blind.session
        qtbot.waitUntil(lambda: session.slide is not None and session.slide.path == path)
        wait_for_jobs(qtbot)

    show(picture)
    mark_read(blind)
    answer(qtbot, "Close without saving")
    show(made_slide)
    show(picture)
    assert not blind.judging.blind.hides
    blind.session.document.apply("Add", {DOT.id: DOT})
    path = tmp_path / "late.xml"
    choose_file(path)
    blind.named_actions["save_as"].trigger()
    wait_for_jobs(qtbot)
    assert [it.ending for it in read_decisions(path).readings.values()] == [Ending.READ]


def slowly(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let annotations be read only once this is set."""
    may_read, read = threading.Event(), markup_opening.read_with_stamp

    def wait_and_read(*about: Any) -> Any:
        assert may_read.wait(20)
        return read(*about)

    monkeypatch.setattr(markup_opening, "read_with_stamp", wait_and_read)
    return may_read


def test_what_was_begun_is_hidden_before_its_markup_is_read(
    qtbot: QtBot, window: MainWindow, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = picture.with_suffix(".xml")
    write_annotations(AnnotationSet.of([DOT]), path)
    begun = Reading(user_name(), "2026-01-02T03:04:05+01:00", seconds=60.0, id="a")
    write_decisions({}, path, {"a": begun})
    may_read = slowly(monkeypatch)
    seen = list[bool]()
    window.predicted.changed.connect(lambda _: seen.append(shows_any(window)))
    window.files.open_slide(picture)
    qtbot.waitUntil(lambda: window.session.slide is not None)
    assert window.judging.blind.hides
    window.prediction.results.show(prediction())
    assert not any(seen)
    may_read.set()
    qtbot.waitUntil(lambda: window.session.document.path == path)
    assert window.judging.blind.hides
    reading = window.judging.blind.reading
    assert reading is not None
    assert (reading.id, reading.openings) == ("a", 2)
    assert reading.seconds >= 60
    assert list(window.session.document.annotations.readings) == ["a"]
    assert window.session.document.is_saved


def test_nothing_ends_while_the_markup_is_still_being_read(
    qtbot: QtBot, window: MainWindow, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = picture.with_suffix(".xml")
    write_annotations(AnnotationSet.of([DOT]), path)
    may_read = slowly(monkeypatch)
    window.named_actions["read_blind"].trigger()
    window.files.open_slide(picture)
    qtbot.waitUntil(lambda: window.session.slide is not None)
    for name in ("mark_read", "read_blind"):
        window.named_actions[name].trigger()
        assert window.notices.texts[-1] == STILL_READ
        assert window.judging.blind.hides
        assert window.named_actions["read_blind"].isChecked()
    window.judging.blind._minute.timeout.emit()
    may_read.set()
    qtbot.waitUntil(lambda: window.session.document.path == path)
    mark_read(window)
    (reading,) = window.session.document.annotations.readings.values()
    assert (reading.ending, reading.annotations) == (Ending.READ, 1)


def test_a_run_takes_the_place_of_a_hidden_result(
    qtbot: QtBot, workers: list[TameWorker], open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    wait_for_jobs(qtbot)
    window.named_actions["read_blind"].trigger()
    former = prediction()
    window.prediction.results.show(former)
    window.named_actions["predict"].trigger()
    qtbot.waitUntil(lambda: bool(workers) and bool(workers[0].requests))
    (worker,) = workers
    worker.replies.put(started(1))
    worker.replies.put(batch(1, 2, 0.75))
    worker.replies.put(Progressed(1, Step(2, 9, "Predicting", "tiles")))
    qtbot.waitUntil(lambda: "2 of 9" in window.status.progress_text.text())
    mark_read(window)
    assert window.prediction.results.shown is not former
    qtbot.waitUntil(lambda: window.cells.score_at(250, 50) == 0.75)


def test_a_prediction_shown_unread_is_not_called_read(qtbot: QtBot, blind: MainWindow) -> None:
    answer(qtbot, "End, and show the prediction")
    control = blind.judging.blind
    assert "until this slide is read" in control.bar.words.text()
    control.bar.end.click()
    blind.named_actions["read_blind"].trigger()
    assert "shown before it was read" in control.bar.words.text()
    assert not control.bar.mark.isEnabled()
    blind.named_actions["mark_read"].trigger()
    assert "shown before this slide was read" in blind.notices.texts[-1]


def test_nothing_that_annotations_came_from_is_told_meanwhile(blind: MainWindow) -> None:
    accepted, drawn = (
        replace(DOT, id=name, name=name, origin=Origin(how, "tiny 0123 from 0.5"))
        for name, how in (("a", How.PREDICTED), ("b", How.DRAWN))
    )
    document, table = blind.session.document, blind.editing.listing.table
    document.apply("Add", {it.id: it for it in (accepted, drawn)})
    origins = table.column_of(Field.ORIGIN)
    table.sort(origins)

    def told() -> list[tuple[str, str]]:
        names = [table.index(row, table.column_of(Field.NAME)) for row in range(2)]
        tips = [str(it.data(Qt.ItemDataRole.ToolTipRole)) for it in names]
        return [(tip, table.index(row, origins).data()) for row, tip in enumerate(tips)]

    assert told() == [("a", ""), ("b", "")], "nor does the order tell"
    assert not blind.editing.groups.attributes.history(accepted)
    blind.named_actions["improve_model"].trigger()
    assert "Hidden until" in blind.notices.texts[-1]
    assert blind.judging.improving.dialog is None
    mark_read(blind)
    (drawn_tip, first), (accepted_tip, second) = told()
    assert (first, second) == ("Drawn", "Predicted")
    assert "tiny 0123" in accepted_tip
    assert "Not saved yet" in drawn_tip
    assert blind.editing.groups.attributes.history(accepted)
