"""Batches of a worklist and reports in the real window, with a worker that says what it is told."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot
from tame_worker import TameWorker
from window_fixtures import ChooseFile, OpenSlide, wait_for_jobs

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Kind,
    as_points,
    read_annotations,
    write_annotations,
)
from slideviewer.annotations.decisions import Ending, Reading, write_decisions
from slideviewer.cohort.worklist import ReadingState, Worklist, worklist_of
from slideviewer.cohort.worklist_export import ExportOptions
from slideviewer.inference.grid import Grid
from slideviewer.inference.messages import Failed, Finished, Started
from slideviewer.inference.prediction import Prediction
from slideviewer.slide.writing import write_pyramid
from slideviewer.ui import worklist_batches
from slideviewer.ui.author import user_name
from slideviewer.ui.notices import Notice
from slideviewer.ui.prediction_orders import Order
from slideviewer.ui.prediction_places import inside
from slideviewer.ui.review.panel import UNREAD
from slideviewer.ui.window import MainWindow
from slideviewer.ui.worklist_export_dialog import WorklistExportDialog

GRID = Grid(0, 0, 100, 8, 6)
NAMES = ("Background", "Tumor")


@pytest.fixture(autouse=True)
def tame(workers: list[TameWorker]) -> None:
    """No test here starts a process."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "slides"
    place.mkdir()
    for number in (1, 2, 3, 4):
        pixels = np.full((600, 800, 3), 60 + 30 * number, np.uint8)
        write_pyramid(place / f"slide {number}.tif", (800, 600), [pixels], 0.5)
    with Worklist(worklist_of(place)) as worklist:
        worklist.add(sorted(place.glob("*.tif")))
        worklist.set_state(place / "slide 4.tif", ReadingState.DONE)
    return place


