"""What a network for nuclei learns: their insides, and the border between those that touch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

INSIDE, BORDER = "Inside", "Border"
TARGETS = (INSIDE, BORDER)

REACH_PX = 2
"""Pixels of a nucleus that are so near another one are border."""


def inside_and_border(labels: NDArray[np.int32], reach_px: int = REACH_PX) -> NDArray[np.uint8]:
    """Part nuclei into inside and border.

    A pixel is border where it is of a nucleus, or of the gap between two, and another nucleus is
    within reach; the rest of a nucleus is inside. So nuclei that touch are parted by a band in
    which no inside is, as the winners of the Data Science Bowl 2018 had it.

    Parameters
    ----------
    labels : ndarray (height, width, 1), int32
        The number of the nucleus at each pixel, 0 for none.
    reach_px : int
        Along either axis.

    Returns
    -------
    ndarray (height, width, 2), uint8
        0 or 1.
    """
    flat = labels[..., 0]
    side = 2 * reach_px + 1
    highest = ndimage.maximum_filter(flat, side)
    none = np.iinfo(flat.dtype).max
    lowest = ndimage.minimum_filter(np.where(flat > 0, flat, none), side)
    border = (highest > 0) & (lowest < highest)
    # A gap as wide as the reach is glass; only the pixel or two of a seam belong to the border.
    border &= (flat > 0) | (_seam(flat))
    inside = (flat > 0) & ~border
    return np.stack([inside, border], axis=2).astype(np.uint8)


def _seam(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Pixels of no nucleus that have two different ones as neighbours."""
    highest = ndimage.maximum_filter(labels, 3)
    none = np.iinfo(labels.dtype).max
    lowest = ndimage.minimum_filter(np.where(labels > 0, labels, none), 3)
    return np.asarray((labels == 0) & (highest > 0) & (lowest < highest))
