"""Offsets from each pixel of a nucleus to its middle, as a network answers them.

A network gives each part of an offset, across and down, as a number from 0 to 1 beside its
probabilities, so that all that carries those carries offsets as well: 0.5 is no way at all, 0 is
`REACH_PX` to the left or up, and 1 as far to the right or down.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

REACH_PX = 64.0
LEVELS = 256
"""Of an offset that is kept as a byte: level / `LEVELS` is the number."""
UNKNOWN = 0
"""The level that stands for no offset: what it was is not known."""

_NONE = LEVELS // 2


def as_pixels(numbers: NDArray[np.floating]) -> NDArray[np.float32]:
    """Offsets (..., 2), across and down, in pixels."""
    return (np.asarray(numbers, np.float32) - np.float32(0.5)) * np.float32(2 * REACH_PX)


def as_levels(pixels: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Offsets (..., 2) in pixels as bytes, none of them `UNKNOWN`; those that are too long end."""
    levels = np.rint(pixels * (LEVELS / (2 * REACH_PX)) + _NONE)
    return np.asarray(np.clip(levels, UNKNOWN + 1, LEVELS - 1), np.uint8)


def moved(levels: NDArray[np.uint8], matrix: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Offsets (..., 2), kept as bytes, of a picture that was moved.

    Parameters
    ----------
    levels : ndarray (..., 2), uint8
        What is `UNKNOWN` stays so.
    matrix : ndarray (2, 2)
        From ways in the picture, across and down, to ways in the one that came of it.
    """
    pixels = (levels.astype(np.float32) - _NONE) * np.float32(2 * REACH_PX / LEVELS)
    found = as_levels(pixels @ np.asarray(matrix, np.float32).T)
    return np.where((levels == UNKNOWN).any(axis=-1, keepdims=True), UNKNOWN, found).astype(
        np.uint8
    )


def turned_back(
    numbers: NDArray[np.float32], quarters: int, *, is_mirrored: bool
) -> NDArray[np.float32]:
    """Offsets that were answered for a turned tile, as they are in the tile itself.

    Parameters
    ----------
    numbers : ndarray (..., 2)
        Across and down; they lie where they belong already.
    quarters : int
        By how many quarters `numpy.rot90` had turned the tile.
    is_mirrored : bool
        Whether it had been mirrored left to right before.
    """
    across, down = numbers[..., 0], numbers[..., 1]
    for _ in range(quarters % 4):
        across, down = 1 - down, across
    return np.stack([1 - across if is_mirrored else across, down], axis=-1)
