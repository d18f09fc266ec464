"""Movements of the view that go on by themselves: pure functions of time."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from typing import Protocol

from slideviewer.ui.viewpoint import Viewpoint

ZOOM_SECONDS = 0.18
"""Long enough to be followed by the eye, short enough not to be waited for."""

FLIGHT_SECONDS = 0.35
FLING_DECAY_SECONDS = 0.325
"""After this time a fling has lost 63 % of its speed; what touch screens have taught hands."""

SLOWEST_FLING = 30.0
LEAST_FLING = 250.0
"""Screen pixels per second: where a fling ends, and below which letting go starts none."""

GRASP_SECONDS = 0.08
"""The last part of a drag, which decides how fast it was let go."""


class Motion(Protocol):
    """A movement; seconds count from its beginning."""

    def at(self, seconds: float) -> Viewpoint:
        """What is shown then."""

    def is_over(self, seconds: float) -> bool:
        """Whether it has come to its end."""


@dataclass(frozen=True)
class Zoom:
    """From one scale to another, about a point of the screen that stays."""

    start: Viewpoint
    scale: float
    x_screen: float
    y_screen: float

    @property
    def end(self) -> Viewpoint:
        """What is shown in the end."""
        return self.start.zoomed(self.scale, self.x_screen, self.y_screen)

    def at(self, seconds: float) -> Viewpoint:
        """See `Motion`."""
        share = _eased(seconds / ZOOM_SECONDS)
        if share >= 1:
            return self.end
        # Half way in time is half way in magnification, not in pixels.
        scale = self.start.scale ** (1 - share) * self.scale**share
        return self.start.zoomed(scale, self.x_screen, self.y_screen)

    def is_over(self, seconds: float) -> bool:
        """See `Motion`."""
        return seconds >= ZOOM_SECONDS


@dataclass(frozen=True)
class Flight:
    """From one place to another, both magnification and turn included."""

    start: Viewpoint
    end: Viewpoint

    def at(self, seconds: float) -> Viewpoint:
        """See `Motion`."""
        share = _eased(seconds / FLIGHT_SECONDS)
        if share >= 1:
            return self.end
        start, end = self.start, self.end
        scale = start.scale ** (1 - share) * end.scale**share
        # On the screen, not on the slide, the way is covered evenly.
        covered = share
        if not math.isclose(start.scale, end.scale):
            covered = (1 / start.scale - 1 / scale) / (1 / start.scale - 1 / end.scale)
        turn = (end.rotation - start.rotation + 180) % 360 - 180
        return replace(
            end,
            centre_x=start.centre_x + covered * (end.centre_x - start.centre_x),
            centre_y=start.centre_y + covered * (end.centre_y - start.centre_y),
            scale=scale,
            rotation=(start.rotation + share * turn) % 360,
        )

    def is_over(self, seconds: float) -> bool:
        """See `Motion`."""
        return seconds >= FLIGHT_SECONDS


@dataclass(frozen=True)
class Fling:
    """A slide let go in movement, which slows down by itself; whole device pixels at a time.

    Attributes
    ----------
    start : Viewpoint
    vx, vy : float
        Screen pixels per second at the beginning.
    ratio : float
        Device pixels per screen pixel; other steps would have the canvas paint all of it anew.
    """

    start: Viewpoint
    vx: float
    vy: float
    ratio: float

    def at(self, seconds: float) -> Viewpoint:
        """See `Motion`."""
        way = FLING_DECAY_SECONDS * (1 - math.exp(-seconds / FLING_DECAY_SECONDS))
        dx, dy = round(self.vx * way * self.ratio), round(self.vy * way * self.ratio)
        return self.start.panned(dx / self.ratio, dy / self.ratio)

    def is_over(self, seconds: float) -> bool:
        """See `Motion`."""
        return math.hypot(self.vx, self.vy) * math.exp(-seconds / FLING_DECAY_SECONDS) < (
            SLOWEST_FLING
        )


class Grasp:
    """Remembers the last moments of a drag, to tell how fast it was let go."""

    def __init__(self) -> None:
        self._moves: deque[tuple[float, float, float]] = deque()

    def move(self, seconds: float, x: float, y: float) -> None:
        """The hand was there at that time."""
        self._moves.append((seconds, x, y))
        while self._moves and self._moves[0][0] < seconds - GRASP_SECONDS:
            self._moves.popleft()

    def velocity(self, seconds: float) -> tuple[float, float] | None:
        """Screen pixels per second when let go at that time; None for a hand at rest."""
        moves = [move for move in self._moves if move[0] >= seconds - GRASP_SECONDS]
        if len(moves) < 3 or moves[-1][0] <= moves[0][0]:
            return None
        took = moves[-1][0] - moves[0][0]
        vx, vy = (moves[-1][1] - moves[0][1]) / took, (moves[-1][2] - moves[0][2]) / took
        return (vx, vy) if math.hypot(vx, vy) >= LEAST_FLING else None


def _eased(share: float) -> float:
    """Quick at first, gently to the end: 1 - (1 - t)³."""
    return 1 - (1 - min(max(share, 0.0), 1.0)) ** 3
