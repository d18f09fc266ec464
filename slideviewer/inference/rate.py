"""How fast something goes at present."""

from __future__ import annotations

import time
from collections import deque

_SECONDS = 5.0


class RecentRate:
    """Units per second over the last few seconds, so that a slow start is soon forgotten."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def restart(self) -> None:
        """Forget what was; the wait for a model says nothing about the rate."""
        self._marks.clear()

    def at(self, done: int) -> float:
        """Tell the rate, given how many units are done now; 0 where it is not known yet."""
        now = time.monotonic()
        if not self._marks or self._marks[-1][1] != done:
            self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[1][0] > _SECONDS:
            self._marks.popleft()
        then, before = self._marks[0]
        return (done - before) / (now - then) if now > then else 0.0
