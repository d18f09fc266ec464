"""Looking on at a training from another process: what its folder tells of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from slideviewer.annotations.disk_clock import DiskClock
from slideviewer.annotations.file_lock import Holder, holder_of
from slideviewer.models.package import TRAINING
from slideviewer.progress import Step
from slideviewer.training import diary
from slideviewer.training.checkpoints import CHECKPOINT_FILE
from slideviewer.training.diary import BATCH_FILE, DIARY_FILE, EXAMPLES_FILE
from slideviewer.training.history import HISTORY_FILE, EpochRow, read_history

_MOST_NOTICES, _LONGEST_LINE = 50, 100_000
_DAMAGE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class RunState:
    """What is known of a training.

    Attributes
    ----------
    out : Path
        The folder of its package.
    holder : Holder or None
        The process that runs it; None where none does.
    name : str
        Of the model.
    epochs : int
        Of one fit, at most; 0 where nobody said.
    is_paused : bool
    step : Step or None
        How far it is.
    notices : tuple of str
    how, words : str
        How it ended, as in `slideviewer.training.diary`, and what it said then; empty before.
    rows : tuple of EpochRow
        What became of each epoch.
    can_go_on : bool
        Whether there is a checkpoint.
    pictures : mapping of str to int
        When each picture was written, by its file's name: nanoseconds.
    """

    out: Path
    holder: Holder | None = None
    name: str = ""
    epochs: int = 0
    is_paused: bool = False
    step: Step | None = None
    notices: tuple[str, ...] = ()
    how: str = ""
    words: str = ""
    rows: tuple[EpochRow, ...] = ()
    can_go_on: bool = False
    pictures: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_running(self) -> bool:
        """Whether a process holds its folder."""
        return self.holder is not None

    @property
    def folder(self) -> Path:
        """Where all this lies."""
        return self.out / TRAINING


class Following:
    """Reads on in a training's folder, each time what was added since.

    Parameters
    ----------
    out : Path
        The folder of the package that is being trained.
    """

    def __init__(self, out: Path) -> None:
        self._state = RunState(out)
        self._clock = DiskClock(self._state.folder)
        self._place = 0  # in the diary
        self._head = b""  # its first line, which no other training begins with
        self._history = 0  # when it was written

    def look(self) -> RunState:
        """What is known now; may take long on a network."""
        folder = self._state.folder
        # First: what it says as it ends is written before it lets go.
        holder = holder_of(folder / DIARY_FILE, self._clock)
        self._read_diary(folder / DIARY_FILE)
        written = _written(folder / HISTORY_FILE)
        if written != self._history:
            self._history = written
            self._state = replace(self._state, rows=read_history(folder / HISTORY_FILE))
        pictures = {it: _written(folder / it) for it in (BATCH_FILE, EXAMPLES_FILE)}
        self._state = replace(
            self._state,
            holder=holder,
            can_go_on=any(folder.glob(f"*/{CHECKPOINT_FILE}")),
            pictures={name: at for name, at in pictures.items() if at},
        )
        return self._state

    def _read_diary(self, path: Path) -> None:
        try:
            with path.open("rb") as stream:
                head = stream.readline(_LONGEST_LINE)
                if not head.endswith(b"\n"):
                    return  # it is being written
                if head != self._head:
                    self._head, self._place = head, 0
                    self._state = RunState(self._state.out, rows=self._state.rows)
                stream.seek(self._place)
                added = stream.read()
        except OSError:
            return
        whole, end, _ = added.rpartition(b"\n")  # a line that is being written waits
        self._place += len(whole) + len(end)
        for line in whole.split(b"\n"):
            self._take(line)

    def _take(self, line: bytes) -> None:
        """Let a line change what is known; one that cannot be read changes nothing."""
        try:
            said = json.loads(line)
            self._state = _after(self._state, said)
        except _DAMAGE:
            return


def _after(state: RunState, said: Mapping[str, Any]) -> RunState:
    match said["what"]:
        case diary.BEGUN:
            return replace(state, name=str(said.get("name", "")), epochs=int(said.get("epochs", 0)))
        case diary.STEP:
            step = Step(
                int(said["done"]),
                int(said["total"]),
                str(said["text"]),
                str(said["unit"]),
                float(said["rate"]),
            )
            return replace(state, step=step, is_paused=False)
        case diary.PAUSED:
            return replace(state, is_paused=True)
        case diary.NOTICE:
            return replace(state, notices=(*state.notices, str(said["text"]))[-_MOST_NOTICES:])
        case diary.ENDED:
            return replace(
                state, how=str(said["how"]), words=str(said.get("text", "")), is_paused=False
            )
    return state


def _written(path: Path) -> int:
    """When a file was written; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
