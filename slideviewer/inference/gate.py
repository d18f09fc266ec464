"""Where a run waits while it is not wanted to go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

HEARTBEAT_SECONDS = 0.5
"""While a run waits it says so this often, lest it be taken for one that hangs."""


class Gate:
    """Open, closed until it is opened again, or held for a moment. Safe to use from threads.

    Those who pass have numbers, of which later ones are higher: it is closed to those that there
    were when somebody closed it, and to no later one.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._closed_to = 0
        self._held_until = 0.0

    def close(self, number: int) -> None:
        """Let nobody up to a number through until it is opened."""
        with self._changed:
            self._closed_to = number

    def open(self) -> None:
        """Let everybody through."""
        with self._changed:
            self._closed_to, self._held_until = 0, 0.0
            self._changed.notify_all()

    def hold(self, seconds: float) -> None:
        """Let nobody through for so long from now."""
        with self._changed:
            self._held_until = time.monotonic() + seconds
            self._changed.notify_all()

    def pass_through(self, number: int, waiting: Callable[[bool], None]) -> None:
        """Wait until it is open.

        Parameters
        ----------
        number : int
            From 1.
        waiting : callable
            Called while there is something to wait for, at once and then often, and told whether
            the gate is closed, not merely held; raising from it ends the wait.
        """
        while True:
            with self._changed:
                is_closed = number <= self._closed_to
                left = self._held_until - time.monotonic()
            if not is_closed and left <= 0:
                return
            waiting(is_closed)
            with self._changed:
                if (number <= self._closed_to) == is_closed:
                    held = HEARTBEAT_SECONDS if is_closed else min(left, HEARTBEAT_SECONDS)
                    self._changed.wait(max(held, 0.001))
