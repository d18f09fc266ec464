"""One decision on one region."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

FARTHEST = 1e15
"""Pixels; places beyond it are none, and the sums of such would be inexact."""

Runs = NDArray[np.float64]
"""Left, top, right and bottom of rectangles that cover a region: level-0 pixels, shape (count, 4),
read-only."""


class Verdict(StrEnum):
    """What was decided."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    RELABELLED = "relabelled"


@dataclass(frozen=True, eq=False)
class Decision:
    """What somebody decided on a region where opinions differ.

    Attributes
    ----------
    kind : str
        How they differ, as the comparison names it.
    verdict : Verdict
    runs : ndarray (count, 4), float64
        Where: see `Runs`.
    group : str or None
        That the region was put in, where it became markup.
    reason, note : str
        A code out of a list, and free words.
    author : str
    at : str
        When: date and time with zone, ISO 8601.
    source : str
        What had found the region: model, hash and threshold.
    score : float or None
        How sure that was, 0 to 1.
    id : str
    """

    kind: str
    verdict: Verdict
    runs: Runs = field(repr=False)
    group: str | None = None
    reason: str = ""
    note: str = ""
    author: str = ""
    at: str = ""
    source: str = ""
    score: float | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Decision):
            return NotImplemented
        return self is other or (
            self._words() == other._words() and np.array_equal(self.runs, other.runs)
        )

    def __hash__(self) -> int:
        return hash(self.id)

    def as_json(self) -> dict[str, object]:
        """Plain JSON values; `decision_from` reads them."""
        told = {name: value for name, value in self._words().items() if value is not None}
        return {**told, "runs": self.runs.tolist()}

    def _words(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "runs"}


def as_runs(values: object) -> Runs:
    """A read-only (count, 4) array of float64 from any sequence of four numbers each.

    Raises
    ------
    ValueError
        If there are none, they are no such numbers, or a rectangle has no width or height or lies
        farther off than `FARTHEST`.
    """
    runs = np.array(values, np.float64).reshape(-1, 4)
    if not len(runs) or not (np.abs(runs) <= FARTHEST).all():
        raise ValueError("a region needs rectangles, and they lie on a slide")
    left, top, right, bottom = runs.T
    if not ((left < right).all() and (top < bottom).all()):
        raise ValueError("a region needs rectangles with a width and a height")
    runs.setflags(write=False)
    return runs
