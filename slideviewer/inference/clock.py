"""How long a run has taken, and may take."""

from __future__ import annotations

import math
import time

from slideviewer.inference.provenance import now
from slideviewer.progress import Progress, Step


class TimeUp(Exception):
    """The time that a run may take is over. It keeps what it has."""


class Clock:
    """Starts when it is made.

    Parameters
    ----------
    limit_s : float or None
        Seconds that a run may take.
    """

    def __init__(self, limit_s: float | None = None) -> None:
        self._began = time.monotonic()
        self._until = math.inf if limit_s is None else self._began + limit_s

    @property
    def has_limit(self) -> bool:
        """Whether the run may end before all is done."""
        return math.isfinite(self._until)

    @property
    def is_up(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._until

    def apart_from(self, progress: Progress) -> Progress:
        """Make a progress whose time is not the run's: it returns late where the run is paused."""

        def told(step: Step) -> None:
            began = time.monotonic()
            try:
                progress(step)
            finally:
                self._until += time.monotonic() - began

        return told

    def check(self) -> None:
        """End what waits for something that may take long.

        Raises
        ------
        TimeUp
        """
        if self.is_up:
            raise TimeUp

    @property
    def facts(self) -> dict[str, object]:
        """What a record says of it: plain JSON values."""
        return {"finished": now(), "seconds": round(time.monotonic() - self._began, 2)}
