"""How often each value occurs in a slide's channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import SlideError
from slideviewer.slide import Slide

BINS = 128
MOST_PIXELS = 500_000
"""Of the coarsest level so many, evenly spread, are counted: more would change no picture."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """The values of one channel.

    Attributes
    ----------
    lowest, highest : float
        The least and the greatest value, in the pixels' own numbers; highest is greater.
    counts : ndarray (BINS,), int64
        How many pixels there are in each of so many equal steps between them.
    is_whole : bool
        Whether the pixels are whole numbers.
    """

    lowest: float
    highest: float
    counts: NDArray[np.int64]
    is_whole: bool


def channel_histograms(slide: Slide) -> tuple[Histogram, ...]:
    """Count the values of each channel in the coarsest level; nothing for a slide without any.

    Damaged parts are left out.
    """
    count = len(slide.channels)
    if count == 0:
        return ()
    values = _coarsest(slide)
    return tuple(_histogram(values[:, number]) for number in range(count))


def _coarsest(slide: Slide) -> NDArray[Any]:
    """Pixels spread evenly over the coarsest level: shape (pixels, channels)."""
    pyramid = slide.pyramid
    level = len(pyramid.levels) - 1
    at = pyramid.levels[level]
    step = max(1, round((at.width * at.height / MOST_PIXELS) ** 0.5))
    parts = []
    for key in pyramid.tiles_in(pyramid.extent, level):
        try:
            pixels = slide.read_channels(level, *pyramid.tile_box_level(key))
        except SlideError:
            continue  # the window shows which tiles are damaged
        parts.append(pixels[::step, ::step].reshape(-1, pixels.shape[2]))
    return np.concatenate(parts) if parts else np.zeros((0, len(slide.channels)))


def _histogram(values: NDArray[Any]) -> Histogram:
    is_whole = values.dtype.kind in "ui"
    values = values[np.isfinite(values)].astype(np.float64)
    lowest, highest = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    if lowest == highest:
        highest = lowest + 1
    counts, _ = np.histogram(values, BINS, (lowest, highest))
    return Histogram(lowest, highest, counts.astype(np.int64), is_whole)
