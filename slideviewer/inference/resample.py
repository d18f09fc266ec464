"""Resizing part of a picture whose edges lie anywhere between its pixels."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.slide.slide import Pixels

NEAR_PX = 1 / 64
"""Less than this is no displacement: half of what `cv2.warpAffine` can tell apart."""

_STRIP_ROWS = 64
"""So many new rows are placed at once: what lies in between then stays in the processor's cache,
and the system need not give fresh memory for it each time."""


def resample(
    pixels: Pixels,
    left: float,
    top: float,
    width: float,
    height: float,
    out_width: int,
    out_height: int,
    *,
    may_crop: bool = True,
) -> Pixels:
    """Fit a rectangle of a picture into a given number of pixels, without shifting it.

    Shrinking averages over the area of each new pixel. Where the rectangle's edges are no pixel
    edges, it is first placed, bilinearly, on a grid of a whole number of samples a new pixel, and
    these are then averaged.

    Parameters
    ----------
    pixels : ndarray (height, width, 3), uint8, RGB
    left, top, width, height : float
        In pixels of the picture; a pixel covers from its number to the next. Beyond the picture
        its outermost pixels go on.
    out_width, out_height : int
    may_crop : bool
        False where edges on pixel edges are chance, and all shall be done as for others.

    Returns
    -------
    ndarray (out_height, out_width, 3), uint8, RGB
    """
    crop = _whole_crop(pixels, left, top, width, height) if may_crop else None
    if crop is not None:
        return np.ascontiguousarray(_fitted(crop, out_width, out_height))
    step, made = height / out_height, np.empty((out_height, out_width, 3), np.uint8)
    for first in range(0, out_height, _STRIP_ROWS):
        strip = made[first : first + _STRIP_ROWS]
        _place(pixels, left, top + first * step, width, len(strip) * step, strip)
    return made


def _place(
    pixels: Pixels, left: float, top: float, width: float, height: float, out: Pixels
) -> None:
    """Place the rectangle on a grid of whole numbers of samples for each new pixel, and average."""
    out_height, out_width = out.shape[:2]
    fine_width = out_width * _samples(width, out_width)
    fine_height = out_height * _samples(height, out_height)
    step_x, step_y = width / fine_width, height / fine_height
    # With one row more on each side than there is to interpolate from.
    first = min(max(0, math.floor(top) - 2), len(pixels) - 1)
    rows = pixels[first : max(first + 1, math.ceil(top + height) + 2)]
    # The first sample's centre in the picture, whose pixel centres have whole numbers.
    start_x, start_y = left + step_x / 2 - 0.5, top - first + step_y / 2 - 0.5
    placed = cv2.warpAffine(
        # OpenCV places four channels at once in a third of the time of three, to the same values.
        cv2.cvtColor(rows, cv2.COLOR_RGB2RGBA),
        np.array([[step_x, 0, start_x], [0, step_y, start_y]]),
        (fine_width, fine_height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    cv2.cvtColor(_fitted(placed, out_width, out_height), cv2.COLOR_RGBA2RGB, dst=out)


def _fitted(pixels: NDArray[Any], out_width: int, out_height: int) -> NDArray[Any]:
    height, width = pixels.shape[:2]
    if (height, width) == (out_height, out_width):
        return pixels
    shrinks = width >= out_width and height >= out_height
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (out_width, out_height), interpolation=way))


def _samples(length: float, out_length: int) -> int:
    """How many samples a new pixel is averaged from; a hair of shrinking needs no second one."""
    return max(1, math.ceil(length / out_length - 0.02))


def _whole_crop(
    pixels: Pixels, left: float, top: float, width: float, height: float
) -> Pixels | None:
    """Return the rectangle itself where its edges are pixel edges inside the picture, else None."""
    edges = (left, top, left + width, top + height)
    whole = [round(edge) for edge in edges]
    if any(abs(edge - near) > NEAR_PX for edge, near in zip(edges, whole, strict=True)):
        return None
    x, y, right, bottom = whole
    if x < 0 or y < 0 or right > pixels.shape[1] or bottom > pixels.shape[0]:
        return None
    return pixels[y:bottom, x:right]