@pytest.fixture
def listed(qtbot: QtBot, open_slide: OpenSlide, folder: Path) -> MainWindow:
    window = open_slide(folder / "slide 1.tif")
    qtbot.waitUntil(lambda: len(window.worklists.states) == 4)
    wait_for_jobs(qtbot)
    return window


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the system was asked to open."""
    asked: list[str] = []

    def open_url(url: QUrl) -> bool:
        asked.append(url.toLocalFile())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    return asked


def notice(qtbot: QtBot, window: MainWindow, words: str) -> Notice:
    """The notice that begins with these words, once it is there."""
    qtbot.waitUntil(lambda: any(it.text.startswith(words) for it in window.notices.notices))
    return next(it for it in window.notices.notices if it.text.startswith(words))


def press(notice: Notice, words: str) -> None:
    next(it for it in notice.findChildren(QPushButton) if it.text() == words).click()


def asked_of(qtbot: QtBot, worker: TameWorker, count: int) -> str:
    """The name of the slide that the worker was asked about, after so many requests."""
    qtbot.waitUntil(lambda: len(worker.requests) == count)
    return Path(worker.asked.slide).name


def finish(worker: TameWorker) -> None:
    number = len(worker.requests)
    worker.replies.put(Started(number, GRID, NAMES, 1, 0.5, 48))
    worker.replies.put(Finished(number, Path(worker.asked.store), 48, 3, 0, 1.0))


def states(folder: Path) -> dict[str, str]:
    with Worklist(worklist_of(folder)) as kept:
        return {path.stem[-1]: str(state) for path, state in kept.states().items()}


def waiting(folder: Path) -> list[str]:
    with Worklist(worklist_of(folder)) as kept:
        return [it.path.stem[-1] for it in kept.waiting()]


def test_all_unread_slides_are_predicted_and_noted_as_each_ends(
    qtbot: QtBot,
    listed: MainWindow,
    folder: Path,
    workers: list[TameWorker],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worklist_batches, "AT_HAND", 2)
    worker = workers[-1]
    listed.named_actions["worklist_predict"].trigger()
    assert asked_of(qtbot, worker, 1) == "slide 1.tif"
    assert sum(it.is_active for it in listed.prediction.queue.entries) == 2
    assert listed.batches.left == 3
    finish(worker)
    assert asked_of(qtbot, worker, 2) == "slide 2.tif"
    qtbot.waitUntil(lambda: states(folder)["1"] == "predicted")
    worker.replies.put(Failed(2, "It is damaged."))
    assert asked_of(qtbot, worker, 3) == "slide 3.tif"
    qtbot.waitUntil(lambda: waiting(folder) == ["3"])
    assert not any("It is damaged" in it for it in listed.notices.texts)
    finish(worker)
    notice(qtbot, listed, "All slides of the worklist are predicted")
    told = notice(qtbot, listed, "1 slide could not be predicted")
    assert told.text.endswith("The first: It is damaged.")
    wait_for_jobs(qtbot)
    assert states(folder) == {"1": "predicted", "2": "unread", "3": "predicted", "4": "done"}
    assert not waiting(folder)
    shown = listed.worklists.states
    assert shown[folder / "slide 3.tif"] == ReadingState.PREDICTED


def test_after_a_restart_it_goes_on(
    qtbot: QtBot,
    open_slide: OpenSlide,
    window: MainWindow,
    folder: Path,
    workers: list[TameWorker],
) -> None:
    package = window.prediction.chooser.currentData()
    with Worklist(worklist_of(folder)) as kept:
        kept.wait_for([folder / "slide 2.tif", folder / "slide 3.tif"], package.hash, "Tiny")
    open_slide(folder / "slide 1.tif")
    offered = notice(qtbot, window, "2 slides are still to be predicted by Tiny")
    press(offered, "Go on")
    assert asked_of(qtbot, workers[-1], 1) == "slide 2.tif"
    window.named_actions["worklist_stop"].trigger()
    qtbot.waitUntil(lambda: not waiting(folder))
    assert window.batches.left == 0
    assert workers[-1].stops == 1


def test_a_slide_that_is_cancelled_while_it_waits_does_not_come_back(
    qtbot: QtBot, listed: MainWindow, folder: Path, workers: list[TameWorker]
) -> None:
    worker, queue = workers[-1], listed.prediction.queue
    listed.named_actions["worklist_predict"].trigger()
    assert asked_of(qtbot, worker, 1) == "slide 1.tif"
    before = len(listed.notices.texts)
    queue.cancel(next(it.number for it in queue.entries if it.order.slide.stem == "slide 2"))
    assert len(listed.notices.texts) == before
    qtbot.waitUntil(lambda: waiting(folder) == ["1", "3"])
    finish(worker)
    assert asked_of(qtbot, worker, 2) == "slide 3.tif"
    finish(worker)
    notice(qtbot, listed, "All slides of the worklist are predicted")
    wait_for_jobs(qtbot)
    assert states(folder) == {"1": "predicted", "2": "unread", "3": "predicted", "4": "done"}
    assert len(worker.requests) == 2


def test_another_prediction_of_a_slide_is_not_taken_for_the_batch_s(
    qtbot: QtBot, listed: MainWindow, folder: Path, workers: list[TameWorker]
) -> None:
    """One of a part of it leaves it unread; the batch's own comes after it."""
    worker, queue = workers[-1], listed.prediction.queue
    package = listed.prediction.chooser.currentData()
    drawn = Annotation("A", Kind.RECTANGLE, as_points([(0, 0), (300, 0), (300, 300), (0, 300)]))
    place = inside(AnnotationSet.of([drawn], []), None)
    queue.add(Order(folder / "slide 1.tif", package, place=place))
    assert asked_of(qtbot, worker, 1) == "slide 1.tif"
    listed.named_actions["worklist_predict"].trigger()
    qtbot.waitUntil(lambda: listed.batches.left == 3)
    finish(worker)
    assert asked_of(qtbot, worker, 2) == "slide 2.tif"
    wait_for_jobs(qtbot)
    assert states(folder)["1"] == "unread" and listed.batches.left == 3
    assert waiting(folder) == ["1", "2", "3"]
    finish(worker)
    assert asked_of(qtbot, worker, 3) == "slide 3.tif"
    finish(worker)
    assert asked_of(qtbot, worker, 4) == "slide 1.tif"
    assert worker.asked.tissue is None
    finish(worker)
    notice(qtbot, listed, "All slides of the worklist are predicted")
    wait_for_jobs(qtbot)
    assert states(folder)["1"] == "predicted" and not waiting(folder)


