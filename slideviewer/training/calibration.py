"""Make a classifier's probabilities mean what they say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from slideviewer.models.loading import apply_temperature

# With few held-out tiles the best temperature may run off to certainty; this keeps it sober.
_BOUNDS = (0.4, 4.0)


def best_temperature(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Find the temperature of the smallest log loss, each class weighing the same.

    Parameters
    ----------
    probabilities : ndarray (n, classes), float32
        Of held-out tiles.
    labels : ndarray (n,), int64

    Returns
    -------
    float
        Between 0.4 and 4 (Guo et al. 2017, arXiv:1706.04599).
    """
    numbers = np.bincount(labels, minlength=probabilities.shape[1])
    weights = 1.0 / numbers[labels]

    def loss(temperature: float) -> float:
        calibrated = apply_temperature(probabilities, temperature)
        chosen = np.maximum(calibrated[np.arange(len(labels)), labels], 1e-7)
        return float(-(weights * np.log(chosen)).sum() / weights.sum())

    return round(float(minimize_scalar(loss, bounds=_BOUNDS, method="bounded").x), 3)
