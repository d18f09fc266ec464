"""Which pixels of a band have their centre inside an outline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.model import Points

_FARTHEST_PX = 2.0**31
"""Vertices farther out than this are drawn in to it: nothing there is visible, and what is computed
with them stays finite."""


@dataclass(frozen=True)
class Edges:
    """The edges of a closed outline that pass a pixel row's middle, each with its upper end first.

    Upper and lower end are told apart by y alone, so that two shapes along one edge, and an
    outline that comes back along itself, get the same crossings to the last bit: no pixel between
    neighbours is left out or taken twice.

    Attributes
    ----------
    x, y : ndarray (count,), float64
        The upper end, in pixels.
    slope : ndarray (count,), float64
        Change of x per row.
    first_row, end_row : ndarray (count,), int64
        The rows whose middle the edge passes: from the first to before the end.
    sign : ndarray (count,), int8
        1 where the outline goes down, -1 where it goes up.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    slope: NDArray[np.float64]
    first_row: NDArray[np.int64]
    end_row: NDArray[np.int64]
    sign: NDArray[np.int8]

    @classmethod
    def of(cls, outline: Points) -> Edges:
        """The edges of an outline, in pixels; its last point is joined to the first."""
        starts = np.clip(outline[np.isfinite(outline).all(axis=1)], -_FARTHEST_PX, _FARTHEST_PX)
        ends = np.roll(starts, -1, axis=0)
        goes_down = starts[:, 1] < ends[:, 1]
        upper = np.where(goes_down[:, None], starts, ends)
        lower = np.where(goes_down[:, None], ends, starts)
        first_row, end_row = _row_from(upper[:, 1]), _row_from(lower[:, 1])
        passing = first_row < end_row
        upper, lower = upper[passing], lower[passing]
        across, down = (lower - upper).T
        return cls(
            upper[:, 0],
            upper[:, 1],
            across / down,
            first_row[passing],
            end_row[passing],
            np.where(goes_down[passing], 1, -1).astype(np.int8),
        )

    @property
    def rows(self) -> tuple[int, int]:
        """The rows that they reach over, from the first to before the end."""
        if not len(self.x):
            return 0, 0
        return int(self.first_row.min()), int(self.end_row.max())

    def crossings(self, top: int, height: int, width: int) -> Crossings:
        """Where the outline crosses the middles of a band's rows.

        Parameters
        ----------
        top, height : int
            The band's first row, and how many it has.
        width : int
            Columns beyond it are not looked at.
        """
        met = (self.first_row < top + height) & (self.end_row > top)
        first = np.maximum(self.first_row[met], top)
        count = np.minimum(self.end_row[met], top + height) - first
        edge = np.repeat(np.flatnonzero(met), count)
        step = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
        row = np.repeat(first, count) + step
        x = self.x[edge] + (row + 0.5 - self.y[edge]) * self.slope[edge]
        column = np.clip(_row_from(x), 0, width)
        order = np.argsort(column, kind="stable")
        return Crossings(column[order], (row - top)[order], self.sign[edge][order], height)


@dataclass
class Crossings:
    """A band's crossings, to be asked for its tiles from left to right.

    Attributes
    ----------
    column : ndarray (count,), int64
        The first pixel whose centre lies right of the crossing, in rising order.
    row : ndarray (count,), int64
        Within the band.
    sign : ndarray (count,), int8
    """

    column: NDArray[np.int64]
    row: NDArray[np.int64]
    sign: NDArray[np.int8]
    height: int

    def __post_init__(self) -> None:
        self._done = 0
        self._winding = np.zeros(self.height, np.int32)  # of each row, left of what comes next

    @property
    def columns(self) -> tuple[int, int]:
        """The first and the last column of any crossing; the last before the first for none."""
        return (int(self.column[0]), int(self.column[-1])) if len(self.column) else (0, -1)

    def next_patch(self, left: int, right: int) -> Patch | None:
        """Tell which pixels are inside, from a column to before another.

        Tiles without a crossing in or left of them may be left out; else the columns must follow
        upon those asked for before. A pixel is inside where the outline goes round its centre at
        least once, so that all loops of one that crosses itself count.

        Returns
        -------
        Patch or None
            None where no pixel is inside.
        """
        end = int(np.searchsorted(self.column, right))
        column, row, sign = (it[self._done : end] for it in (self.column, self.row, self.sign))
        self._done = end
        begins_inside = self._winding.any()
        if not len(column):
            if not begins_inside:
                return None
            return Patch(slice(0, self.height), slice(0, right - left), self._winding[:, None] != 0)
        # Small shapes in large tiles: only where there is something is counted.
        top, bottom, first = 0, self.height, left
        if not begins_inside:
            top, bottom, first = int(row.min()), int(row.max()) + 1, int(column[0])
        end_column = int(column[-1]) + 1
        change = np.zeros((bottom - top, end_column - first), np.int32)
        np.add.at(change, (row - top, column - first), sign)
        change[:, 0] += self._winding[top:bottom]
        winding = np.cumsum(change, axis=1, out=change)
        self._winding[top:bottom] = winding[:, -1]
        inside: NDArray[np.bool_] = winding != 0
        if self._winding.any():
            beyond = np.repeat(inside[:, -1:], right - end_column, axis=1)
            inside, end_column = np.concatenate([inside, beyond], axis=1), right
        return Patch(slice(top, bottom), slice(first - left, end_column - left), inside)


class Patch(NamedTuple):
    """Pixels of a tile that are inside.

    Attributes
    ----------
    rows, columns : slice
        Of the tile.
    inside : ndarray, bool
        Of these; one column where each row is all inside or all outside.
    """

    rows: slice
    columns: slice
    inside: NDArray[np.bool_]


def _row_from(place: NDArray[np.float64]) -> NDArray[np.int64]:
    """The first pixel whose centre does not lie before a place."""
    return np.ceil(place - 0.5).astype(np.int64)
