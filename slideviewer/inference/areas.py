"""Any rectangle of a slide, fitted into a number of pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.geometry import Rect
from slideviewer.inference.resample import NEAR_PX, resample
from slideviewer.slide.pyramid import Pyramid
from slideviewer.slide.shrunk_reading import read_shrunk
from slideviewer.slide.slide import Slide

READING = 2
"""Counts up whenever the same part of a slide gives a model other pixels, so that no prediction
holds both. 2: tiles are shrunk while they are decoded."""

_HAIR = 1.01
"""Pixels are averaged by a whole factor where so little is missing to it, as in
`Pyramid.level_for`. What is missing is made up for by interpolating, which blurs: with 1 % the
bundled model's probabilities change by 0.0035 on average and 0.04 at most, with 3 % by 0.004 and
0.05, where all pixels are used by 0.0003 and 0.005 (572 Camelyon16 patches; a displacement by half
a scanned pixel: 0.0025 and 0.05)."""


@dataclass(frozen=True)
class Way:
    """How parts of a level become pictures, settled once for all parts that must agree.

    So a part is the same whether it is read alone or with its neighbours.

    Attributes
    ----------
    level : int
        The level to read.
    factor : int
        Side of the squares of pixels that are averaged first, on a lattice from the level's corner.
    is_whole : bool
        Whether all edges lie on that lattice, so that nothing is interpolated.
    """

    level: int
    factor: int
    is_whole: bool

    @classmethod
    def settled(cls, pyramid: Pyramid, level: int, parts: Iterable[Rect], scale: float) -> Way:
        """Settle the way for some parts that stand for all.

        Parameters
        ----------
        pyramid : Pyramid
        level : int
        parts : iterable of Rect
            In level-0 pixels; of a row of equal parts side by side the first two and the last.
        scale : float
            Level-0 pixels per pixel of the pictures.
        """
        scale_x, scale_y = level_scale(pyramid, level)
        edges = [
            edge
            for part in parts
            for edge in (
                *(part.x / scale_x, part.right / scale_x),
                *(part.y / scale_y, part.bottom / scale_y),
            )
        ]
        scale_level = scale / max(scale_x, scale_y)
        factor = max(1, int(scale_level * _HAIR))
        if _are_whole(edges) and not _are_whole(edge / factor for edge in edges):
            factor = 1  # no interpolating where pixels fit, though on another lattice
        # What is enlarged has to be interpolated with what lies around it.
        is_whole = scale_level > 0.999 and _are_whole(edge / factor for edge in edges)
        return cls(level, factor, is_whole)


def read_area(
    slide: Slide, way: Way, area: Rect, out_width: int, out_height: int
) -> NDArray[np.uint8]:
    """Read a level-0 rectangle of any size and place, fitted into a number of pixels.

    Parameters
    ----------
    slide : Slide
    way : Way
    area : Rect
        Level-0 pixels. What lies beyond the slide is white.
    out_width, out_height : int

    Returns
    -------
    ndarray (out_height, out_width, 3), uint8, RGB

    Raises
    ------
    SlideError
        Where the file is damaged there.
    """
    alone: NDArray[np.uint8] = read_areas(slide, way, [area], out_width, out_height)[0]
    return alone


def read_areas(
    slide: Slide, way: Way, areas: Sequence[Rect], out_width: int, out_height: int
) -> NDArray[np.uint8]:
    """Read rectangles that lie close together, all at once.

    Each is the same to the last bit as read alone: it is fitted by itself, from just the pixels
    that it would have been read from.

    Parameters
    ----------
    slide, way, out_width, out_height
        As in `read_area`.
    areas : sequence of Rect
        At least one.

    Returns
    -------
    ndarray (count, out_height, out_width, 3), uint8, RGB

    Raises
    ------
    SlideError
        Where the file is damaged somewhere there.
    """
    level, factor = way.level, way.factor
    at = slide.pyramid.levels[level]
    scale_x, scale_y = (scale * factor for scale in level_scale(slide.pyramid, level))
    sides = -(-at.width // factor), -(-at.height // factor)
    placed = [
        Rect(it.x / scale_x, it.y / scale_y, it.width / scale_x, it.height / scale_y)
        for it in areas
    ]
    boxes = [_pixels_of(place, way, sides) for place in placed]
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[2] for box in boxes), max(box[3] for box in boxes)
    box = left, top, right - left, bottom - top
    if factor == 1:
        pixels = slide.read_region(level, *box)
    else:
        pixels = read_shrunk(slide, level, factor, *box)
    made = np.empty((len(areas), out_height, out_width, 3), np.uint8)
    for picture, place, (x, y, x_end, y_end) in zip(made, placed, boxes, strict=True):
        own = pixels[y - top : y_end - top, x - left : x_end - left]
        picture[...] = resample(
            *(own, place.x - x, place.y - y, place.width, place.height, out_width, out_height),
            may_crop=way.is_whole,
        )
    return made


def _pixels_of(place: Rect, way: Way, sides: tuple[int, int]) -> tuple[int, int, int, int]:
    """The pixels that a rectangle is fitted from: left, top, right, bottom."""
    if way.is_whole:
        x, y, x_end, y_end = (round(it) for it in (place.x, place.y, place.right, place.bottom))
        return x, y, x_end, y_end
    x, x_end = _around(place.x, place.right, sides[0])
    y, y_end = _around(place.y, place.bottom, sides[1])
    return x, y, x_end, y_end


def _around(start: float, end: float, length: int) -> tuple[int, int]:
    """The pixels around an interval, and one more on each side to interpolate from.

    None is added over the border of the slide, where the white beyond would bleed in.
    """
    low, high = math.floor(start) - 1, math.ceil(end) + 1
    if start >= -NEAR_PX:
        low = max(low, 0)
    if end <= length + NEAR_PX:
        high = min(high, length)
    return low, max(high, low + 1)


def _are_whole(edges: Iterable[float]) -> bool:
    """Whether all are on pixel edges."""
    return all(abs(edge - round(edge)) <= NEAR_PX for edge in edges)


def level_scale(pyramid: Pyramid, level: int) -> tuple[float, float]:
    """Level-0 pixels per pixel of a level, across and down."""
    at = pyramid.levels[level]
    return pyramid.width / at.width, pyramid.height / at.height
