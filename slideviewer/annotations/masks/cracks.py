"""The edges between labels in a block of pixels, as straight runs with a direction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RIGHT, DOWN, LEFT, UP = range(4)
"""Directions of a run; clockwise on the screen, so that the next number is a turn to the right."""


@dataclass(frozen=True)
class Runs:
    """Straight stretches of the outlines of labels, each with its label to the right.

    Attributes
    ----------
    label : ndarray (count,), int64
    start, end : ndarray (count, 2), int32
        x and y of pixel corners; the mask's first pixel reaches from 0 to 1.
    direction : ndarray (count,), int8
        `RIGHT`, `DOWN`, `LEFT` or `UP`.
    """

    label: NDArray[np.int64]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    direction: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.label)

    @classmethod
    def together(cls, parts: Iterable[Runs]) -> Runs:
        """All of these in one."""
        listed = [*parts, _NONE]
        return cls(
            np.concatenate([part.label for part in listed]),
            np.concatenate([part.start for part in listed]),
            np.concatenate([part.end for part in listed]),
            np.concatenate([part.direction for part in listed]),
        )


_NONE = Runs(
    np.zeros(0, np.int64),
    np.zeros((0, 2), np.int32),
    np.zeros((0, 2), np.int32),
    np.zeros(0, np.int8),
)


def runs_in(block: NDArray[Any], x: int, y: int) -> Runs:
    """The runs along the upper and left sides of a block's pixels.

    Parameters
    ----------
    block : ndarray (height + 1, width + 1)
        Labels; the first row and column belong to the neighbours, or are 0 at the mask's edge.
    x, y : int
        Where the block's own first pixel lies in the mask.

    Returns
    -------
    Runs
        Of labels other than 0. A run ends at the block's edge, and there the next block's begins.
    """
    if (block == block[0, 0]).all():
        return _NONE
    own, above, before = block[1:, 1:], block[:-1, 1:], block[1:, :-1]
    row, column = np.nonzero(own != above)
    lower, upper = own[row, column], above[row, column]
    # From here on the two axes change places: a vertical run goes down a column.
    place, step = np.nonzero(np.ascontiguousarray((own != before).T))
    right, left = own[step, place], before[step, place]
    return Runs.together(
        (
            _runs(row, column, lower, x, y, RIGHT),
            _runs(row, column, upper, x, y, LEFT),
            _runs(place, step, left, x, y, DOWN),
            _runs(place, step, right, x, y, UP),
        )
    )


def _runs(
    line: NDArray[np.intp],
    step: NDArray[np.intp],
    label: NDArray[Any],
    x: int,
    y: int,
    direction: int,
) -> Runs:
    """Join neighbouring cracks of one label on one line, given line by line."""
    there = label != 0
    line, step, label = line[there], step[there], label[there].astype(np.int64)
    if not len(line):
        return _NONE
    begins = np.ones(len(line), np.bool_)
    begins[1:] = (line[1:] != line[:-1]) | (step[1:] != step[:-1] + 1) | (label[1:] != label[:-1])
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(line)) - 1
    is_across = direction in (RIGHT, LEFT)
    corner = np.array([x, y]) if is_across else np.array([y, x])
    near = np.stack([step[first], line[first]], axis=1) + corner
    far = np.stack([step[last] + 1, line[last]], axis=1) + corner
    if not is_across:
        near, far = near[:, ::-1], far[:, ::-1]
    start, end = (near, far) if direction in (RIGHT, DOWN) else (far, near)
    return Runs(
        label[first],
        start.astype(np.int32),
        end.astype(np.int32),
        np.full(len(first), direction, np.int8),
    )
