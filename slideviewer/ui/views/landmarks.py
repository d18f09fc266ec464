"""The places pointed out on two slides so far, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass, field

from slideviewer.ui.views.alignment import PointPair

Point = tuple[float, float]
"""Level-0 pixels."""


@dataclass
class Landmarks:
    """Two lists of points, of which none is ever more than one ahead of the other."""

    _points: tuple[list[Point], list[Point]] = field(default_factory=lambda: ([], []))
    _order: list[int] = field(default_factory=list)  # which side each point was added to

    @property
    def pairs(self) -> list[PointPair]:
        """Those that are complete."""
        return [PointPair(*one, *other) for one, other in zip(*self._points, strict=False)]

    @property
    def count(self) -> int:
        """How many points there are on both sides together."""
        return len(self._order)

    @property
    def lagging_side(self) -> int | None:
        """The side (0 or 1) whose point is waited for; None where either may begin a pair."""
        one, other = map(len, self._points)
        return None if one == other else int(one > other)

    def points(self, side: int) -> list[Point]:
        """The points of a side, in the order of their pairs."""
        return list(self._points[side])

    def add(self, side: int, x: float, y: float) -> None:
        """Point out a place; where the other side's is waited for, the last one moves here."""
        mine, others = self._points[side], self._points[1 - side]
        if len(mine) > len(others):
            mine[-1] = (x, y)
        else:
            mine.append((x, y))
            self._order.append(side)

    def move(self, side: int, index: int, x: float, y: float) -> None:
        """Put a point somewhere else."""
        self._points[side][index] = (x, y)

    def undo(self) -> None:
        """Take back the point that was added last."""
        if self._order:
            self._points[self._order.pop()].pop()
