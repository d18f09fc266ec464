"""Whether probabilities mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from slideviewer.evaluation.bootstrap import Weights
from slideviewer.models.loading import apply_temperature

BINS = 15
"""As in Guo et al. 2017, "On calibration of modern neural networks" (arXiv:1706.04599)."""

FOLDS = 2
"""Slide number i is in fold i modulo this."""

_LEAST = 1e-7
_TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True, eq=False)
class Bins:
    """Tiles by their probability, in bins of equal width; empty bins are left out.

    Attributes
    ----------
    mean : ndarray (bins,), float64
        Mean probability.
    frequency : ndarray (bins,), float64
        Share that is true.
    count : ndarray (bins,), float64
    """

    mean: NDArray[np.float64]
    frequency: NDArray[np.float64]
    count: NDArray[np.float64]

    @property
    def error(self) -> float | None:
        """The expected calibration error: the mean distance of the two, by count."""
        total = self.count.sum()
        if not total:
            return None
        return float(np.abs(self.mean - self.frequency) @ self.count / total)


@dataclass(frozen=True, eq=False)
class Calibration:
    """Sums by slide, from which the figures of any choice of slides follow.

    Attributes
    ----------
    count, probability, true : ndarray (slides, bins), float64
        Tiles, the sum of their probabilities, and how many are true.
    squares : ndarray (slides,), float64
        The sum of (probability - truth)².
    """

    count: NDArray[np.float64]
    probability: NDArray[np.float64]
    true: NDArray[np.float64]
    squares: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        truth: NDArray[np.bool_],
        probabilities: NDArray[np.floating],
        slides: NDArray[np.int64],
        count: int,
        bins: int = BINS,
    ) -> Calibration:
        """Sum up.

        Parameters
        ----------
        truth : ndarray (n,), bool
        probabilities : ndarray (n,)
            Of being true.
        slides : ndarray (n,), int64
        count : int
            How many slides there are.
        bins : int
            An edge between two belongs to the lower one, as scikit-learn has it.
        """
        values = probabilities.astype(np.float64)
        edges = np.linspace(0, 1, bins + 1)[1:-1]
        place = slides * bins + np.searchsorted(edges, values)

        def summed(of_each: NDArray[np.float64] | None) -> NDArray[np.float64]:
            sums = np.bincount(place, of_each, minlength=count * bins)
            return sums.reshape(count, bins).astype(np.float64)

        squares = np.bincount(slides, (values - truth) ** 2, minlength=count)
        true = summed(truth.astype(np.float64))
        return cls(summed(None), summed(values), true, squares.astype(np.float64))

    def bins(self, weights: Weights | None = None) -> Bins:
        """The bins of slides each taken as often as its weight."""
        taken = self._taken(weights)
        count, probability, true = (taken @ it for it in (self.count, self.probability, self.true))
        is_there = count > 0
        count = count[is_there]
        return Bins(probability[is_there] / count, true[is_there] / count, count)

    def brier(self, weights: Weights | None = None) -> float | None:
        """The mean of (probability - truth)² (Brier 1950)."""
        taken = self._taken(weights)
        total = float(taken @ self.count.sum(axis=1))
        return float(taken @ self.squares / total) if total else None

    def _taken(self, weights: Weights | None) -> NDArray[np.float64]:
        if weights is None:
            return np.ones(len(self.squares))
        return weights.astype(np.float64)


def best_temperature(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """The temperature of the smallest log loss.

    Parameters
    ----------
    probabilities : ndarray (n, classes)
    labels : ndarray (n,), int64
    """
    rows = np.arange(len(labels))

    def loss(temperature: float) -> float:
        chosen = apply_temperature(probabilities, temperature)[rows, labels]
        return float(-np.log(np.maximum(chosen, _LEAST)).mean())

    return float(minimize_scalar(loss, bounds=_TEMPERATURES, method="bounded").x)


def held_out_temperatures(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.int64],
    slides: NDArray[np.int64],
) -> tuple[NDArray[np.float32], tuple[float, ...]]:
    """Scale the probabilities of each slide by the temperature that other slides ask for.

    Parameters
    ----------
    probabilities : ndarray (n, classes)
    labels, slides : ndarray (n,), int64
        There are tiles in each of the `FOLDS`.

    Returns
    -------
    scaled : ndarray (n, classes), float32
    temperatures : tuple of float
        Of each fold, found on all others.
    """
    scaled = np.empty(probabilities.shape, np.float32)
    found = []
    for fold in range(FOLDS):
        is_here = slides % FOLDS == fold
        found.append(best_temperature(probabilities[~is_here], labels[~is_here]))
        scaled[is_here] = apply_temperature(probabilities[is_here], found[-1])
    return scaled, tuple(found)
