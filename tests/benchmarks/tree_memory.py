"""How much memory a program takes, with all the processes that it starts."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

_EVERY_SECONDS = 0.5
_PROC = Path("/proc")


class TreeMemory:
    """A context that looks at a process and its descendants twice a second.

    What processes share is counted once: each takes its part of it (Linux' "PSS").

    Parameters
    ----------
    pid : int
        The process at the root.

    Attributes
    ----------
    peak_mb : float
        The most that was seen, in 2**20 bytes; not-a-number where the system does not tell.
    """

    def __init__(self, pid: int) -> None:
        self.peak_mb = float("nan")
        self._pid = pid
        self._ended = Event()
        self._thread = Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def look(self) -> None:
        """Look now."""
        megabytes = sum(_share_kb(pid) for pid in _family(self._pid)) / 1024
        if megabytes and not self.peak_mb >= megabytes:
            self.peak_mb = megabytes

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            self.look()


def _family(pid: int) -> list[int]:
    """A process and all that descend from it, as far as they are there."""
    found = [pid]
    for parent in found:
        for task in _PROC.glob(f"{parent}/task/*/children"):
            try:
                found += [int(word) for word in task.read_text().split()]
            except OSError:
                continue  # it has just ended
    return found


def _share_kb(pid: int) -> int:
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
