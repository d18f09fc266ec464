"""Annotations painted as labelled pixels, tile by tile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.masks.grid import MaskGrid
from slideviewer.annotations.masks.labels import Labels, around
from slideviewer.annotations.masks.scanlines import Edges
from slideviewer.annotations.model import AnnotationSet
from slideviewer.annotations.outline import outline

LabelTile = NDArray[Any]
"""Labels of pixels: shape (height, width), uint8 or uint16."""

_BAND_ROWS = 256
_NO_HOLE = -1


class MaskPainting:
    """Annotations as a mask of labels.

    A pixel has a label where its centre lies inside the outline, as it is drawn; of several the
    one painted last. Holes are left out of those shapes of their group that are painted before
    them. Points and measurements, which enclose nothing, are not painted.

    Parameters
    ----------
    annotations : AnnotationSet
        Left as it is.
    labels : Labels
    grid : MaskGrid

    Attributes
    ----------
    grid : MaskGrid
    dtype : numpy dtype
        uint8, or uint16 where a label needs it.
    """

    def __init__(self, annotations: AnnotationSet, labels: Labels, grid: MaskGrid) -> None:
        self._annotations, self._labels = annotations, labels
        self.grid = grid
        self.dtype = np.dtype(np.uint8 if labels.most < 256 else np.uint16)
        painted = labels.painted(annotations)
        self._values = np.array([label for _, label in painted], self.dtype)
        cuts = labels.cuts(annotations)
        numbers = {group: number for number, group in enumerate(dict.fromkeys(cuts.values()))}
        self._hole_of = np.array(
            [numbers[cuts[it.group]] if it.group in cuts else _NO_HOLE for it, _ in painted], int
        )
        self._cut_by = [
            tuple(numbers[name] for name in around(annotations, it.group) if name in numbers)
            for it, _ in (painted if numbers else ())
        ]
        self._edges = [Edges.of(grid.from_level_0(outline(shape))) for shape, _ in painted]
        rows = np.array([edges.rows for edges in self._edges], np.int64).reshape(-1, 2)
        self._first_row, self._end_row = rows.T

    @property
    def halved(self) -> MaskPainting:
        """The same on the next level of a pyramid, painted anew: each level is exact."""
        return MaskPainting(self._annotations, self._labels, self.grid.halved)

    def tiles(self, top: int, height: int, tile_width: int) -> Iterator[LabelTile]:
        """Paint a band, from left to right.

        Parameters
        ----------
        top, height : int
            Its first row, and how many it has; it ends within the mask.
        tile_width : int

        Yields
        ------
        ndarray (height, tile_width), uint8 or uint16
            The last one is as wide as the mask is there.
        """
        met = np.flatnonzero((self._first_row < top + height) & (self._end_row > top))
        width = self.grid.width
        crossings = [self._edges[index].crossings(top, height, width) for index in met]
        first, last = np.array([it.columns for it in crossings], np.int64).reshape(-1, 2).T
        is_hole = self._hole_of[met] != _NO_HOLE
        for left in range(0, width, tile_width):
            right = min(left + tile_width, width)
            tile = np.zeros((height, right - left), self.dtype)
            is_here = (first < right) & (last >= left)
            left_out: dict[int, NDArray[np.int64]] = {}  # by group, the last hole over each pixel
            for number in np.flatnonzero(is_here & is_hole):
                patch = crossings[number].next_patch(left, right)
                if patch is not None:
                    group = int(self._hole_of[met[number]])
                    if group not in left_out:
                        left_out[group] = np.full(tile.shape, -1)
                    part = left_out[group][patch.rows, patch.columns]
                    np.copyto(part, met[number], where=patch.inside)
            for number in np.flatnonzero(is_here & ~is_hole):
                patch = crossings[number].next_patch(left, right)
                if patch is None:
                    continue
                inside = patch.inside
                for group in self._cut_by[met[number]] if left_out else ():
                    if group in left_out:
                        inside = inside & (left_out[group][patch.rows, patch.columns] < met[number])
                part = tile[patch.rows, patch.columns]
                np.copyto(part, self._values[met[number]], where=inside)
            yield tile

    def bands(self, rows: int = _BAND_ROWS) -> Iterator[LabelTile]:
        """Paint the whole mask, from top to bottom.

        Yields
        ------
        ndarray (rows, width), uint8 or uint16
            The last one may be lower.
        """
        for top in range(0, self.grid.height, rows):
            height = min(rows, self.grid.height - top)
            yield np.concatenate([*self.tiles(top, height, _BAND_ROWS)], axis=1)
