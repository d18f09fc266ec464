"""What a training says of itself while it runs, line by line, for whoever looks on.

``progress.jsonl`` in the folder ``training`` of a package has an object a line, and ``what`` says
which kind of line it is: `BEGUN`, `STEP`, `PAUSED`, `NOTICE`, `EPOCH` or `ENDED`. A training that
goes on begins it anew; `slideviewer.training.history` holds what became of every epoch.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from slideviewer import RESEARCH_USE_ONLY, __version__
from slideviewer.progress import Step
from slideviewer.training.history import EpochRow

DIARY_FILE = "progress.jsonl"
BATCH_FILE, EXAMPLES_FILE = "batch.png", "examples.png"
"""Pictures beside it: what the network sees, and what it answers; drawn anew in each epoch."""

BEGUN, STEP, PAUSED, NOTICE, EPOCH, ENDED = "begun", "step", "paused", "notice", "epoch", "ended"
FINISHED, FAILED, STOPPED = "finished", "failed", "stopped"
"""How it ended."""

_LEAST_SECONDS, _MOST_SECONDS, _SHARE = 0.5, 5.0, 0.01
"""Between two lines on progress: a share of the time so far, that the file stays small."""


class Diary:
    """The file; a line that cannot be written is left out, for the training matters more.

    Parameters
    ----------
    folder : Path
        Must exist. What a former training said there is replaced.
    facts : mapping
        Plain JSON values for the first line.
    """

    def __init__(self, folder: Path, facts: Mapping[str, object]) -> None:
        self.path = folder / DIARY_FILE
        self._began = time.monotonic()
        self._next = 0.0
        self._text = ""
        with contextlib.suppress(OSError):
            self.path.open("wb").close()
        first = {"pid": os.getpid(), "version": __version__, "use": RESEARCH_USE_ONLY}
        self._write(BEGUN, **first, **facts)

    def step(self, step: Step) -> None:
        """Say how far it is, unless that was said a moment ago."""
        now = time.monotonic()
        name = step.text.partition(",")[0]
        if now < self._next and name == self._text:
            return
        self._text = name
        pause = min(max(_SHARE * (now - self._began), _LEAST_SECONDS), _MOST_SECONDS)
        self._next = now + pause
        self._write(STEP, **vars(step))

    def paused(self) -> None:
        """Say that it stands still until it is told otherwise."""
        self._next = 0.0
        self._write(PAUSED)

    def notice(self, words: str) -> None:
        """Say a sentence that the user should hear."""
        self._write(NOTICE, text=words)

    def epoch(self, row: EpochRow) -> None:
        """Say what became of an epoch."""
        values = {name: _finite(value) for name, value in row.values.items()}
        self._write(EPOCH, repeat=row.repeat, epoch=row.epoch, seconds=row.seconds, values=values)

    def end(self, how: str, words: str = "") -> None:
        """Say how it ended: `FINISHED`, `FAILED` or `STOPPED`."""
        self._write(ENDED, how=how, text=words)

    def _write(self, what: str, **facts: object) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"what": what, "time": now} | facts, ensure_ascii=False, default=str)
        with contextlib.suppress(OSError), self.path.open("ab") as stream:
            stream.write(line.encode("utf-8", "replace") + b"\n")


def _finite(value: float) -> float | None:
    """JSON has no word for what is no number."""
    return value if math.isfinite(value) else None
