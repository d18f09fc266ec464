"""Rows of a list that come, go and stay: what is needed to get from one list to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Run = tuple[int, int]
"""First and last of some rows without a gap."""


@dataclass(frozen=True)
class Moves:
    """How one list becomes another.

    Attributes
    ----------
    goings : sequence of int
        Rows of the former list that are taken out, ascending.
    comings : sequence of int
        Rows of the new list that are put in, ascending.
    """

    goings: Sequence[int]
    comings: Sequence[int]


def runs_of(rows: Sequence[int]) -> list[Run]:
    """First and last of each stretch of rows without a gap."""
    runs: list[Run] = []
    for row in rows:
        if runs and runs[-1][1] == row - 1:
            runs[-1] = runs[-1][0], row
        else:
            runs.append((row, row))
    return runs
