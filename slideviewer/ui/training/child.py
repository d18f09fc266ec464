"""The process in which a training runs; it outlives the window that started it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from slideviewer.errors import TrainingError
from slideviewer.ui.training.command import program

_NAME = "slideviewer: "
_MOST_BYTES = 20_000
"""Of what it said; its last words count."""


class Child:
    """A training in a process of its own.

    Parameters
    ----------
    words : sequence of str
        What is typed after ``slideviewer``.
    log : Path
        What it says goes there, so that it needs nobody who listens.

    Raises
    ------
    TrainingError
        If it cannot be started.
    """

    def __init__(self, words: Sequence[str], log: Path) -> None:
        self._log = log
        # Its words are read here as UTF-8, whatever the system's encoding.
        variables = os.environ | {"PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("wb") as said:
                self._process = subprocess.Popen(
                    [*program(), *words],
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    env=variables,
                    start_new_session=True,
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
        except OSError as error:
            raise TrainingError(
                f"The training cannot be started: {error.strerror or error}.", path=error.filename
            ) from error

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll()

    def kill(self) -> None:
        """End it at once; what is on the disk is whole at any moment."""
        self._process.kill()

    def let_go(self) -> None:
        """Let it run on for itself: nobody waits for it any more."""
        # Popen would complain that it is still there.
        self._process.returncode = self._process.poll() or 0

    @property
    def complaint(self) -> str:
        """The one clear line that a command ends with where it fails; empty where there is none."""
        return complaint_in(self._log)


def complaint_in(log: Path) -> str:
    """The last line with which a command complained, without the program's name."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _MOST_BYTES))
            lines = stream.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    said = [line.strip() for line in lines if line.strip()]
    named = [line.removeprefix(_NAME) for line in said if line.startswith(_NAME)]
    return next(reversed(named or said), "")


def kill(pid: int) -> None:
    """End a training that another window, or a terminal, started."""
    import signal

    way = signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL
    os.kill(pid, way)
