"""Finds places of a frame that show nothing although there is tissue."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.geometry import Rect
from slideviewer.slide import Pixels
from slideviewer.ui.viewpoint import Viewpoint

SAMPLES = (32, 18)
"""Places looked at across and down."""

SIDE = 12
"""Side of the square that is looked at in each place, in screen pixels."""

MOST_SCALE = 2.0
"""Beyond two screen pixels per slide pixel, tissue itself may be one colour that far."""

_TISSUE_GREEN = 215
"""Of the coarse picture, tissue is darker than this in its green; glass is lighter."""

_FAR = 40
"""How much a colour differs from the tissue's to be none of it, in steps of 255."""

_GLASS_NOISE = 8
"""How much glass differs from its usual colour."""

_PURE = 253
"""Scanned glass is seldom as white as this; what is painted before anything is loaded may be."""


class BlankCheck:
    """Knows from a coarse picture where the tissue is.

    A place is blank where a square of the frame has one single colour, far from the colour that
    the coarse picture has there: white, the canvas's grey, or whatever else is painted where
    nothing is loaded. The colour of the slide's glass does not count, since tissue has gaps,
    unless that is pure white.

    Parameters
    ----------
    coarse : ndarray (height, width, 3), uint8, RGB
        The whole slide.
    """

    def __init__(self, coarse: Pixels) -> None:
        self._coarse = coarse
        tissue = (coarse[..., 1] < _TISSUE_GREEN).astype(np.uint8)
        bare = coarse[coarse[..., 1] >= _TISSUE_GREEN]
        self._glass = np.median(bare, axis=0) if len(bare) else np.full(3, np.nan)
        # Only where the neighbours are tissue, too: the borders of a coarse picture are blurred.
        self._is_tissue = cv2.erode(tissue, np.ones((3, 3), np.uint8)).astype(bool)

    def places(
        self,
        frame: NDArray[np.uint32],
        view: Viewpoint,
        extent: Rect,
        covered: Sequence[Rect] = (),
    ) -> tuple[int, int]:
        """Count the places that are blank.

        Parameters
        ----------
        frame : ndarray (height, width), uint32
            What the canvas shows, as 0xffRRGGBB.
        view : Viewpoint
            Where that is on the slide.
        extent : Rect
            The slide in level-0 pixels.
        covered : sequence of Rect
            Parts of the canvas under other widgets, in canvas pixels.

        Returns
        -------
        blank, looked_at : int
            Places that are blank, of those where there is tissue.
        """
        if view.scale > MOST_SCALE:
            return 0, 0
        height, width = frame.shape
        xs = np.linspace(0, width - SIDE, SAMPLES[0]).astype(int)
        ys = np.linspace(0, height - SIDE, SAMPLES[1]).astype(int)
        x, y = (grid.ravel() for grid in np.meshgrid(xs, ys))
        for part in covered:
            beside = (x + SIDE <= part.x) | (x >= part.right)
            beside |= (y + SIDE <= part.y) | (y >= part.bottom)
            x, y = x[beside], y[beside]
        expected, is_tissue = self._expected(view, extent, x + SIDE / 2, y + SIDE / 2)
        x, y, expected = x[is_tissue], y[is_tissue], expected[is_tissue]
        inside = np.arange(SIDE)
        squares = frame[y[:, None, None] + inside[:, None], x[:, None, None] + inside]
        is_flat = (squares == squares[:, :1, :1]).all(axis=(1, 2))
        flat = squares[is_flat, 0, 0]
        colours = np.stack([flat >> 16 & 255, flat >> 8 & 255, flat & 255], axis=1).astype(int)
        is_far = (np.abs(colours - expected[is_flat]) > _FAR).any(axis=1)
        is_gap = (np.abs(colours - self._glass) <= _GLASS_NOISE).all(axis=1)
        is_gap &= colours.min(axis=1, initial=255) < _PURE
        return int((is_far & ~is_gap).sum()), len(x)

    def _expected(
        self,
        view: Viewpoint,
        extent: Rect,
        x_screen: NDArray[np.float64],
        y_screen: NDArray[np.float64],
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """The coarse picture's colours at screen points, and whether they are tissue."""
        rows, columns = self._is_tissue.shape
        left, top = view.to_slide(0.0, 0.0)
        x = (left + x_screen / view.scale - extent.x) * columns / extent.width
        y = (top + y_screen / view.scale - extent.y) * rows / extent.height
        is_inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
        row = np.clip(y, 0, rows - 1).astype(int)
        column = np.clip(x, 0, columns - 1).astype(int)
        return self._coarse[row, column], self._is_tissue[row, column] & is_inside
