"""Runs linked into closed rings that nowhere touch themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.masks.cracks import Runs

_SIDE_BITS = 24
"""A corner's two coordinates and its label are sorted as one number of 64 bits."""
MOST_SIDE_PX = 2**_SIDE_BITS - 1
MOST_LABELS = 2 ** (64 - 2 * _SIDE_BITS)
"""Different ones in one mask."""


@dataclass(frozen=True)
class Ring:
    """One closed outline along the sides of pixels.

    Attributes
    ----------
    label : int
    points : ndarray (count, 2), int64
        Pixel corners, without those in the middle of a straight stretch.
    area : float
        In pixels; negative for the outline of a hole.
    """

    label: int
    points: NDArray[np.int64]
    area: float

    @property
    def inner_pixel(self) -> tuple[float, float]:
        """The centre of a pixel of the label just inside the first edge."""
        (x, y), (next_x, next_y) = self.points[:2]
        across, down = int(np.sign(next_x - x)), int(np.sign(next_y - y))
        # Half a pixel on along the edge, and half a pixel to its right.
        return float(x + (across - down) / 2), float(y + (down + across) / 2)


def rings_of(runs: Runs) -> Iterator[Ring]:
    """Link runs into rings, each run's end to the start of the next.

    Parameters
    ----------
    runs : Runs
        All of a mask.

    Yields
    ------
    Ring
        Where two pixels of a label touch only at a corner, the outline turns so as to part them.
        One that comes by a corner twice all the same is cut there into an outline and a hole.
    """
    if not len(runs):
        return
    labels, label = np.unique(runs.label, return_inverse=True)
    if len(labels) > MOST_LABELS:
        raise ValueError(f"{len(labels)} labels are more than {MOST_LABELS}")
    starts, ends = _keys(label, runs.start), _keys(label, runs.end)
    # At a corner where four runs meet, each goes on with the one to its right.
    by_start = np.lexsort(((runs.direction + 3) % 4, starts))
    by_end = np.lexsort((runs.direction, ends))
    following = np.empty(len(runs), np.int64)
    following[by_end] = by_start
    sorted_starts = starts[by_start]
    meets_another = np.zeros(len(runs), np.bool_)
    twice = np.flatnonzero(sorted_starts[1:] == sorted_starts[:-1])
    meets_another[by_start[twice]] = meets_another[by_start[twice + 1]] = True
    for members in _cycles(following):
        parts = [members]
        if np.count_nonzero(meets_another[members]) > 1:
            parts = _parted(members, starts)
        for part in parts:
            points = runs.start[part].astype(np.int64)
            way = runs.direction[part]
            points = points[way != np.roll(way, 1)]
            yield Ring(int(runs.label[part[0]]), points, _area(points))


def _keys(label: NDArray[np.intp], corner: NDArray[np.int32]) -> NDArray[np.uint64]:
    x, y = corner.astype(np.uint64).T
    rows_and_columns = (y << np.uint64(_SIDE_BITS)) | x
    keys: NDArray[np.uint64] = (label.astype(np.uint64) << np.uint64(2 * _SIDE_BITS)) | (
        rows_and_columns
    )
    return keys


def _cycles(following: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The cycles of a permutation."""
    next_of = following.tolist()
    is_done = bytearray(len(next_of))
    for start in range(len(next_of)):
        if is_done[start]:
            continue
        members = []
        at = start
        while not is_done[at]:
            is_done[at] = 1
            members.append(at)
            at = next_of[at]
        yield np.array(members, np.int64)


def _parted(members: NDArray[np.int64], starts: NDArray[np.uint64]) -> list[NDArray[np.int64]]:
    """Cut a ring wherever it comes by a corner again."""
    corners = starts[members].tolist()
    parts: list[NDArray[np.int64]] = []
    open_runs: list[int] = []
    open_corners: list[int] = []
    place: dict[int, int] = {}
    for member, corner in zip(members.tolist(), corners, strict=True):
        if corner in place:
            at = place[corner]
            parts.append(np.array(open_runs[at:], np.int64))
            for passed in open_corners[at:]:
                del place[passed]
            del open_runs[at:], open_corners[at:]
        place[corner] = len(open_runs)
        open_runs.append(member)
        open_corners.append(corner)
    parts.append(np.array(open_runs, np.int64))
    return parts


def _area(points: NDArray[np.int64]) -> float:
    x, y = (points - points[0]).T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) / 2
