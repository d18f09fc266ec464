"""How well nuclei that were found agree with those that are marked, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""Overlaps from which two nuclei are the same, as the Data Science Bowl 2018 had them."""

_RESAMPLES = 1000


@dataclass(frozen=True)
class Matches:
    """Nuclei of a picture that are the same, at each of `THRESHOLDS`.

    Attributes
    ----------
    same : tuple of int
    marked, found : int
        How many there are.
    """

    same: tuple[int, ...]
    marked: int
    found: int

    @property
    def precisions(self) -> tuple[float, ...]:
        """Same / (same + missed + false) at each threshold; 1 where there are no nuclei at all."""
        either = [self.marked + self.found - same for same in self.same]
        return tuple(
            same / all_of_them if all_of_them else 1.0
            for same, all_of_them in zip(self.same, either, strict=True)
        )

    @property
    def mean_precision(self) -> float:
        """The mean over thresholds: a picture's score in the Data Science Bowl 2018."""
        return float(np.mean(self.precisions))


def matches(marked: NDArray[np.integer], found: NDArray[np.integer]) -> Matches:
    """Compare two pictures of numbers, 0 being none.

    Above an overlap of one half each nucleus has one partner at most, so nothing is to be chosen.

    Parameters
    ----------
    marked, found : ndarray (height, width)
    """
    truth, ours = (np.unique(it, return_inverse=True) for it in (marked, found))
    shape = len(truth[0]), len(ours[0])
    together = np.bincount(
        truth[1].ravel() * shape[1] + ours[1].ravel(), minlength=shape[0] * shape[1]
    ).reshape(shape)
    union = together.sum(axis=1, keepdims=True) + together.sum(axis=0, keepdims=True) - together
    overlap = np.divide(together, union, dtype=np.float64)[truth[0] > 0][:, ours[0] > 0]
    same = tuple(int((overlap > threshold).sum()) for threshold in THRESHOLDS)
    return Matches(same, *overlap.shape)


def score(pictures: Sequence[Matches], threshold: float | None = None) -> float:
    """The mean over pictures: of the mean precision, or of that at one threshold."""
    if threshold is None:
        return float(np.mean([it.mean_precision for it in pictures]))
    number = THRESHOLDS.index(threshold)
    return float(np.mean([it.precisions[number] for it in pictures]))


def interval(pictures: Sequence[Matches], threshold: float | None = None) -> tuple[float, float]:
    """The 95 % interval of `score`, from a bootstrap by picture."""
    each = np.array([score([it], threshold) for it in pictures])
    drawn = np.random.default_rng(0).integers(len(each), size=(_RESAMPLES, len(each)))
    low, high = np.percentile(each[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)
