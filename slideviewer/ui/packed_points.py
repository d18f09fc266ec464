"""The vertices of many shapes in one array: those of a thousand are fetched in one go."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations import Points

_LEAST_WASTE = 10_000
"""Vertices that are no longer any shape's; fewer than these are never worth moving others for."""


class PackedPoints:
    """The vertices of shapes, which are known by their numbers.

    Parameters
    ----------
    outlines : sequence of ndarray (count, 2)
        Of the shapes 0, 1 and so on.
    """

    def __init__(self, outlines: Sequence[Points]) -> None:
        counts = np.array([len(it) for it in outlines], np.intp)
        self._lay_out(np.concatenate([np.empty((0, 2)), *outlines]), counts)

    def _lay_out(self, points: Points, counts: NDArray[np.intp]) -> None:
        self._points = points
        self._counts: NDArray[np.intp] = counts
        self._starts: NDArray[np.intp] = np.cumsum(counts) - counts
        self._end, self._waste = len(points), 0

    def append(self, outlines: Sequence[Points]) -> None:
        """Put shapes behind the last one."""
        first, more = len(self._counts), np.zeros(len(outlines), np.intp)
        self._counts = np.concatenate([self._counts, more])
        self._starts = np.concatenate([self._starts, more])
        for number, points in enumerate(outlines, first):
            self.put(number, points)

    def put(self, number: int, points: Points) -> None:
        """Let a shape have other vertices."""
        former, count = int(self._counts[number]), len(points)
        if count > former:
            self._waste += former
            if self._waste > _LEAST_WASTE + self._end // 2:
                self._counts[number] = 0
                self._close_up()
            if self._end + count > len(self._points):
                more = max(self._end + count, 64) * 2 - len(self._points)
                self._points = np.pad(self._points, ((0, more), (0, 0)))
            self._starts[number] = self._end
            self._end += count
        else:
            self._waste += former - count
        self._counts[number] = count
        start = self._starts[number]
        self._points[start : start + count] = points

    def of(self, numbers: NDArray[np.intp]) -> tuple[Points, NDArray[np.intp]]:
        """The vertices of some shapes, one after the other, and where each one's begin."""
        counts = self._counts[numbers]
        starts = np.cumsum(counts) - counts
        places = np.repeat(self._starts[numbers] - starts, counts)
        places += np.arange(len(places))
        return self._points[places], starts

    def _close_up(self) -> None:
        self._lay_out(self.of(np.arange(len(self._counts)))[0], self._counts)
