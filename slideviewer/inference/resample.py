"""Resizing part of a picture whose edges lie anywhere between its pixels."""

from __future__ import annotations

import math

import cv2
import numpy as np

from slideviewer.slide.slide import Pixels

NEAR_PX = 1 / 64
"""Less than this is no displacement: half of what `cv2.warpAffine` can tell apart."""


def resample(
    pixels: Pixels,
    left: float,
    top: float,
    width: float,
    height: float,
    out_width: int,
    out_height: int,
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

    Returns
    -------
    ndarray (out_height, out_width, 3), uint8, RGB
    """
    crop = _whole_crop(pixels, left, top, width, height)
    fine = (
        crop
        if crop is not None
        else _placed(pixels, left, top, width, height, out_width, out_height)
    )
    fine_height, fine_width = fine.shape[:2]
    if (fine_height, fine_width) != (out_height, out_width):
        shrinks = fine_width >= out_width and fine_height >= out_height
        way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        fine = np.asarray(cv2.resize(fine, (out_width, out_height), interpolation=way), np.uint8)
    return np.ascontiguousarray(fine)


def _placed(
    pixels: Pixels,
    left: float,
    top: float,
    width: float,
    height: float,
    out_width: int,
    out_height: int,
) -> Pixels:
    """Place the rectangle on a grid of whole numbers of samples for each new pixel."""
    fine_width = out_width * _samples(width, out_width)
    fine_height = out_height * _samples(height, out_height)
    step_x, step_y = width / fine_width, height / fine_height
    # The first sample's centre in the picture, whose pixel centres have whole numbers.
    start_x, start_y = left + step_x / 2 - 0.5, top + step_y / 2 - 0.5
    placed = cv2.warpAffine(
        pixels,
        np.array([[step_x, 0, start_x], [0, step_y, start_y]]),
        (fine_width, fine_height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(placed, np.uint8)


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
