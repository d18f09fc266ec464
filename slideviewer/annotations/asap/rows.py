"""``Coordinate`` elements in bulk: the digits of many vertices at once.

Nearly all coordinates have at most four decimals, as in what ASAP writes. Of those the digits are
had from whole numbers, many times as fast as one number after the other, and are the same. All
others are written one by one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.asap.text import number
from slideviewer.annotations.model import Points

_DECIMALS = 4
_LARGEST = 1e10
"""Below this, a number of four decimals has fewer than 15 digits, and no other such number is
the same float64: its digits are the shortest that read back as it."""
_AT_ONCE = 20_000
"""Rows, so that what is worked on stays near the processor."""

_Column = NDArray[np.uint8] | int
"""A character for each row, or one for all; 0 for none."""


def coordinate_rows(points: Points, counts: Sequence[int]) -> list[str]:
    r"""A line for each vertex: ``\t\t\t\t<Coordinate Order="0" X="1.5" Y="2" />\n``.

    Parameters
    ----------
    points : ndarray (count, 2)
        Finite; of several annotations one after the other.
    counts : sequence of int
        How many belong to each; their orders begin at 0.

    Returns
    -------
    list of str
        For each annotation its lines.
    """
    ends = np.cumsum(np.asarray(counts, np.intp))
    orders = np.arange(len(points)) - np.repeat(ends - counts, counts)
    texts = []
    lengths = np.zeros(len(points) + 1, np.intp)
    for start in range(0, len(points), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        text, lengths[1:][some] = _rows(points[some], orders[some])
        texts.append(text)
    whole, places = "".join(texts), np.cumsum(lengths)[np.append(0, ends)].tolist()
    return [whole[start:end] for start, end in itertools.pairwise(places)]


def _rows(points: Points, orders: NDArray[np.intp]) -> tuple[str, NDArray[np.intp]]:
    """All lines, and the length of each."""
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.rint(points * 10**_DECIMALS)
        is_short = (scaled / 10**_DECIMALS == points) & (np.abs(points) < _LARGEST)
        is_short &= (scaled != 0) | ~np.signbit(points)  # there is a zero with a sign
    is_short = is_short.all(axis=1)
    whole = np.where(is_short[:, None], scaled, 0).astype(np.int64)
    columns: list[_Column] = [
        *_literal('\t\t\t\t<Coordinate Order="'),
        *_digits(orders),
        *_literal('" X="'),
        *_decimal(whole[:, 0]),
        *_literal('" Y="'),
        *_decimal(whole[:, 1]),
        *_literal('" />\n'),
    ]
    characters = np.empty((len(points), len(columns)), np.uint8)
    for place, column in enumerate(columns):
        characters[:, place] = column
    lengths = np.count_nonzero(characters, axis=1)
    text = characters[characters != 0].tobytes().decode("ascii")
    if is_short.all():
        return text, lengths
    return _with_others(text, lengths, points, orders, np.flatnonzero(~is_short))


def _with_others(
    text: str,
    lengths: NDArray[np.intp],
    points: Points,
    orders: NDArray[np.intp],
    others: NDArray[np.intp],
) -> tuple[str, NDArray[np.intp]]:
    """The lines with some of them written one by one."""
    ends = np.cumsum(lengths)
    pieces: list[str] = []
    done = 0
    rows = zip(others.tolist(), orders[others].tolist(), points[others].tolist(), strict=True)
    for row, order, (x, y) in rows:
        end = int(ends[row])
        line = f'\t\t\t\t<Coordinate Order="{order}" X="{number(x)}" Y="{number(y)}" />\n'
        pieces += (text[done : end - int(lengths[row])], line)
        done = end
        lengths[row] = len(line)
    return "".join((*pieces, text[done:])), lengths


def _literal(text: str) -> list[_Column]:
    return list(text.encode("ascii"))


def _decimal(scaled: NDArray[np.int64]) -> Iterator[_Column]:
    """Numbers by what they are times ten thousand: sign, whole part, point and decimals."""
    size = np.abs(scaled)
    whole = size // 10**_DECIMALS
    rest = (size - whole * 10**_DECIMALS).astype(np.uint32)
    yield np.where(scaled < 0, ord("-"), 0).astype(np.uint8)
    yield from _digits(whole)
    yield np.where(rest > 0, ord("."), 0).astype(np.uint8)
    for place in range(_DECIMALS):
        unit = 10 ** (_DECIMALS - 1 - place)
        digit = rest // unit
        yield np.where(rest > 0, digit + ord("0"), 0).astype(np.uint8)
        rest -= digit * unit


def _digits(values: NDArray[np.int64] | NDArray[np.intp]) -> list[_Column]:
    """Whole numbers that are not negative, without zeros in front."""
    most = int(values.max(initial=0))
    left: NDArray[np.unsignedinteger] = values.astype(np.uint32 if most < 2**32 else np.uint64)
    columns: list[_Column] = []
    for _ in range(len(str(most))):
        following = left // 10
        digit = (left - following * 10 + ord("0")).astype(np.uint8)
        columns.insert(0, np.where(left > 0, digit, 0).astype(np.uint8) if columns else digit)
        left = following
    return columns
