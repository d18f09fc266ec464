"""Writing in a thread behind the one who has something to write."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from slideviewer.inference.read_ahead import result_of

_In = TypeVar("_In")
_Out = TypeVar("_Out")

MOST_WAITING = 8
"""Writes that may wait; with more the one who writes waits too, lest they fill the memory."""


class WriteBehind(Generic[_Out]):
    """Does writes in their order, in one thread, and tells of each when it is done.

    Parameters
    ----------
    told : callable
        Told what each write returned, in the caller's own thread: from `put` and `finish`.
    """

    def __init__(self, told: Callable[[_Out], None]) -> None:
        self._told = told
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="write-behind")
        self._pending: deque[Future[_Out]] = deque()

    def put(self, write: Callable[[_In], _Out], what: _In) -> None:
        """Have something written soon; what an earlier write raised is raised here."""
        self._pending.append(self._pool.submit(write, what))
        while self._pending and (len(self._pending) > MOST_WAITING or self._pending[0].done()):
            self._told(self._pending.popleft().result())

    def finish(self, waiting: Callable[[], None]) -> None:
        """Wait until all is written, asking often whether to go on waiting."""
        while self._pending:
            self._told(result_of(self._pending.popleft(), waiting))

    def close(self) -> None:
        """End the thread; what was put is still written, for it was paid for."""
        self._pool.shutdown(wait=True)
