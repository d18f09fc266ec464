"""What colour alone can tell: the measure every network has to beat.

Colour histograms separate some public tissue sets well by themselves, so a card shows them beside
the network, on the same split.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

BASELINE = "colour histogram and logistic regression"

_BINS_PER_CHANNEL = 16


def colour_histograms(tiles: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Count each channel's values in 16 bins.

    Parameters
    ----------
    tiles : iterable of n ndarrays (height, width, 3), uint8, RGB

    Returns
    -------
    ndarray (n, 48), float32
        Shares of the pixels; each channel's sum to one.
    """
    width = 256 // _BINS_PER_CHANNEL
    shares = [
        np.bincount((tile[:, :, channel] // width).ravel(), minlength=_BINS_PER_CHANNEL)
        / tile[:, :, channel].size
        for tile in tiles
        for channel in range(3)
    ]
    return np.asarray(shares, np.float32).reshape(-1, 3 * _BINS_PER_CHANNEL)


def baseline_probabilities(
    training_tiles: Iterable[NDArray[np.uint8]],
    training_labels: NDArray[np.int64],
    tiles: Iterable[NDArray[np.uint8]],
) -> NDArray[np.float32]:
    """Class probabilities (n, classes), float32, of tiles by their colours alone.

    Every class must occur in the training part; each weighs the same.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(
        StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=2000, C=0.1)
    )
    model.fit(colour_histograms(training_tiles), training_labels)
    return np.asarray(model.predict_proba(colour_histograms(tiles)), np.float32)
