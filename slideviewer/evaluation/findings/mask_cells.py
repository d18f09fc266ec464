"""A mask as cells, coarse enough to be compared with what a hand draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.segmentation.prediction import MaskPrediction

LEAST_CELL_UM = 8.0
"""About a nucleus: no outline is drawn more exactly than that."""

MOST_CELLS = 4_000_000

_STRIP_ROWS, _MOST_STEPS = 512, 8


def cells_of(mask: MaskPrediction) -> Prediction:
    """What a mask says of its class of interest, in cells that a hand can tell apart.

    Parameters
    ----------
    mask : MaskPrediction

    Returns
    -------
    Prediction
        Of that class alone, with the mask's threshold; a cell's probability is the mean of its
        pixels that the model looked at, and so is how much answers differ, where that is known.
    """
    level, side = _level_and_side(mask)
    frame = mask.frame_at(level)
    rows, columns = -(-frame.height // side), -(-frame.width // side)
    grid = Grid(frame.x, frame.y, frame.scale * side, columns, rows)
    scores = np.full((rows, columns, 1), np.nan, np.float32)
    spread = np.full((rows, columns), np.nan, np.float32) if mask.has_spread else None
    strip = _STRIP_ROWS // side
    for top in range(0, rows, strip):
        count = min(strip, rows - top)
        # Beyond the frame there is nothing that the model looked at.
        box = 0, top * side, columns * side, count * side
        part = mask.read(level, *box)[..., mask.target]
        scores[top : top + count, :, 0] = _means(part.astype(np.float32), side)
        differ = mask.read_spread(level, *box)
        if spread is not None and differ is not None:
            spread[top : top + count] = _means(differ.astype(np.float32), side)
    return Prediction(
        grid,
        (mask.class_names[mask.target],),
        scores,
        0,
        mask.threshold,
        mask.provenance,
        complete=mask.complete,
        spread=spread,
    )


def _level_and_side(mask: MaskPrediction) -> tuple[int, int]:
    """Which level to read, and how many of its pixels a cell has across.

    Cells are neither smaller than a hand can draw nor too many.
    """
    spacing = mask.provenance.get("spacing_um_px")
    um_px = float(spacing) if isinstance(spacing, int | float) else None
    steps = 0  # halvings of the mask itself
    while steps < _MOST_STEPS:
        cell = mask.frame.scale * 2**steps
        is_large = um_px is None or cell * um_px >= LEAST_CELL_UM
        if is_large and mask.frame.pixels / 4**steps <= MOST_CELLS:
            break
        steps += 1
    level = min(steps, mask.level_count - 1)
    return level, 2 ** (steps - level)


def _means(pixels: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """The mean of each square of pixels that are known; NaN where none is."""
    rows, columns = pixels.shape[0] // side, pixels.shape[1] // side
    squares = pixels.reshape(rows, side, columns, side)
    known = ~np.isnan(squares)
    count = known.sum(axis=(1, 3))
    total = np.where(known, squares, 0).sum(axis=(1, 3))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
