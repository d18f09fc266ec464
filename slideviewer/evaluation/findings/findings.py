"""Regions where opinions differ, as values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from slideviewer.geometry import Rect
from slideviewer.inference.grid import Grid

Order = Literal["size", "score", "mix"]


class FindingKind(IntEnum):
    """How the sides differ. The first side is called predicted, the second marked."""

    PREDICTED = 1
    """Predicted as a whole, and not marked: the markup misses it, or the model is wrong."""
    MARKED = 2
    """Marked as a whole, and not predicted: a lesion that the model misses."""
    BEYOND_MARKUP = 3
    """Part of what is predicted goes beyond the outline that is marked."""
    BEYOND_PREDICTION = 4
    """Part of what is marked goes beyond what is predicted."""
    UNCERTAIN = 5
    """The model is in doubt."""

    @property
    def side(self) -> int:
        """0 where the first side says more, 1 where the second does, 2 for doubt.

        A region may turn from a part into a whole when a threshold moves, but not change sides.
        """
        return _SIDES[self]

    @property
    def words(self) -> str:
        """For the user."""
        return _WORDS[self]


_WORDS = {
    FindingKind.PREDICTED: "Predicted, not marked",
    FindingKind.MARKED: "Marked, not predicted",
    FindingKind.BEYOND_MARKUP: "Predicted beyond the outline",
    FindingKind.BEYOND_PREDICTION: "Marked beyond the prediction",
    FindingKind.UNCERTAIN: "Uncertain",
}

_SIDES = {
    FindingKind.PREDICTED: 0,
    FindingKind.MARKED: 1,
    FindingKind.BEYOND_MARKUP: 0,
    FindingKind.BEYOND_PREDICTION: 1,
    FindingKind.UNCERTAIN: 2,
}


@dataclass(frozen=True)
class Finding:
    """One region.

    Attributes
    ----------
    index : int
        Among its `Findings`.
    kind : FindingKind
    bounds : Rect
        Level-0 pixels.
    area_um2 : float or None
        None where nobody knows how large a pixel is.
    area_px2 : float
        In level-0 pixels.
    score : float
        How sure the model is of what it says there, 0 to 1: its mean probability where it
        predicts, what is missing to 1 where it does not; how much in doubt it is where it is
        uncertain.
    highest : float
        The highest probability in it.
    """

    index: int
    kind: FindingKind
    bounds: Rect
    area_um2: float | None
    area_px2: float
    score: float
    highest: float


@dataclass(frozen=True, eq=False)
class Findings:
    """All regions of a comparison, column by column: there may be tens of thousands.

    Attributes
    ----------
    grid : Grid
    labels : ndarray (rows, columns), int32
        For each cell the number of its finding plus one; 0 where there is none.
    kinds : ndarray (count,), uint8
        Values of `FindingKind`.
    boxes : ndarray (count, 4), int32
        First column and row, and how many of each.
    cells : ndarray (count,), int64
    scores, highest : ndarray (count,), float32
        As in `Finding`.
    cell_um2 : float or None
        Area of a cell.
    """

    grid: Grid
    labels: NDArray[np.int32]
    kinds: NDArray[np.uint8]
    boxes: NDArray[np.int32]
    cells: NDArray[np.int64]
    scores: NDArray[np.float32]
    highest: NDArray[np.float32]
    cell_um2: float | None = None

    def __len__(self) -> int:
        return len(self.kinds)

    def __iter__(self) -> Iterator[Finding]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Finding:
        column, row, columns, rows = self.boxes[index].tolist()
        grid, count = self.grid, int(self.cells[index])
        return Finding(
            index,
            FindingKind(int(self.kinds[index])),
            Rect(
                grid.x + column * grid.cell,
                grid.y + row * grid.cell,
                columns * grid.cell,
                rows * grid.cell,
            ),
            None if self.cell_um2 is None else count * self.cell_um2,
            count * grid.cell**2,
            float(self.scores[index]),
            float(self.highest[index]),
        )

    def inside(self, index: int) -> NDArray[np.bool_]:
        """Which cells of its box belong to a finding: shape (rows, columns)."""
        column, row, columns, rows = self.boxes[index].tolist()
        own: NDArray[np.bool_] = (
            self.labels[row : row + rows, column : column + columns] == index + 1
        )
        return own

    def order(self, by: Order = "mix") -> NDArray[np.int64]:
        """The findings in the order to look at them.

        Parameters
        ----------
        by : {"size", "score", "mix"}
            The largest first, the surest first, or by the mean of both ranks. Those that are alike
            stand from top to bottom and left to right.

        Returns
        -------
        ndarray (count,), int64
            Their indices.
        """
        size, score = (_ranks(values) for values in (self.cells, self.scores))
        rank = {"size": size, "score": score, "mix": size + score}[by]
        return np.lexsort((self.boxes[:, 0], self.boxes[:, 1], -rank))


def _ranks(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """The place of each value among all, ties in the middle of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (counts.cumsum() - (counts - 1) / 2)[places]
    return ranks