def test_a_second_list_waits_for_the_first(
    qtbot: QtBot,
    listed: MainWindow,
    open_slide: OpenSlide,
    folder: Path,
    tmp_path: Path,
    workers: list[TameWorker],
) -> None:
    listed.named_actions["worklist_predict"].trigger()
    assert asked_of(qtbot, workers[-1], 1) == "slide 1.tif"
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(folder / "slide 2.tif", other / "slide 9.tif")
    package = listed.prediction.chooser.currentData()
    with Worklist(worklist_of(other)) as worklist:
        worklist.add([other / "slide 9.tif"])
        worklist.wait_for([other / "slide 9.tif"], package.hash, "Tiny")
    open_slide(other / "slide 9.tif")
    qtbot.waitUntil(lambda: len(listed.worklists.states) == 1)
    listed.named_actions["worklist_predict"].trigger()
    notice(qtbot, listed, "The slides of the worklist in slides are still being predicted")
    wait_for_jobs(qtbot)
    assert listed.batches.left == 3 and waiting(folder) == ["1", "2", "3"]
    assert waiting(other) == ["9"]


def test_a_model_that_is_gone_is_told(
    qtbot: QtBot, open_slide: OpenSlide, window: MainWindow, folder: Path
) -> None:
    with Worklist(worklist_of(folder)) as kept:
        kept.wait_for([folder / "slide 2.tif"], "f" * 64, "Former model")
    open_slide(folder / "slide 1.tif")
    press(notice(qtbot, window, "1 slide is still to be predicted by Former model"), "Go on")
    notice(qtbot, window, "The model Former model is not installed any more")
    assert waiting(folder) == ["2"]


def test_without_a_list_nothing_is_begun(
    qtbot: QtBot, open_slide: OpenSlide, tmp_path: Path
) -> None:
    write_pyramid(tmp_path / "alone.tif", (800, 600), [np.full((600, 800, 3), 90, np.uint8)], 0.5)
    window = open_slide(tmp_path / "alone.tif")
    wait_for_jobs(qtbot)
    for name in ("worklist_predict", "worklist_stop", "worklist_export"):
        window.notices.clear()
        window.named_actions[name].trigger()
        notice(qtbot, window, "There is no worklist of this folder")


