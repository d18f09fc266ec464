"""The order in which the parts of a slide are looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

_Part = TypeVar("_Part")


def coarse_to_fine(
    parts: Sequence[_Part], place: Callable[[_Part], tuple[int, int]]
) -> list[_Part]:
    """Sort so that any first stretch of the list is spread over the whole.

    The bits of a column and a row are laced together and read backwards (Morton 1966, in the
    order of van der Corput 1935): first one part of each quarter, then of each sixteenth, and so
    on. Whoever stops at any moment has a map that is coarse, but of everything.

    Parameters
    ----------
    parts : sequence
    place : callable
        Gives a part's (column, row), whole numbers from 0.
    """
    places = [place(part) for part in parts]
    bits = max((number.bit_length() for at in places for number in at), default=0)

    def rank(column: int, row: int) -> int:
        found = 0
        for bit in range(bits):
            found = found << 2 | (row >> bit & 1) << 1 | (column >> bit & 1)
        return found

    ranks = [rank(*at) for at in places]
    return [parts[index] for index in sorted(range(len(parts)), key=ranks.__getitem__)]
