"""Several predictions after one another, while other slides are looked at."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDockWidget
from pytestqt.qtbot import QtBot
from tame_worker import TameWorker
from window_fixtures import OpenSlide, wait_for_jobs

from slideviewer.inference.grid import Grid
from slideviewer.inference.messages import (
    Batch,
    Died,
    Failed,
    Finished,
    Progressed,
    Started,
    Stopped,
)
from slideviewer.inference.prediction import CellBatch
from slideviewer.inference.store import PredictionStore
from slideviewer.progress import Step
from slideviewer.slide.writing import write_pyramid
from slideviewer.ui.prediction_queue import State
from slideviewer.ui.window import MainWindow

GRID = Grid(0, 0, 100, 8, 6)
NAMES = ("Background", "Tumor")


@pytest.fixture(autouse=True)
def tame(workers: list[TameWorker]) -> None:
    """No test here starts a process."""


@pytest.fixture
def slides(tmp_path: Path) -> list[Path]:
    """Three in a folder, which say how large their pixels are."""
    folder = tmp_path / "slides"
    folder.mkdir()
    made = [folder / f"slide {number}.tif" for number in (1, 2, 3)]
    for number, path in enumerate(made):
        pixels = np.full((600, 800, 3), 60 + 40 * number, np.uint8)
        write_pyramid(path, (800, 600), [pixels], 0.5)
    return made


@pytest.fixture
def open_one(qtbot: QtBot, open_slide: OpenSlide) -> Callable[[Path], MainWindow]:
    def open_it(path: Path) -> MainWindow:
        window = open_slide(path)
        wait_for_jobs(qtbot)
        return window

    return open_it


def started(number: int) -> Started:
    return Started(number, GRID, NAMES, 1, 0.5, 48)


def batch(number: int, column: int, tumour: float) -> Batch:
    where = np.array([column], np.int32)
    return Batch(number, CellBatch(where, where * 0, np.array([[1 - tumour, tumour]], np.float32)))


def asked(qtbot: QtBot, worker: TameWorker, count: int) -> None:
    """Wait until the worker was asked so many times."""
    qtbot.waitUntil(lambda: len(worker.requests) == count)


def states(window: MainWindow) -> list[State]:
    return [entry.state for entry in window.prediction.queue.entries]


def test_slides_chosen_in_the_tray_are_predicted_one_after_the_other(
    qtbot: QtBot,
    window: MainWindow,
    workers: list[TameWorker],
    slides: list[Path],
) -> None:
    tray = window.browsing.tray
    tray.show_folder(slides[0].parent)
    qtbot.waitUntil(lambda: tray.model.rowCount() == 3)
    for row, modifier in (
        (0, Qt.KeyboardModifier.NoModifier),
        (2, Qt.KeyboardModifier.ControlModifier),
    ):
        place = tray.list.visualRect(tray.model.index(row, 0)).center()
        QTest.mouseClick(tray.list.viewport(), Qt.MouseButton.LeftButton, modifier, place)
    assert tray.list.actions() == [tray.predict]
    tray.predict.trigger()
    (worker,) = workers
    asked(qtbot, worker, 1)
    assert worker.asked.slide == slides[0]
    assert states(window) == [State.RUNNING, State.WAITING]
    dock = window.findChild(QDockWidget, "Predictions")
    assert dock is not None and dock.isVisible()
    worker.replies.put(Progressed(1, Step(3, 9, "Predicting", "tiles")))
    first, second = window.predictions_panel.rows.values()
    qtbot.waitUntil(lambda: first.told.text() == "Predicting: 3 of 9 tiles")
    assert second.told.text() == "Waiting" and first.bar.value() == 3
    assert "slide 1.tif" in window.status.progress_text.text()
    worker.replies.put(Stopped(1))
    asked(qtbot, worker, 2)
    assert worker.asked.slide == slides[2]
    assert states(window) == [State.STOPPED, State.RUNNING]
    worker.replies.put(Failed(2, "The weights are torn."))
    qtbot.waitUntil(lambda: not window.prediction.is_busy)
    assert second.told.text() == "The weights are torn."
    assert "slide 3.tif: The weights are torn." in window.notices.texts
    QTest.mouseClick(second.button, Qt.MouseButton.LeftButton)
    asked(qtbot, worker, 3)
    assert worker.asked.slide == slides[2]
    window.prediction.queue.remove_ended()
    assert states(window) == [State.RUNNING]


def test_another_slide_neither_ends_nor_confuses_a_prediction(
    qtbot: QtBot,
    open_one: Callable[[Path], MainWindow],
    workers: list[TameWorker],
    slides: list[Path],
) -> None:
    window = open_one(slides[0])
    window.named_actions["predict"].trigger()
    (worker,) = workers
    asked(qtbot, worker, 1)
    worker.replies.put(started(1))
    worker.replies.put(batch(1, 2, 0.75))
    qtbot.waitUntil(lambda: window.cells.score_at(250, 50) is not None)
    open_one(slides[1])
    assert window.prediction.is_busy and not window.prediction.is_running
    assert window.prediction.chooser.isEnabled() and window.named_actions["predict"].isEnabled()
    assert window.named_actions["cancel"].isEnabled() and not window.cells.has_prediction
    worker.replies.put(batch(1, 3, 0.875))
    worker.replies.put(Progressed(1, Step(2, 9, "Predicting", "tiles")))
    qtbot.waitUntil(lambda: "2 of 9" in window.status.progress_text.text())
    assert not window.cells.has_prediction
    window.prediction.chooser.setCurrentIndex(0)
    open_one(slides[0])
    qtbot.waitUntil(lambda: window.cells.has_prediction)
    assert window.prediction.chooser.currentText() == "Tiny model of a test"
    assert not window.prediction.chooser.isEnabled()
    assert (window.cells.score_at(250, 50), window.cells.score_at(350, 50)) == (0.75, 0.875)
    worker.replies.put(batch(1, 4, 0.5))
    qtbot.waitUntil(lambda: window.cells.score_at(450, 50) == 0.5)
    assert not window.prediction.has_result
    assert len(worker.requests) == 1 and worker.stops == 0


def test_what_ends_while_another_slide_is_shown_is_told_of_by_name(
    qtbot: QtBot,
    open_one: Callable[[Path], MainWindow],
    workers: list[TameWorker],
    slides: list[Path],
) -> None:
    window = open_one(slides[0])
    window.named_actions["predict"].trigger()
    (worker,) = workers
    asked(qtbot, worker, 1)
    open_one(slides[1])
    write_store(worker.asked.store, not_reached=7)
    worker.replies.put(Finished(1, worker.asked.store, 41, 1, (), 60.0))
    qtbot.waitUntil(lambda: any("predicted tumour" in text for text in window.notices.texts))
    (text,) = [it for it in window.notices.texts if "predicted tumour" in it]
    assert text.startswith("slide 1.tif: 1 of 41 tissue tiles")
    assert "7 tiles with tissue were not looked at." in text
    assert not window.prediction.has_result
    open_one(slides[0])
    qtbot.waitUntil(lambda: window.prediction.has_result)
    assert window.layers_panel.summary.text().endswith("7 tiles with tissue were not looked at.")


def test_one_that_waits_is_cancelled_without_a_word_to_the_worker(
    qtbot: QtBot,
    open_one: Callable[[Path], MainWindow],
    workers: list[TameWorker],
    slides: list[Path],
) -> None:
    window = open_one(slides[0])
    window.prediction.ordering.start_slides(slides)
    (worker,) = workers
    asked(qtbot, worker, 1)
    window.prediction.ordering.start_slides(slides)  # once is enough
    assert states(window) == [State.RUNNING, State.WAITING, State.WAITING]
    _, second, _ = window.predictions_panel.rows.values()
    QTest.mouseClick(second.button, Qt.MouseButton.LeftButton)
    assert states(window) == [State.RUNNING, State.STOPPED, State.WAITING]
    assert worker.stops == 0
    window.named_actions["cancel"].trigger()
    assert worker.stops == 1
    worker.replies.put(Stopped(1))
    asked(qtbot, worker, 2)
    assert worker.asked.slide == slides[2]


def test_a_process_that_dies_holds_no_other_slide_up(
    qtbot: QtBot,
    open_one: Callable[[Path], MainWindow],
    workers: list[TameWorker],
    slides: list[Path],
) -> None:
    window = open_one(slides[0])
    window.prediction.ordering.start_slides(slides[:2])
    worker = workers[0]
    asked(qtbot, worker, 1)
    worker.replies.put(Died(1, -11))
    asked(qtbot, worker, 2)
    (notice,) = [it for it in window.notices.notices if "signal 11" in it.text]
    assert notice.button is not None
    notice.button.click()
    assert not worker.is_closed, "another slide is being predicted"
    worker.replies.put(Stopped(2))
    qtbot.waitUntil(lambda: len(workers) == 2)
    asked(qtbot, workers[1], 1)
    assert workers[1].cpu_only and workers[1].asked.slide == slides[0]


def test_a_slide_of_unknown_pixels_is_told_of_and_holds_no_other_up(
    qtbot: QtBot,
    window: MainWindow,
    workers: list[TameWorker],
    slides: list[Path],
    picture: Path,
) -> None:
    window.prediction.ordering.start_slides([picture, slides[0]])
    (worker,) = workers
    asked(qtbot, worker, 1)
    assert worker.asked.slide == slides[0]
    assert states(window) == [State.FAILED, State.RUNNING]
    (text,) = [it for it in window.notices.texts if "how large its pixels are" in it]
    assert str(picture) in text and "Open it and press Predict" in text


def test_a_double_click_in_the_list_opens_the_slide(
    qtbot: QtBot,
    open_one: Callable[[Path], MainWindow],
    workers: list[TameWorker],
    slides: list[Path],
) -> None:
    window = open_one(slides[0])
    window.prediction.ordering.start_slides(slides[1:2])
    window.named_actions["predictions"].trigger()
    (row,) = window.predictions_panel.rows.values()
    QTest.mouseDClick(row, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(
        lambda: window.session.slide is not None and window.session.slide.path == slides[1]
    )
    wait_for_jobs(qtbot)
    assert window.prediction.is_running


def write_store(folder: Path, not_reached: int) -> None:
    """What a worker that reached its time limit leaves."""
    store = PredictionStore.open_or_create(
        folder, GRID, NAMES, {"spacing_um_px": 0.5}, target=1, threshold=0.5
    )
    store.write(batch(1, 2, 0.75).cells)
    store.finish(complete=False, facts={"cells": {"not_reached": not_reached}})
