"""Where a finding lay, kept apart from its grid: to recognise it among later ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.findings.findings import FindingKind, Findings
from slideviewer.inference.grid import Grid

NOBODY = -1
"""In place of a number where a finding was not recognised."""

Runs = NDArray[np.float64]
"""Left, top, right and bottom of stretches of cells, level-0 pixels: shape (count, 4)."""

_Edges = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Footprint:
    """What a finding covered.

    Attributes
    ----------
    kind : FindingKind
    runs : ndarray (count, 4), float64
        Rectangles beside and below each other, none over another.
    """

    kind: FindingKind
    runs: Runs

    @classmethod
    def of(cls, findings: Findings, index: int) -> Footprint:
        """That of a finding."""
        inside, grid = findings.inside(index), findings.grid
        column, row = findings.boxes[index, :2].tolist()
        steps = np.diff(np.pad(inside, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        rows, first = np.nonzero(steps == 1)
        _, behind = np.nonzero(steps == -1)
        top = grid.y + (row + rows) * grid.cell
        left, right = (grid.x + (column + it) * grid.cell for it in (first, behind))
        runs = np.stack([left, top, right, top + grid.cell], axis=1).astype(np.float64)
        runs.setflags(write=False)
        return cls(FindingKind(int(findings.kinds[index])), runs)

    @property
    def area_px2(self) -> float:
        """In level-0 pixels."""
        left, top, right, bottom = self.runs.T
        return float(((right - left) * (bottom - top)).sum())

    def cells(self, grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows and columns of a grid whose middles it covers."""
        left, right = (_from(self.runs[:, it], grid.x, grid.cell, grid.columns) for it in (0, 2))
        top, bottom = (_from(self.runs[:, it], grid.y, grid.cell, grid.rows) for it in (1, 3))
        sizes = (bottom - top).clip(0) * (right - left).clip(0)
        if sizes.sum() > grid.rows * grid.columns:  # some lie over each other
            return _covered(left, top, right, bottom)
        boxes = np.stack([top, bottom, left, right], axis=1)
        places = [
            np.mgrid[first:end, begin:behind].reshape(2, -1)
            for first, end, begin, behind in boxes.tolist()
            if first < end and begin < behind
        ]
        rows, columns = np.concatenate(places, axis=1) if places else np.empty((2, 0), np.int64)
        return rows, columns


def recognised(findings: Findings, footprints: Sequence[Footprint]) -> NDArray[np.int64]:
    """Which former finding each one is.

    A finding is a former one if both are of the same side and share at least half of either. One
    that fell apart is recognised in all its parts; one that grew together with others is the
    former that it shares most with.

    Parameters
    ----------
    findings : Findings
    footprints : sequence of Footprint
        Of any grids.

    Returns
    -------
    ndarray (count,), int64
        A number of a footprint, or `NOBODY`.
    """
    found = np.full(len(findings), NOBODY, np.int64)
    most = np.zeros(len(findings), np.int64)
    sides = np.array([FindingKind(int(kind)).side for kind in findings.kinds], np.int64)
    for number, footprint in enumerate(footprints):
        rows, columns = footprint.cells(findings.grid)
        met = findings.labels[rows, columns] - 1
        near, shared = np.unique(met[met >= 0], return_counts=True)
        is_it = (2 * shared >= np.minimum(findings.cells[near], len(rows))) & (
            sides[near] == footprint.kind.side
        )
        better = is_it & (shared > most[near])
        found[near[better]] = number
        most[near[better]] = shared[better]
    return found


def same_as(former: Findings, now: Findings) -> NDArray[np.int64]:
    """Which former finding of the same grid each one is, one to one.

    As `recognised`, for all findings at once, as when a threshold moves; of the parts of one that
    fell apart the largest is it.

    Returns
    -------
    ndarray (count,), int64
        An index among the former ones, or `NOBODY`.

    Raises
    ------
    ValueError
        If the grids differ.
    """
    if former.grid != now.grid:
        raise ValueError("findings of different grids are compared by their footprints")
    found = np.full(len(now), NOBODY, np.int64)
    both = (former.labels > 0) & (now.labels > 0)
    pairs = (former.labels[both].astype(np.int64) - 1) * max(len(now), 1) + now.labels[both] - 1
    pairs, shared = np.unique(pairs, return_counts=True)
    old, new = np.divmod(pairs, max(len(now), 1))
    sides = np.array([0, *(kind.side for kind in FindingKind)])
    is_it = 2 * shared >= np.minimum(former.cells[old], now.cells[new])
    is_it &= sides[former.kinds[old]] == sides[now.kinds[new]]
    old, new, shared = old[is_it], new[is_it], shared[is_it]
    taken: set[int] = set()
    for pair in np.lexsort((new, old, -shared)).tolist():
        before, after = int(old[pair]), int(new[pair])
        if found[after] == NOBODY and before not in taken:
            found[after] = before
            taken.add(before)
    return found


def _covered(
    left: _Edges, top: _Edges, right: _Edges, bottom: _Edges
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows and columns that any of many boxes covers, however they overlap."""
    is_any = (left < right) & (top < bottom)
    left, top, right, bottom = (it[is_any] for it in (left, top, right, bottom))
    steps = np.zeros((bottom.max() + 1, right.max() + 1), np.int32)
    for rows, columns, step in (
        (top, left, 1),
        (top, right, -1),
        (bottom, left, -1),
        (bottom, right, 1),
    ):
        np.add.at(steps, (rows, columns), step)
    rows, columns = np.nonzero(steps.cumsum(axis=0).cumsum(axis=1))
    return rows, columns


def _from(edges: NDArray[np.float64], origin: float, cell: float, most: int) -> NDArray[np.int64]:
    """The first cell whose middle is not before an edge, within the grid."""
    places = np.ceil((edges - origin) / cell - 0.5)
    return np.clip(places, 0, most).astype(np.int64)
