"""A chunk of a mask at an eighth of its resolution, small enough for a pipe and for memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.segmentation.chunks import CHUNK_PX
from slideviewer.inference.segmentation.levels import halved
from slideviewer.inference.segmentation.prediction import MaskProbabilities

COARSE_LEVEL = 3
"""As in `slideviewer.inference.segmentation.prediction.MaskPrediction.read`."""

COARSE_PX = CHUNK_PX >> COARSE_LEVEL
"""Side of a chunk at that level."""

CoarseSteps = NDArray[np.uint8]
"""Probabilities in whole steps: 0 where the model did not look, 1 for 0, and so on up to 255 for 1.
Shape (64, 64, classes)."""


def coarse_steps(probabilities: MaskProbabilities) -> CoarseSteps:
    """Shrink a chunk, as the stored levels are made.

    Parameters
    ----------
    probabilities : ndarray (height, width, classes), float16
        Narrower than a chunk at the right and bottom edge of a mask.
    """
    height, width, classes = probabilities.shape
    shrunk = np.full((CHUNK_PX, CHUNK_PX, classes), np.nan, np.float16)
    shrunk[:height, :width] = probabilities
    for _ in range(COARSE_LEVEL):
        shrunk = halved(shrunk)
    known = ~np.isnan(shrunk)
    steps = 1 + np.rint(254 * np.clip(np.where(known, shrunk, 0), 0, 1).astype(np.float32))
    return np.asarray(np.where(known, steps, 0), np.uint8)


def from_coarse(steps: CoarseSteps) -> MaskProbabilities:
    """The probabilities that steps stand for: NaN where the model did not look."""
    values = (steps.astype(np.float32) - 1) / 254
    return np.where(steps == 0, np.nan, values).astype(np.float16)
