"""Levels read at a whole fraction of their sides."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from slideviewer.slide.shrinking import averaged
from slideviewer.slide.slide import Pixels, Slide
from slideviewer.slide.tile_decoding import SHRINK_FACTORS


@runtime_checkable
class ShrinksWhileDecoding(Protocol):
    """A slide that may give tiles at a fraction of their sides faster than whole."""

    def read_shrunk(
        self, level: int, factor: int, x_shrunk: int, y_shrunk: int, width: int, height: int
    ) -> Pixels | None:
        """As the function of that name; None where that level must be read whole and averaged."""


def read_shrunk(
    slide: Slide, level: int, factor: int, x_shrunk: int, y_shrunk: int, width: int, height: int
) -> Pixels:
    """Read part of a level by the means of squares of its pixels.

    The squares lie on one lattice from the level's top left corner, so that a place gives the
    same whoever asks. At the right and bottom border those pixels count that there are.

    Parameters
    ----------
    slide : Slide
    level : int
    factor : int
        Side of the squares in pixels of the level.
    x_shrunk, y_shrunk, width, height : int
        Counted in squares. What lies beyond the border is white.

    Returns
    -------
    ndarray (height, width, 3), uint8, RGB
        Where the decoder can give a half, a quarter or an eighth of a tile's sides, that is done
        first; it is nearly the mean.

    Raises
    ------
    SlideError
        Where the file is damaged there.
    """
    box = x_shrunk, y_shrunk, width, height
    if isinstance(slide, ShrinksWhileDecoding):
        for decoded in SHRINK_FACTORS:
            rest = factor // decoded
            if factor % decoded == 0:
                part = slide.read_shrunk(level, decoded, *(rest * length for length in box))
                if part is not None:
                    at = slide.pyramid.levels[level]
                    return _means(
                        part, rest, box, -(-at.width // decoded), -(-at.height // decoded)
                    )
    at = slide.pyramid.check_region(level, width, height)
    whole = slide.read_region(level, *(factor * length for length in box))
    return _means(whole, factor, box, at.width, at.height)


def _means(
    pixels: Pixels, factor: int, box: tuple[int, int, int, int], width: int, height: int
) -> Pixels:
    """Average squares of what was read of a picture; those at its border of its own pixels."""
    if factor == 1:
        return pixels
    right, bottom = width - box[0] * factor, height - box[1] * factor
    if 0 < right < pixels.shape[1] and right % factor:
        pixels[:, right : right + -right % factor] = pixels[:, right - 1 : right]
    if 0 < bottom < pixels.shape[0] and bottom % factor:
        pixels[bottom : bottom + -bottom % factor] = pixels[bottom - 1 : bottom]
    return np.asarray(averaged(pixels, factor), np.uint8)