def test_the_list_is_exported_with_what_is_not_saved_yet(
    qtbot: QtBot,
    listed: MainWindow,
    folder: Path,
    tmp_path: Path,
    opened: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = Annotation("A", Kind.POLYGON, as_points([(0, 0), (90, 0), (90, 90)]))
    listed.session.document.apply("Add", {drawn.id: drawn})
    wait_for_jobs(qtbot)
    out = tmp_path / "out"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(out))

    def choose(dialog: WorklistExportDialog) -> int:
        assert dialog.which.currentText() == "Done (1)"
        assert not dialog.pdf.isEnabled()
        dialog.which.setCurrentText("All (4)")
        dialog.reports.setChecked(True)
        dialog.grab()
        return int(WorklistExportDialog.DialogCode.Accepted)

    monkeypatch.setattr(WorklistExportDialog, "exec", choose)
    listed.named_actions["worklist_export"].trigger()
    press(notice(qtbot, listed, "4 slides exported"), "Open")
    assert opened == [str(out)]
    written = read_annotations(out / "slide 1.xml").annotations
    assert [it.name for it in written] == ["A"]
    with (out / "worklist.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["slide"]: row for row in csv.DictReader(stream)}
    assert rows["slide 1.tif"]["state"] == "in review"
    assert rows["slide 1.tif"]["annotations"] == "1"
    assert rows["slide 4.tif"]["xml"] == ""
    assert (out / "index.html").is_file()
    listed.session.document.undo_stack.setClean()


def test_the_open_slide_s_markup_is_not_written_over(
    qtbot: QtBot, open_slide: OpenSlide, folder: Path
) -> None:
    path = folder / "slide 1.xml"
    write_annotations(AnnotationSet.of([Annotation("A", Kind.DOT, as_points([(5, 5)]))], []), path)
    window = open_slide(folder / "slide 1.tif")
    qtbot.waitUntil(lambda: len(window.worklists.states) == 4)
    qtbot.waitUntil(lambda: len(window.session.document.annotations) == 1)
    before = path.read_bytes()
    window.exporting.export(folder, ExportOptions(frozenset(ReadingState)))
    assert "written over" in notice(qtbot, window, "Not exported").text
    assert path.read_bytes() == before


def prediction() -> Prediction:
    scores = np.full((6, 8, 2), 0.1, np.float32)
    scores[1:4, 1:4, 1] = 0.9
    facts = {"model": {"name": "tiny", "hash": "0123"}, "spacing_um_px": 0.5}
    return Prediction(GRID, NAMES, scores, 1, 0.5, facts)


@pytest.mark.parametrize("name", ["report", "report.pdf"])
def test_a_report_of_what_is_open_is_written_and_offered(
    qtbot: QtBot,
    listed: MainWindow,
    tmp_path: Path,
    opened: list[str],
    choose_file: ChooseFile,
    name: str,
) -> None:
    listed.prediction.results.show(prediction())
    choose_file(tmp_path / name, "Page (*.html)")
    listed.named_actions["export_report"].trigger()
    path = tmp_path / (name if name.endswith(".pdf") else "report.html")
    press(notice(qtbot, listed, f"The report was written to {path}."), "Open")
    assert opened == [str(path)]
    written = path.read_bytes()
    if path.suffix == ".pdf":
        assert written.startswith(b"%PDF-")
        return
    page = written.decode()
    assert "slide 1.tif" in page
    assert RESEARCH_USE_ONLY in page
    assert "Predicted, not marked" in page


def test_while_slides_are_read_blind_no_report_tells_of_a_prediction(
    qtbot: QtBot,
    listed: MainWindow,
    folder: Path,
    tmp_path: Path,
    choose_file: ChooseFile,
) -> None:
    """Neither that of the open slide nor one of the list's, but for those marked as read."""
    read = Reading(user_name(), "2026-01-01T00:00:00", ended="2026-01-01T00:09:00")
    read = replace(read, ending=Ending.READ)
    drawn = AnnotationSet.of([Annotation("A", Kind.DOT, as_points([(5, 5)]))], [])
    write_annotations(drawn, folder / "slide 2.xml")
    write_decisions({}, folder / "slide 2.xml", {read.id: read})
    listed.named_actions["read_blind"].trigger()
    listed.prediction.results.show(prediction())
    choose_file(tmp_path / "a.html")
    listed.named_actions["export_report"].trigger()
    assert UNREAD in listed.notices.texts and not (tmp_path / "a.html").exists()
    options = ExportOptions(frozenset(ReadingState), reports=True)
    listed.exporting.export(tmp_path / "out", options)
    told = notice(qtbot, listed, "4 slides exported")
    assert "3 without a report" in told.text
    assert [it.stem for it in (tmp_path / "out").glob("slide*.html")] == ["slide 2"]
    for table, name in (("worklist.csv", "slide"), ("index.csv", "slide")):
        with (tmp_path / "out" / table).open(encoding="utf-8", newline="") as stream:
            rows = {row[name]: row for row in csv.DictReader(stream)}
        problems = {it: row["problem"] for it, row in rows.items()}
        if table == "worklist.csv":
            assert [rows[f"slide {it}.tif"]["decided"] for it in range(1, 5)] == ["", "0", "", ""]
        assert problems["slide 2.tif"] == ""
        assert all("marked as read" in problems[f"slide {it}.tif"] for it in (1, 3, 4))
    listed.session.document.undo_stack.setClean()


def test_a_report_that_cannot_be_written_is_told(
    qtbot: QtBot, listed: MainWindow, tmp_path: Path, choose_file: ChooseFile
) -> None:
    (tmp_path / "file").touch()
    choose_file(tmp_path / "file" / "a.html")
    listed.named_actions["export_report"].trigger()
    qtbot.waitUntil(lambda: any("cannot be written" in it for it in listed.notices.texts))


def test_without_a_slide_there_is_no_report(window: MainWindow) -> None:
    assert not window.named_actions["export_report"].isEnabled()


def test_what_waits_for_a_model_that_is_gone_stands_in_no_way(
    qtbot: QtBot, open_slide: OpenSlide, folder: Path
) -> None:
    with Worklist(worklist_of(folder)) as kept:
        kept.wait_for([folder / "slide 1.tif"], "f" * 64, "Gone")
    window = open_slide(folder / "slide 1.tif")
    press(notice(qtbot, window, "1 slide is still to be predicted by Gone"), "Go on")
    assert notice(qtbot, window, "The model Gone is not installed any more")
    assert not window.batches.left
    assert not window.batches.is_busy
