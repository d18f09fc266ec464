"""The inference worker as a real process: answers, cancelling, killed, dying with its owner."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_model import write_tiny_package

from slideviewer.geometry import Rect
from slideviewer.inference.messages import (
    Batch,
    Died,
    Failed,
    Finished,
    Progressed,
    Reply,
    Request,
    Started,
    Stopped,
)
from slideviewer.inference.options import Options
from slideviewer.inference.store import read_prediction
from slideviewer.inference.worker import InferenceWorker
from slideviewer.models.package import ModelPackage

pytestmark = pytest.mark.usefixtures("kept_engines")

PATIENCE = 120.0


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_tiny_package(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def worker() -> Iterator[InferenceWorker]:
    """One process for the tests that leave it alive, for it takes seconds to load Keras."""
    worker = InferenceWorker(cpu_only=True)
    yield worker
    worker.close()
    assert not worker.is_alive


@pytest.fixture
def request_all(real_data: Path, package: ModelPackage, tmp_path: Path) -> Request:
    slide = real_data / "slides" / "CMU-1-Small-Region.svs"
    return Request(slide, package.folder, tmp_path / "store")


def answers(worker: InferenceWorker, number: int) -> list[Reply]:
    """All answers to a request up to the last."""
    found: list[Reply] = []
    ends = (Finished, Stopped, Failed, Died)
    while not found or not isinstance(found[-1], ends):
        reply = worker.receive(PATIENCE)
        assert reply is not None, "no answer"
        if reply.number == number:
            found.append(reply)
    return found


def only(kind: type, replies: list[Reply]) -> list[Reply]:
    return [reply for reply in replies if isinstance(reply, kind)]


def test_a_slide_is_predicted_in_the_process(worker: InferenceWorker, request_all: Request) -> None:
    replies = answers(worker, worker.predict(request_all))
    (started,) = only(Started, replies)
    (finished,) = only(Finished, replies)
    assert started.class_names == ("Background", "Tumor")
    assert (started.target, started.threshold) == (1, 0.5)
    prediction = read_prediction(finished.store)
    assert prediction.grid == started.grid
    assert finished.predicted == started.total
    assert finished.predicted == (~np.isnan(prediction.target_probabilities)).sum()
    painted = np.full_like(prediction.probabilities, np.nan)
    for batch in only(Batch, replies):
        painted[batch.cells.rows, batch.cells.columns] = batch.cells.probabilities
    assert np.array_equal(painted, prediction.probabilities, equal_nan=True)
    assert only(Progressed, replies)[-1].step.done == started.total
    if sys.platform == "linux":
        assert os.getpriority(os.PRIO_PROCESS, worker.pid) > 0
    assert not any(name.split(".")[0] == "tensorflow" for name in _imported_by_the_worker_module())


def _imported_by_the_worker_module() -> list[str]:
    code = "import slideviewer.inference.worker, sys; print(*sys.modules)"
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ).stdout.split()


def test_the_model_is_kept_and_what_is_in_view_comes_first(
    worker: InferenceWorker, request_all: Request, tmp_path: Path
) -> None:
    answers(worker, worker.predict(replace(request_all, region=Rect(0, 0, 2000, 400))))
    pid = worker.pid
    view = Rect(1000, 2000, 300, 300)
    replies = answers(
        worker, worker.predict(replace(request_all, first=view, store=tmp_path / "again"))
    )
    assert worker.pid == pid
    (started,) = only(Started, replies)
    cells = only(Batch, replies)[0].cells
    where = started.grid.rect(int(cells.columns[0]), int(cells.rows[0]))
    assert where.intersects(view)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"slide": Path("nowhere.svs")}, "nowhere.svs"),
        ({"model": "no-such-model"}, "no-such-model"),
        ({"spacing": -1.0}, "µm per pixel"),
        ({"region": Rect(9e6, 0, 10, 10)}, "covers nothing"),
    ],
)
def test_what_fails_is_told_in_the_users_words(
    worker: InferenceWorker, request_all: Request, change: dict[str, object], words: str
) -> None:
    (failed,) = only(Failed, answers(worker, worker.predict(replace(request_all, **change))))
    assert words in failed.text
    assert not failed.details
    assert worker.is_alive


def test_stop_ends_what_runs_and_what_waits_and_a_later_run_goes_on(
    worker: InferenceWorker, request_all: Request, tmp_path: Path
) -> None:
    slow = replace(request_all, spacing=3.0)  # some 25,000 tiles
    running = worker.predict(slow)
    waiting = worker.predict(replace(request_all, store=tmp_path / "waiting"))
    while not isinstance(worker.receive(PATIENCE), Batch):
        pass
    asked_at = time.monotonic()
    worker.stop()
    assert isinstance(answers(worker, running)[-1], Stopped)
    # Promised is a second; a busy machine running tests gets more.
    assert time.monotonic() - asked_at < 10
    assert isinstance(answers(worker, waiting)[-1], Stopped)
    stored = read_prediction(slow.store)
    done = int((~np.isnan(stored.target_probabilities)).sum())
    assert not stored.complete
    assert done > 0
    again = worker.predict(slow)
    reply = worker.receive(PATIENCE)
    while not isinstance(reply, Batch):
        reply = worker.receive(PATIENCE)
    assert len(reply.cells.rows) >= done, "what was there is told first"
    worker.stop()
    assert isinstance(answers(worker, again)[-1], Stopped)


def test_a_paused_run_stands_still_and_says_so(
    worker: InferenceWorker, request_all: Request
) -> None:
    number = worker.predict(request_all)
    worker.pause()
    paused = [_next(worker, Progressed, lambda reply: reply.is_paused) for _ in range(3)]
    assert len({reply.step.done for reply in paused}) == 1
    worker.resume()
    assert isinstance(answers(worker, number)[-1], Finished)


def test_a_paused_run_can_be_ended_and_the_next_one_runs(
    worker: InferenceWorker, request_all: Request, tmp_path: Path
) -> None:
    number = worker.predict(request_all)
    worker.pause()
    _next(worker, Progressed, lambda reply: reply.is_paused)
    worker.stop()
    assert isinstance(answers(worker, number)[-1], Stopped)
    small = replace(request_all, store=tmp_path / "next", region=Rect(500, 500, 200, 200))
    assert isinstance(answers(worker, worker.predict(small))[-1], Finished)


def test_a_pause_that_comes_too_late_is_not_for_the_next_run(
    worker: InferenceWorker, request_all: Request, tmp_path: Path
) -> None:
    small = replace(request_all, region=Rect(1000, 2000, 200, 200))
    assert isinstance(answers(worker, worker.predict(small))[-1], Finished)
    worker.pause()
    again = replace(small, store=tmp_path / "again")
    replies = answers(worker, worker.predict(again))
    assert isinstance(replies[-1], Finished)
    assert not any(reply.is_paused for reply in only(Progressed, replies))


def test_a_run_that_is_held_goes_on_by_itself(
    worker: InferenceWorker, request_all: Request
) -> None:
    number = worker.predict(request_all)
    for _ in range(5):
        worker.hold(0.2)
    replies = answers(worker, number)
    assert isinstance(replies[-1], Finished)
    assert not any(reply.is_paused for reply in only(Progressed, replies))


def test_several_models_and_options_cross_the_pipe(
    worker: InferenceWorker, request_all: Request, tmp_path: Path
) -> None:
    other = write_tiny_package(tmp_path / "other", seed=2)
    region = Rect(1000, 2000, 300, 300)
    asked = replace(
        request_all, others=(other.folder,), options=Options(turns="flips"), region=region
    )
    assert isinstance(answers(worker, worker.predict(asked))[-1], Finished)
    stored = read_prediction(asked.store)
    assert stored.provenance["turns"] == "flips"
    assert np.nanmax(stored.spread) > 0


def test_a_run_that_is_held_for_long_is_not_taken_for_one_that_hangs(
    worker: InferenceWorker, request_all: Request
) -> None:
    number = worker.predict(request_all)
    _next(worker, Progressed, lambda reply: reply.number == number)
    worker.hold(60)
    # More than are on their way when it is held.
    steps = [_next(worker, Progressed, lambda reply: reply.number == number) for _ in range(8)]
    assert steps[-1].step.done == steps[-2].step.done
    worker.hold(0)
    assert isinstance(answers(worker, number)[-1], Finished)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system has no SIGSTOP")
def test_a_process_that_hangs_is_ended_and_told(request_all: Request) -> None:
    worker = InferenceWorker(cpu_only=True, patience_s=1.0)
    worker.start()
    os.kill(worker.pid, signal.SIGSTOP)
    number = worker.predict(request_all)
    reply = None
    while reply is None:
        reply = worker.receive(0.2)
    assert isinstance(reply, Died)
    assert (reply.number, reply.is_hung) == (number, True)
    assert not worker.is_alive


def _next(worker: InferenceWorker, kind: type, wanted: Callable[[Any], bool]) -> Any:
    while True:
        reply = worker.receive(PATIENCE)
        assert reply is not None, "no answer"
        if isinstance(reply, kind) and wanted(reply):
            return reply


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_killed_process_is_told_once_and_another_takes_over(
    request_all: Request,
) -> None:
    worker = InferenceWorker(cpu_only=True)
    slow = replace(request_all, spacing=3.0)
    number = worker.predict(slow)
    while not isinstance(worker.receive(PATIENCE), Batch):
        pass
    os.kill(worker.pid, signal.SIGKILL)
    (died,) = only(Died, answers(worker, number))
    assert died.exit_code == -signal.SIGKILL
    assert not worker.is_alive
    assert worker.receive(0.01) is None
    worker.stop()
    stored = read_prediction(slow.store)
    assert (~np.isnan(stored.target_probabilities)).sum() > 0

    number = worker.predict(replace(slow, region=Rect(0, 0, 40, 40), replace=True))
    assert isinstance(answers(worker, number)[-1], Finished)
    worker.close()
    worker.close()
    assert worker.receive(0.01) is None


_OWNER = """
import os
import sys
from pathlib import Path
from slideviewer.inference.worker import InferenceWorker
if __name__ == "__main__":
    worker = InferenceWorker()
    worker.start()
    print("started", flush=True)
    os.close(1)  # the process that was started still has it
    sys.stdin.read()  # until it is killed
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_the_process_dies_with_its_owner(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(_OWNER)
    owner = subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "started\n"
    assert not select.select([owner.stdout], [], [], 0)[0], "nobody but the owner had its output"
    owner.kill()
    # Output ends when the last process that has it does: no other sign of a stranger's child's
    # end is the same on all systems.
    assert owner.communicate(timeout=PATIENCE)[0] == ""
