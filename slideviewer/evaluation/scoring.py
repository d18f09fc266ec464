"""A measure of weighted units as a score with its interval."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.bootstrap import Resampling, Weights
from slideviewer.evaluation.report import Score

Measure = Callable[[Weights], float | None]
"""Of units each taken as often as its weight; None where they cannot tell."""


def scored(
    name: str,
    measure: Measure,
    variant: str,
    units: int,
    resampling: Resampling,
    *,
    of: str = "",
    count: int | None = None,
) -> Score:
    """Measure all units once, and resampled.

    Parameters
    ----------
    name, variant, of
        As in `Score`.
    measure : callable
    units : int
        How many there are: slides, pictures, patients.
    resampling : Resampling
    count : int, optional
        What the score is taken over; the units by default.
    """
    value = measure(np.ones(units, np.int64))
    low, high = (None, None) if value is None else resampling.interval(measure, units)
    return Score(name, value, variant, of, low, high, units if count is None else count)


def mean_of_known(values: NDArray[np.float64], weights: Weights) -> float | None:
    """The weighted mean of the values that are numbers; None where none is."""
    is_known = np.isfinite(values)
    total = int(weights[is_known].sum())
    return float(values[is_known] @ weights[is_known] / total) if total else None


def dice_of(sums: NDArray[np.int64], weights: Weights) -> float | None:
    """Twice the overlap by the sum of both, of all units together; the same as F1.

    Parameters
    ----------
    sums : ndarray (units, 3), int64
        One side, the other, and both at once.
    weights : ndarray (units,), int64
    """
    one, other, both = (weights @ sums).tolist()
    return 2 * both / (one + other) if one + other else None


def jaccard_of(sums: NDArray[np.int64], weights: Weights) -> float | None:
    """The overlap by the union, of all units together; parameters as of `dice_of`."""
    one, other, both = (weights @ sums).tolist()
    union = one + other - both
    return both / union if union else None
