"""Predicting from the window, with a worker that answers only what a test tells it."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QInputDialog
from pytestqt.qtbot import QtBot
from tame_worker import TameWorker
from window_fixtures import drag, wait_for_jobs

from slideviewer.inference.engines.choosing import ENGINES
from slideviewer.inference.grid import Grid
from slideviewer.inference.messages import Died, Failed, Progressed, Reply, Request, Stopped
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.provenance import content_identity
from slideviewer.progress import Step
from slideviewer.ui import (
    prediction_export,
    prediction_orders,
    prediction_results,
    settings,
)
from slideviewer.ui.predicted import kinds
from slideviewer.ui.window import MainWindow
from slideviewer.ui.worker_talk import WorkerTalk


@pytest.fixture(autouse=True)
def tame(workers: list[TameWorker]) -> None:
    """No test here starts a process."""


@pytest.fixture
def gate() -> threading.Event:
    """What slow work waits for."""
    return threading.Event()


def slow_down(monkeypatch: pytest.MonkeyPatch, gate: threading.Event) -> list[threading.Thread]:
    """Have reading the file wait; the threads that read it."""
    readers: list[threading.Thread] = []

    def read(path: Path) -> str:
        readers.append(threading.current_thread())
        gate.wait(60)
        return content_identity(path)

    monkeypatch.setattr(prediction_orders, "content_identity", read)
    return readers


def test_the_window_waits_for_no_file(
    qtbot: QtBot,
    open_picture: Callable[[], MainWindow],
    workers: list[TameWorker],
    gate: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    picture: Path,
) -> None:
    window = open_picture()
    readers = slow_down(monkeypatch, gate)
    window.named_actions["predict"].trigger()
    assert window.prediction.is_running and window.status.progress_bar.isVisible()
    assert not window.prediction.chooser.isEnabled()
    window.named_actions["predict"].trigger()
    window.prediction.ordering.start()  # once is enough
    assert workers[-1].requests == []
    gate.set()
    qtbot.waitUntil(lambda: bool(workers[-1].requests))
    assert threading.main_thread() not in readers and len(readers) == 1
    (request,) = workers[-1].requests
    assert (request.slide, request.spacing) == (picture, 0.5)
    workers[-1].replies.put(Stopped(1))
    qtbot.waitUntil(lambda: not window.prediction.is_running)
    assert window.prediction.chooser.isEnabled()


@pytest.mark.parametrize("how", ["cancel", "close"])
def test_what_is_given_up_before_the_worker_is_asked_never_begins(
    qtbot: QtBot,
    open_picture: Callable[[], MainWindow],
    workers: list[TameWorker],
    gate: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    window = open_picture()
    slow_down(monkeypatch, gate)
    window.named_actions["predict"].trigger()
    if how == "cancel":
        window.named_actions["cancel"].trigger()
        assert any("cancelled" in text for text in window.notices.texts)
    else:
        window.prediction.close()
    if how != "close":
        assert not window.prediction.is_running and window.prediction.chooser.isEnabled()
        assert not window.named_actions["cancel"].isEnabled()
    gate.set()
    wait_for_jobs(qtbot)
    assert workers[-1].requests == []


def test_a_slide_that_goes_while_the_user_is_asked_is_not_predicted(
    qtbot: QtBot,
    open_picture: Callable[[], MainWindow],
    workers: list[TameWorker],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = open_picture()

    def answer_late(*_: object) -> tuple[float, bool]:
        window.session.set_slide(None)
        return 0.5, True

    monkeypatch.setattr(QInputDialog, "getDouble", answer_late)
    window.prediction.ordering.start()
    wait_for_jobs(qtbot)
    assert not window.prediction.is_running and workers[-1].requests == []


def test_what_is_in_the_active_view_is_predicted_first(
    qtbot: QtBot, open_picture: Callable[[], MainWindow], workers: list[TameWorker]
) -> None:
    window = open_picture()
    window.named_actions["sync_views"].setChecked(False)
    window.views.set_shape(1, 2)
    first, second = window.views.views
    qtbot.waitUntil(
        lambda: second.canvas.isVisible() and second.canvas.width() < window.width() / 2
    )
    window.views.activate(second)
    second.canvas.zoom_to(4)
    seen = second.canvas.viewpoint.visible
    assert seen != first.canvas.viewpoint.visible
    window.prediction.ordering.start()
    qtbot.waitUntil(lambda: bool(workers[-1].requests))
    assert workers[-1].requests[0].first == seen


def test_going_on_upon_the_cpu_disturbs_no_prediction_that_was_begun_meanwhile(
    qtbot: QtBot, open_picture: Callable[[], MainWindow], workers: list[TameWorker]
) -> None:
    window = open_picture()
    window.prediction.ordering.start()
    qtbot.waitUntil(lambda: len(workers[-1].requests) == 1)
    workers[-1].replies.put(Died(1, -11))
    qtbot.waitUntil(lambda: not window.prediction.is_running)
    (notice,) = [it for it in window.notices.notices if "signal 11" in it.text]
    assert notice.button is not None
    window.prediction.ordering.start()
    qtbot.waitUntil(lambda: len(workers[-1].requests) == 2)
    notice.button.click()
    assert len(workers) == 1 and not workers[0].is_closed
    workers[0].replies.put(Died(2, -11))
    qtbot.waitUntil(lambda: not window.prediction.is_running)
    (notice,) = [it for it in window.notices.notices if "signal 11" in it.text]
    assert notice.button is not None
    notice.button.click()
    assert workers[0].is_closed and workers[1].cpu_only
    qtbot.waitUntil(lambda: len(workers[1].requests) == 1)


def test_trying_again_is_offered_for_the_slide_that_failed_only(
    qtbot: QtBot, open_picture: Callable[[], MainWindow], workers: list[TameWorker]
) -> None:
    window = open_picture()
    window.prediction.ordering.start()
    qtbot.waitUntil(lambda: len(workers[-1].requests) == 1)
    workers[-1].replies.put(Failed(1, "The weights are torn."))
    qtbot.waitUntil(lambda: "The weights are torn." in window.notices.texts)
    window.session.set_slide(None)
    assert "The weights are torn." not in window.notices.texts


def test_the_end_waits_for_an_export_but_not_for_ever(
    qtbot: QtBot,
    open_picture: Callable[[], MainWindow],
    gate: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    window = open_picture()
    monkeypatch.setattr(prediction_export, "EXPORT_SECONDS", 0.05)
    monkeypatch.setattr(kinds, "write_outputs", lambda *_: gate.wait(60))
    scores = np.full((6, 8, 2), 0.5, np.float32)
    made = Prediction(Grid(0, 0, 100, 8, 6), ("normal", "tumour"), scores, target=1, threshold=0.5)
    monkeypatch.setattr(prediction_results, "read_stored", lambda _: made)
    window.prediction.show_stored(tmp_path)
    qtbot.waitUntil(lambda: window.prediction.has_result)
    window.prediction.results.export(tmp_path)
    window.prediction.close()
    assert any(thread.name == "job" for thread in threading.enumerate())
    gate.set()
    wait_for_jobs(qtbot)
    assert any("Exported" in text for text in window.notices.texts)


def test_never_do_two_listen_at_a_time(
    qtbot: QtBot, qapp: QObject, workers: list[TameWorker]
) -> None:
    talk = WorkerTalk(qapp)
    heard: list[Reply] = []
    talk.answered.connect(heard.append)
    talk.ask(Request(Path("a"), "m", Path("s")))
    talk.ask(Request(Path("b"), "m", Path("s")))
    (worker,) = workers
    qtbot.waitUntil(lambda: worker.looks >= 2)
    worker.replies.put(Stopped(1))
    worker.replies.put(Stopped(2))
    qtbot.waitUntil(lambda: bool(heard))
    assert heard == [Stopped(2)]  # no answer to the other one is wanted any more
    assert not worker.was_shared and not talk.is_under_way
    talk.close()
    talk.deleteLater()


def test_a_prediction_gives_way_while_the_view_moves(
    qtbot: QtBot, open_picture: Callable[[], MainWindow], workers: list[TameWorker]
) -> None:
    window = open_picture()
    drag(window.canvas, (400, 300), (300, 250))
    window.prediction.ordering.start()
    qtbot.waitUntil(lambda: bool(workers[-1].requests))
    assert workers[-1].said == [], "nothing moved since it began"
    drag(window.canvas, (400, 300), (300, 250))
    assert workers[-1].said[:1] == ["hold"]
    settings.write(settings.PREDICTION_WAITS, False)
    workers[-1].said.clear()
    qtbot.wait(150)  # longer than it keeps from saying it again
    drag(window.canvas, (300, 250), (400, 300))
    assert workers[-1].said == []


def test_a_prediction_is_paused_and_goes_on(
    qtbot: QtBot, open_picture: Callable[[], MainWindow], workers: list[TameWorker]
) -> None:
    window = open_picture()
    pause = window.named_actions["pause"]
    assert not pause.isEnabled()
    window.prediction.ordering.start()
    qtbot.waitUntil(lambda: bool(workers[-1].requests))
    pause.trigger()
    assert workers[-1].said[-1] == "pause"
    workers[-1].replies.put(Progressed(1, Step(2, 9, "Predicting", "tiles")))  # was on its way
    qtbot.waitUntil(lambda: "2 of 9" in window.status.progress_text.text())
    assert "resume" not in workers[-1].said
    workers[-1].replies.put(Progressed(1, Step(3, 9, "Predicting", "tiles"), is_paused=True))
    qtbot.waitUntil(lambda: "Paused" in window.status.progress_text.text())
    assert pause.isChecked()
    pause.trigger()
    assert workers[-1].said[-1] == "resume"
    workers[-1].replies.put(Stopped(1))
    qtbot.waitUntil(lambda: not window.prediction.is_running)
    assert not pause.isChecked()
    assert not pause.isEnabled()


def test_a_process_that_hung_is_told_as_such(
    qtbot: QtBot, open_picture: Callable[[], MainWindow], workers: list[TameWorker]
) -> None:
    window = open_picture()
    window.prediction.ordering.start()
    qtbot.waitUntil(lambda: bool(workers[-1].requests))
    workers[-1].replies.put(Died(1, -9, is_hung=True))
    qtbot.waitUntil(lambda: not window.prediction.is_running)
    assert "nothing had been heard" in " ".join(window.notices.texts)


def test_the_engine_is_the_one_that_the_preferences_name(
    qtbot: QtBot, open_picture: Callable[[], MainWindow], workers: list[TameWorker]
) -> None:
    settings.write(settings.PREDICTION_ENGINE, "keras")
    window = open_picture()
    window.prediction.ordering.start()
    qtbot.waitUntil(lambda: bool(workers[-1].requests))
    assert workers[-1].requests[-1].engine == "keras"


def test_every_engine_can_be_chosen_in_the_preferences() -> None:
    assert {choice for choice, _ in settings.PREDICTION_ENGINE.choices} == set(ENGINES)
