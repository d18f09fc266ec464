"""One number a cell in whole steps, so that its colour is looked up instead of worked out."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

STEPS = 16383
"""0 stands for a cell that the model did not look at, 1 for the value 0, and so on up to 1. Sixteen
for each step of a threshold's slider, and so few that their colours stay in a processor's cache."""

VALUES: NDArray[np.float64] = np.maximum(0, np.arange(STEPS + 1) - 1) / (STEPS - 1)
"""The value of each step."""


def step_of(value: float) -> int:
    """The step of a value from 0 to 1."""
    return 1 + round(min(max(value, 0.0), 1.0) * (STEPS - 1))


class CellSteps:
    """The values 0 to 1 of a grid's cells, to one part in 16382, and how often each occurs."""

    def __init__(self, rows: int, columns: int) -> None:
        self._steps = np.zeros((rows, columns), np.uint16)
        self._counts = np.zeros(STEPS + 1, np.int64)
        self._counts[0] = rows * columns

    @classmethod
    def of(cls, values: NDArray[np.float32]) -> CellSteps:
        """The values of all cells: shape (rows, columns), NaN for what was not looked at."""
        made = cls(*values.shape)
        made._steps[:] = _steps_of(values)
        made._counts = np.bincount(made._steps.ravel(), minlength=STEPS + 1)
        return made

    def put(
        self,
        rows: NDArray[np.int32],
        columns: NDArray[np.int32],
        values: NDArray[np.float32],
    ) -> None:
        """Set cells.

        Parameters
        ----------
        rows, columns : ndarray (count,), int32
        values : ndarray (count,), float32
            NaN for what was not looked at.
        """
        steps = _steps_of(values)
        self._counts -= np.bincount(self._steps[rows, columns], minlength=STEPS + 1)
        self._steps[rows, columns] = steps
        self._counts += np.bincount(steps, minlength=STEPS + 1)
        self.__dict__.pop("highest", None)

    @cached_property
    def highest(self) -> float:
        """The highest value of all; 0 where there is none."""
        return float(VALUES[int(np.flatnonzero(self._counts)[-1])])

    @property
    def looked_at(self) -> int:
        """How many cells have a value."""
        return int(self._counts[1:].sum())

    def count_from(self, value: float) -> int:
        """How many cells have at least a value."""
        return int(self._counts[step_of(value) :].sum())

    def part(self, left: int, top: int, right: int, bottom: int) -> NDArray[np.uint16]:
        """The steps of some columns and rows: shape (bottom - top, right - left)."""
        return self._steps[top:bottom, left:right]

    def smooth_part(
        self, left: int, top: int, right: int, bottom: int, enlarged: int
    ) -> NDArray[np.uint16]:
        """The same with values between the middles of the cells.

        Cells that were not looked at take no part in it: a region is not paler beside glass.

        Parameters
        ----------
        left, top, right, bottom : int
        enlarged : int
            So many steps across and down for each cell.

        Returns
        -------
        ndarray ((bottom - top) * enlarged, (right - left) * enlarged), uint16
        """
        # Two cells more all around, so that parts meet without a seam: the neighbours, and theirs.
        first_x, first_y = max(0, left - 2), max(0, top - 2)
        cells = self._steps[first_y : bottom + 2, first_x : right + 2]
        known = (cells > 0).astype(np.float32)
        values = cells.astype(np.float32)
        near = cv2.blur(known, (3, 3), borderType=cv2.BORDER_CONSTANT)
        mean = cv2.blur(values, (3, 3), borderType=cv2.BORDER_CONSTANT) / np.maximum(near, 1e-6)
        filled = np.rint(np.where(known > 0, values, mean)).astype(np.uint16)
        size = cells.shape[1] * enlarged, cells.shape[0] * enlarged
        between = cv2.resize(filled, size, interpolation=cv2.INTER_LINEAR)
        is_known = cv2.resize(np.rint(known * 2).astype(np.uint8), size) > 0
        x, y = (left - first_x) * enlarged, (top - first_y) * enlarged
        inside = (
            slice(y, y + (bottom - top) * enlarged),
            slice(x, x + (right - left) * enlarged),
        )
        return np.asarray(between[inside] * is_known[inside], np.uint16)


def _steps_of(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    filled = np.clip(np.nan_to_num(values, nan=0.0), 0, 1).astype(np.float64)
    steps = 1 + np.rint(filled * (STEPS - 1))
    return np.asarray(np.where(np.isnan(values), 0, steps), np.uint16)
