"""A worker that is killed at random moments until its slide is done all the same."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.slides import large_slide
from slideviewer.geometry import Rect
from slideviewer.inference.messages import Batch, Died, Failed, Finished, Request
from slideviewer.inference.store_files import ARRAY_FOLDER
from slideviewer.inference.worker import InferenceWorker

MODEL = "tumour-camelyon"
REGION = Rect(30_000, 30_000, 24_000, 24_000)
"""Of the large slide: some 9,000 tiles."""

LONGEST_SECONDS = 0.6
"""After its first batch a worker lives so long at most."""


@dataclass(frozen=True)
class Outcome:
    """What a series of kills came to.

    Attributes
    ----------
    kills, runs : int
        How often the worker was killed, and how many runs it took in all.
    differing : int
        Bytes of the stored arrays that differ from those of a run nobody disturbed.
    """

    kills: int
    runs: int
    differing: int


def run_kills(folder: Path, kills: int, seed: int = 1) -> Outcome:
    """Predict a part of the large slide undisturbed, then again with kills."""
    moments = random.Random(seed)
    with TemporaryDirectory(prefix="slideviewer-kill-") as name:
        asked = Request(large_slide(folder), MODEL, Path(name) / "whole", region=REGION)
        _finish(asked)
        often = replace(asked, store=Path(name) / "often")
        done = 0
        for _ in range(kills):
            if _is_killed(often, moments.uniform(0, LONGEST_SECONDS)):
                done += 1
        _finish(often)
        whole, pieces = _bytes_of(asked.store), _bytes_of(often.store)
    return Outcome(done, kills + 1, _differing(whole, pieces))


def _is_killed(asked: Request, seconds: float) -> bool:
    """Start a worker and kill it; False where it was done before."""
    worker = InferenceWorker()
    worker.predict(asked)
    try:
        while not isinstance(reply := worker.receive(120), Batch):
            if isinstance(reply, Finished | Failed | Died | None):
                return False
        time.sleep(seconds)
        if worker.pid is not None:
            os.kill(worker.pid, signal.SIGKILL)
        while not isinstance(reply := worker.receive(120), Finished | Died | None):
            pass
        return isinstance(reply, Died)
    finally:
        worker.close()


def _finish(asked: Request) -> None:
    worker = InferenceWorker()
    worker.predict(asked)
    try:
        while not isinstance(reply := worker.receive(300), Finished):
            if isinstance(reply, Failed | Died | None):
                raise RuntimeError(f"it did not finish: {reply}")
    finally:
        worker.close()


def _bytes_of(store: Path) -> dict[str, bytes]:
    root = store / ARRAY_FOLDER
    return {str(it.relative_to(root)): it.read_bytes() for it in root.rglob("*") if it.is_file()}


def _differing(one: dict[str, bytes], other: dict[str, bytes]) -> int:
    """Count the bytes of files that are not the same in both."""
    names = one.keys() | other.keys()
    return sum(
        max(len(one.get(name, b"")), len(other.get(name, b"")))
        for name in names
        if one.get(name) != other.get(name)
    )
