"""From the texts of ``Coordinate`` elements to vertices, forgiving what can be forgiven."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.model import Points, are_places, as_points
from slideviewer.annotations.numbers import number_in

Row = tuple[str | None, str | None, str | None]
"""The texts of Order, X and Y; None where the attribute is missing."""


@dataclass(frozen=True, eq=False)
class Vertices:
    """The vertices of one annotation.

    Attributes
    ----------
    points : ndarray (count, 2), float64
        Level-0 pixels, in order; all of them places.
    carriers : mapping of int to lxml element
        For vertices that carry more than order and place, by their index.
    unreadable : tuple of pairs of Row and lxml element or None
        The rows that are no place at all, left out of the points, with what they carry.
    is_numbered : bool
        Whether the orders were 0 to n-1, each once; else the points are in the file's order.
    has_commas : bool
        Whether decimal commas were read as points.
    """

    points: Points
    carriers: Mapping[int, Any]
    unreadable: tuple[tuple[Row, Any], ...]
    is_numbered: bool
    has_commas: bool


NO_VERTICES = Vertices(as_points([]), {}, (), True, False)


def vertices_from(rows: Sequence[Row], carriers: Mapping[int, Any]) -> Vertices:
    """Read rows as vertices.

    Parameters
    ----------
    rows : sequence of Row
        In the file's order.
    carriers : mapping of int to lxml element
        By the index of the row.
    """
    if not rows:
        return NO_VERTICES
    orders, x_texts, y_texts = zip(*rows, strict=True)
    points = np.empty((len(rows), 2))
    points[:, 0], x_commas = _numbers(x_texts)
    points[:, 1], y_commas = _numbers(y_texts)
    numbers = _integers(orders)
    is_natural = numbers == list(range(len(rows)))
    if is_natural and not carriers and are_places(points).all():  # nearly always; be quick
        return Vertices(as_points(points), {}, (), True, x_commas or y_commas)
    sequence = _sequence(numbers)
    arranged = np.arange(len(rows)) if sequence is None else sequence
    is_good = are_places(points[arranged])
    places = {row: index for index, row in enumerate(arranged[is_good].tolist())}
    return Vertices(
        points=as_points(points[arranged[is_good]]),
        carriers={places[row]: it for row, it in carriers.items() if row in places},
        unreadable=tuple((rows[row], carriers.get(row)) for row in arranged[~is_good].tolist()),
        is_numbered=sequence is not None,
        has_commas=x_commas or y_commas,
    )


def _numbers(texts: Sequence[str | None]) -> tuple[NDArray[np.float64], bool]:
    """The texts as numbers, NaN for what is none, and whether a decimal comma was among them."""
    try:
        return np.fromiter(map(float, texts), np.float64, len(texts)), False  # type: ignore[arg-type]
    except (TypeError, ValueError):
        pass  # something is missing, is no number, or has a comma: look at each
    numbers, has_commas = np.full(len(texts), np.nan), False
    for index, text in enumerate(texts):
        value, has_comma = number_in(text)
        has_commas = has_commas or has_comma
        if value is not None:
            numbers[index] = value
    return numbers, has_commas


def _integers(texts: Sequence[str | None]) -> list[int] | None:
    try:
        return list(map(int, texts))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _sequence(orders: list[int] | None) -> NDArray[np.int64] | None:
    """For each place in the order the row that stands there; None unless they are 0 to n-1."""
    if orders is None or sorted(orders) != list(range(len(orders))):
        return None
    return np.argsort(np.array(orders, np.int64), kind="stable")
