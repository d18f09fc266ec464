"""What looks alike around a point of a picture, and its outline."""

from __future__ import annotations

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from slideviewer.annotations.operations import filled
from slideviewer.annotations.operations.regions import Area
from slideviewer.annotations.outline import made_valid

MEDIAN_PX = 5
"""Side of the square whose median colour stands for its middle: specks go, edges stay."""

BLUR_PX = 2.0
"""Standard deviation of the blur after that. With it a region that grows at 10× from the middle of
a tumour nest of the made slide, at a tolerance of 8, shares 88 % of what either covers."""

SEED_PX = 2
"""Pixels around the point, on each side, whose mean colour the others are compared with."""

LAB_STEPS = np.array([100 / 255, 1.0, 1.0], np.float32)
"""How much a step of OpenCV's L, a and b is in CIELAB's own units."""

ROUND_PX = 1.5
"""Standard deviation of the blur that takes the teeth off an outline."""

SIMPLE_PX = 1.0
"""How far a simplified outline may leave the pixels' own."""

FEWEST_PIXELS = 12
"""Less than that is a speck and no region."""


def colour_distance(pixels: NDArray[np.uint8], column: int, row: int) -> NDArray[np.float32]:
    """How far each pixel's colour is from that around one place.

    Parameters
    ----------
    pixels : ndarray (height, width, 3), uint8, RGB
    column, row : int
        The place, in the picture.

    Returns
    -------
    ndarray (height, width), float32
        The distance in CIELAB (CIE 1976): 2 is hardly seen, 10 at a glance, 100 is black on white.
    """
    blurred = cv2.GaussianBlur(cv2.medianBlur(pixels, MEDIAN_PX), (0, 0), BLUR_PX)
    # Of 8 bits, in which OpenCV stretches L to 255: a twentieth of the time.
    lab = cv2.cvtColor(blurred, cv2.COLOR_RGB2LAB) * LAB_STEPS
    around = lab[
        max(0, row - SEED_PX) : row + SEED_PX + 1, max(0, column - SEED_PX) : column + SEED_PX + 1
    ]
    difference = lab - around.reshape(-1, 3).mean(axis=0, dtype=np.float32)
    return np.asarray(np.sqrt(np.einsum("ijk,ijk->ij", difference, difference)), np.float32)


def region_around(
    distance: NDArray[np.float32], column: int, row: int, tolerance: float
) -> NDArray[np.bool_]:
    """The pixels within a tolerance that hang together with one place.

    Parameters
    ----------
    distance : ndarray (height, width), float32
        See `colour_distance`.
    column, row : int
    tolerance : float

    Returns
    -------
    ndarray (height, width), bool
        Of pixels that touch by a side; none where the place itself is further away.
    """
    alike = (distance <= tolerance).astype(np.uint8)
    if not alike[row, column]:
        return np.zeros(alike.shape, dtype=bool)
    height, width = alike.shape
    marked = np.zeros((height + 2, width + 2), np.uint8)
    cv2.floodFill(alike, marked, (column, row), 2, flags=4)
    return np.asarray(alike == 2)


def area_of_pixels(mask: NDArray[np.bool_]) -> Area:
    """The area that pixels cover, its outline smoothed and its holes filled.

    Parameters
    ----------
    mask : ndarray (height, width), bool

    Returns
    -------
    Polygon or MultiPolygon
        In pixels of the mask, whose first one reaches from 0 to 1; empty where there is no more
        than a speck.
    """
    # A frame of nothing lets outlines close at the picture's border, and blurring keep it.
    framed = cv2.copyMakeBorder(mask.astype(np.uint8) * 255, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    solid = cv2.GaussianBlur(framed, (0, 0), ROUND_PX, borderType=cv2.BORDER_REPLICATE) > 127
    contours, _ = cv2.findContours(solid.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    parts: list[Polygon] = []
    for contour in contours:
        points = contour.reshape(-1, 2).astype(np.float64) - 0.5  # centres of the mask's pixels
        if len(points) >= 3 and cv2.contourArea(contour) >= FEWEST_PIXELS:
            # A contour runs through the outermost pixels' centres, half a pixel within.
            wide = shapely.buffer(made_valid(Polygon(points)), 0.5, join_style="mitre")
            parts += shapely.get_parts(shapely.simplify(wide, SIMPLE_PX)).tolist()
    return filled(made_valid(shapely.MultiPolygon(parts))) if parts else Polygon()
