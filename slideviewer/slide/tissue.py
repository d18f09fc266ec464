"""Where on a slide there is tissue."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.geometry import Rect
from slideviewer.progress import Progress, silent
from slideviewer.slide.reducing import read_reduced, size_within
from slideviewer.slide.slide import Slide, Spacing
from slideviewer.slide.tissue_colours import TissueParameters, tissue_in

MAX_SIDE_PX = 8192
"""Longest side of a mask: a whole 75 mm slide at about 10 µm per pixel."""

MAX_SIDE_UNKNOWN_PX = 2048
"""Longest side of a mask where the slide's spacing is unknown."""


@dataclass(frozen=True)
class TissueMask:
    """Where a slide has tissue.

    Attributes
    ----------
    mask : ndarray (height, width), bool
        True on tissue. It covers the whole of level 0.
    extent : Rect
        All of level 0.
    spacing_um_px : float or None
        Spacing of the mask, None where the slide's is unknown.
    dark_field : bool
        Whether the slide was taken for fluorescence: all that is not black is tissue.
    parameters : TissueParameters
    """

    mask: NDArray[np.bool_]
    extent: Rect
    spacing_um_px: float | None
    dark_field: bool = False
    parameters: TissueParameters = field(default_factory=TissueParameters)

    def __reduce__(self) -> tuple[object, ...]:
        # As bits and packed: it crosses the pipe to a worker process, and whoever sends it waits.
        packed = zlib.compress(np.packbits(self.mask).tobytes(), level=1)
        others = self.extent, self.spacing_um_px, self.dark_field, self.parameters
        return _unpacked, (packed, self.mask.shape, *others)

    @property
    def downsample(self) -> float:
        """Level-0 pixels per pixel of the mask: the mean of both directions."""
        height, width = self.mask.shape
        return float(self.extent.width / width + self.extent.height / height) / 2

    @property
    def is_empty(self) -> bool:
        """Whether there is no tissue at all."""
        return not self.mask.any()

    def fraction(self, rect: Rect) -> float:
        """Measure how much of a rectangle is tissue, exactly by area.

        Parameters
        ----------
        rect : Rect
            In level-0 pixels. What lies beyond the slide's border does not count, so that a cell
            at the edge is judged by the part that exists.

        Returns
        -------
        float
            From 0 to 1; 0 for a rectangle without area or wholly outside.
        """
        seen = rect.intersection(self.extent)
        height, width = self.mask.shape
        across, down = width / self.extent.width, height / self.extent.height
        left, right = seen.x * across, seen.right * across
        top, bottom = seen.y * down, seen.bottom * down
        area = (right - left) * (bottom - top)
        if area == 0:
            return 0.0
        tissue = (
            self._area_to(right, bottom)
            - self._area_to(left, bottom)
            - self._area_to(right, top)
            + self._area_to(left, top)
        )
        return float(min(1.0, max(0.0, tissue / area)))

    def fractions(
        self, edges_x: NDArray[np.float64], edges_y: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Measure how much of each cell of a lattice is tissue, as `fraction` does.

        Parameters
        ----------
        edges_x, edges_y : ndarray (columns + 1,), (rows + 1,)
            Where cells begin and end, in level-0 pixels, ascending.

        Returns
        -------
        ndarray (rows, columns)
        """
        height, width = self.mask.shape
        extent = self.extent
        x = (np.clip(edges_x, extent.x, extent.right) - extent.x) * (width / extent.width)
        y = (np.clip(edges_y, extent.y, extent.bottom) - extent.y) * (height / extent.height)
        below = _interpolated(self._sums, y)
        tissue = np.diff(np.diff(_interpolated(below.T, x).T, axis=0), axis=1)
        area = np.outer(np.diff(y), np.diff(x))
        shares = np.divide(tissue, area, out=np.zeros_like(tissue), where=area > 0)
        return np.asarray(np.clip(shares, 0, 1), np.float64)

    def covers(self, rect: Rect, least: float = 0.05) -> bool:
        """Tell whether at least the given part of a rectangle (level-0 pixels) is tissue.

        With ``least`` 0 any tissue at all is enough.
        """
        fraction = self.fraction(rect)
        return fraction > 0 and fraction >= least

    @cached_property
    def _sums(self) -> NDArray[np.int64]:
        """Number of tissue pixels above and to the left of each corner of the mask's pixels."""
        sums = np.zeros((self.mask.shape[0] + 1, self.mask.shape[1] + 1), np.int64)
        sums[1:, 1:] = self.mask.cumsum(0, dtype=np.int64).cumsum(1)
        return sums

    def _area_to(self, x_mask: float, y_mask: float) -> float:
        """Tissue between the top left and a point, in pixels of the mask, fractions included.

        Within one pixel the sum grows bilinearly, so interpolating the four corners is exact.
        """
        height, width = self.mask.shape
        column, row = min(int(x_mask), width - 1), min(int(y_mask), height - 1)
        right, down = x_mask - column, y_mask - row
        # Plain numbers, since every cell of a grid asks and numpy's are slow one by one.
        sums = self._sums
        upper_left, upper_right = sums.item(row, column), sums.item(row, column + 1)
        lower_left, lower_right = sums.item(row + 1, column), sums.item(row + 1, column + 1)
        above = upper_left + (upper_right - upper_left) * right
        below = lower_left + (lower_right - lower_left) * right
        return float(above + (below - above) * down)


def _unpacked(packed: bytes, shape: tuple[int, int], *others: Any) -> TissueMask:
    """A mask that was pickled."""
    bits = np.frombuffer(zlib.decompress(packed), np.uint8)
    mask = np.unpackbits(bits, count=shape[0] * shape[1]).reshape(shape).astype(np.bool_)
    return TissueMask(mask, *others)


def _interpolated(values: NDArray[Any], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of a table at fractional places, linearly between two of them."""
    low = np.minimum(places.astype(np.intp), len(values) - 2)
    part = (places - low)[:, None]
    return np.asarray(values[low] * (1 - part) + values[low + 1] * part, np.float64)


def find_tissue(
    slide: Slide,
    parameters: TissueParameters | None = None,
    progress: Progress = silent,
) -> TissueMask:
    """Find the tissue of a slide.

    Bright field: colourful enough (Otsu's threshold on the saturation, "A threshold selection
    method from gray-level histograms", 1979, kept between two limits), neither black nor of a
    pen's colour. A mostly black slide without white glass counts as fluorescence: all that is
    not black is tissue. A grey picture is judged by how much darker than the glass it is. Parts
    of the file that cannot be read count as tissue, so that whoever asks for them meets the
    damage and can tell of it.

    Parameters
    ----------
    slide : Slide
    parameters : TissueParameters, optional
    progress : Progress

    Returns
    -------
    TissueMask
        Empty for an empty slide.

    Raises
    ------
    SlideError
        Where nothing of the slide can be read.
    """
    chosen = parameters or TissueParameters()
    extent = slide.pyramid.extent
    spacing_um_px: float | None = None
    longest_side = MAX_SIDE_UNKNOWN_PX
    if isinstance(slide.spacing, Spacing):
        longest_um = max(extent.width, extent.height) * slide.spacing.um_px
        longest_side = min(MAX_SIDE_PX, max(1, round(longest_um / chosen.spacing_um_px)))
    width, height = size_within(slide, longest_side)
    if isinstance(slide.spacing, Spacing):
        spacing_um_px = slide.spacing.um_px * extent.width / width
    reduced = read_reduced(slide, width, height, progress)
    mask, dark_field = tissue_in(reduced.pixels, spacing_um_px, chosen)
    mask |= reduced.unread
    mask.flags.writeable = False
    return TissueMask(mask, extent, spacing_um_px, dark_field, chosen)
