"""Rare looks of a class, drawn more often than their share.

Most normal tiles of a lymph node are lymphocytes; the few of stroma, blood or fat are what a model
mistakes for tumour when it hardly ever sees them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slideviewer.training.baseline import colour_histograms

_LOOKS_PER_CLASS = 8


def look_weights(tiles: NDArray[np.uint8], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weigh each tile by one over the square root of how many of its class look like it.

    Looks are clusters of colour histograms within a class. The square root lies between drawing
    every tile alike and every look alike, where a few odd tiles would come up again and again.

    Parameters
    ----------
    tiles : ndarray (n, height, width, 3), uint8, RGB
    labels : ndarray (n,), int64

    Returns
    -------
    ndarray (n,), float64
    """
    from sklearn.cluster import KMeans

    weights = np.ones(len(tiles))
    shares = colour_histograms(tiles)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        looks = min(_LOOKS_PER_CLASS, len(np.unique(shares[members], axis=0)))
        found = KMeans(looks, n_init=4, random_state=0).fit_predict(np.sqrt(shares[members]))
        weights[members] = 1 / np.sqrt(np.bincount(found)[found])
    return weights
