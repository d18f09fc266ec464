"""A prediction as a picture with one pixel a cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.png import png_bytes
from slideviewer.inference.prediction import Prediction


def heatmap(prediction: Prediction) -> NDArray[np.uint8]:
    """Paint the target's probability as red of that opacity; clear where nobody looked.

    Returns
    -------
    ndarray (rows, columns, 4), uint8, RGBA
    """
    return red(prediction.target_probabilities)


def red(probability: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Paint red of the opacity of a probability, clear where it is NaN.

    Parameters
    ----------
    probability : ndarray (height, width)

    Returns
    -------
    ndarray (height, width, 4), uint8, RGBA
    """
    picture = np.zeros((*probability.shape, 4), np.uint8)
    looked_at = ~np.isnan(probability)
    picture[looked_at, 0] = 255
    opacity = np.clip(probability[looked_at].astype(np.float32), 0, 1) * 255
    picture[looked_at, 3] = np.round(opacity)
    return picture


def heatmap_png(prediction: Prediction) -> bytes:
    """Encode the `heatmap` as PNG, with the research-use line as its ``Comment``."""
    return png_bytes(heatmap(prediction))
