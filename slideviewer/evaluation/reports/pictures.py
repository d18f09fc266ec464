"""Pictures of the worst cases."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import SlideError
from slideviewer.inference.png import png_bytes
from slideviewer.slide import Pixels, open_slide

SIDE_PX = 244
BLUE, RED, GREY = (31, 95, 168), (192, 57, 43), (150, 150, 150)
"""Markup is blue and predictions are red, as in the window; where they agree, grey."""
MASK_LEGEND = "grey: both; blue: truth alone; red: predicted alone"

_AROUND = 0.5
"""So much of a tile's side is shown on each side of it."""


def tile_png(path: Path, place: tuple[float, float, float, float] | None) -> bytes | None:
    """A picture, or a tile of a slide with what lies around it; None where it cannot be read.

    Parameters
    ----------
    path : Path
    place : tuple of float or None
        x, y, width and height in level-0 pixels; None for all of it.
    """
    try:
        with closing(open_slide(path)) as slide:
            if place is None:
                return png_bytes(slide.thumbnail(SIDE_PX))
            x, y, width, height = place
            left, top = x - _AROUND * width, y - _AROUND * height
            across, down = width * (1 + 2 * _AROUND), height * (1 + 2 * _AROUND)
            level = slide.pyramid.level_for(max(across, down) / SIDE_PX)
            scale = slide.pyramid.levels[level].downsample
            sides = (max(1, round(across / scale)), max(1, round(down / scale)))
            region = slide.read_region(level, round(left / scale), round(top / scale), *sides)
    except SlideError:
        return None
    return png_bytes(_framed(_resized(region)))


def mask_png(codes: NDArray[np.uint8]) -> bytes:
    """Paint where two masks agree; see `MASK_LEGEND`.

    Parameters
    ----------
    codes : ndarray (height, width), uint8
        1 where predicted, plus 2 where true.
    """
    table = np.array([(255, 255, 255), RED, BLUE, GREY], np.uint8)
    return png_bytes(_resized(table[codes], cv2.INTER_NEAREST))


def points_png(
    truth: NDArray[np.uint8], points: NDArray[np.float64], hits: NDArray[np.bool_]
) -> bytes:
    """Draw detections on the regions of the truth.

    Parameters
    ----------
    truth : ndarray (height, width), uint8
        1 lesion, 2 isolated tumour cells.
    points : ndarray (n, 2), float64
        x and y in its pixels.
    hits : ndarray (n,), bool
        Whether a point lies on a region.
    """
    table = np.array([(255, 255, 255), (150, 184, 221), (222, 222, 222)], np.uint8)
    picture = _resized(table[truth], cv2.INTER_NEAREST)
    scale = picture.shape[1] / truth.shape[1]
    for (x, y), is_hit in zip(points * scale, hits, strict=True):
        at = (round(float(x)), round(float(y)))
        ink = (20, 20, 20) if is_hit else RED
        cv2.circle(picture, at, 3, ink, 1 if is_hit else -1, cv2.LINE_AA)
    return png_bytes(picture)


def _resized(picture: Pixels, how: int = cv2.INTER_AREA) -> Pixels:
    height, width = picture.shape[:2]
    scale = SIDE_PX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if scale > 1 and how == cv2.INTER_AREA:
        how = cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(picture, size, interpolation=how), np.uint8)


def _framed(picture: Pixels) -> Pixels:
    """Draw the tile's own border within what lies around it."""
    height, width = picture.shape[:2]
    share = _AROUND / (1 + 2 * _AROUND)
    left, top = round(width * share), round(height * share)
    corners = (left, top), (width - left, height - top)
    cv2.rectangle(picture, *corners, (255, 255, 255), 3)
    cv2.rectangle(picture, *corners, (20, 20, 20), 1)
    return picture
