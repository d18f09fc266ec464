"""An area in square patches: painting on a vast one costs no more than on a small one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import shapely
from shapely.geometry import Polygon

from slideviewer.annotations.model import Points
from slideviewer.annotations.operations.regions import Area
from slideviewer.annotations.outline import made_valid
from slideviewer.geometry import Rect

Patch: TypeAlias = tuple[int, int]
"""Column and row of a patch."""

_OFF_PX = 0.1357
"""The sides of the patches lie off the round numbers at which drawn rectangles have theirs: an
outline that runs along a side would be taken for it."""

_BLOCK = 8
"""Patches of a block in a row: vast areas are cut into blocks first, and each block only once."""


class Patchwork:
    """What an area looks like while something is added to it or taken away, here and there.

    Only patches that were touched are cut out and changed, so that each step takes the time that
    its own surroundings need.

    Parameters
    ----------
    area : Polygon or MultiPolygon
        One that crosses itself is put right patch by patch, as far as it can be seen there.
    side_px : float
        Of a patch, in level-0 pixels.
    """

    def __init__(self, area: Area, side_px: float) -> None:
        self._area, self._side = area, side_px
        self._patches: dict[Patch, Area] = {}
        self._blocks: dict[Patch, Area] = {}
        self._lines: dict[Patch, tuple[Points, ...]] = {}

    @property
    def touched(self) -> Iterator[Rect]:
        """The patches in which the area may be another one than at the beginning."""
        return (self._rect(patch) for patch in self._patches)

    def lines(self) -> Iterator[Points]:
        """The outlines within the touched patches, in pieces: shape (count, 2) each."""
        for patch, area in self._patches.items():
            if patch not in self._lines:
                self._lines[patch] = tuple(_outlines_in(area, self._rect(patch)))
            yield from self._lines[patch]

    def add(self, shape: Area) -> None:
        """Cover what a shape covers, too."""
        for patch, part in self._under(shape):
            self._put(patch, _areas_of(shapely.union(self._patch(patch), part)))

    def remove(self, shape: Area) -> None:
        """Uncover what a shape covers."""
        for patch, part in self._under(shape):
            self._put(patch, _areas_of(shapely.difference(self._patch(patch), part)))

    def _put(self, patch: Patch, area: Area) -> None:
        self._patches[patch] = area
        self._lines.pop(patch, None)

    def _under(self, shape: Area) -> Iterator[tuple[Patch, Area]]:
        if shape.is_empty:
            return
        left, top, right, bottom = shape.bounds
        for row in range(self._index(top), self._index(bottom) + 1):
            for column in range(self._index(left), self._index(right) + 1):
                patch = column, row
                part = _within(shape, self._rect(patch))
                if not part.is_empty:
                    yield patch, part

    def _patch(self, patch: Patch) -> Area:
        known = self._patches.get(patch)
        if known is not None:
            return known
        column, row = patch
        block = column // _BLOCK, row // _BLOCK
        if block not in self._blocks:
            self._blocks[block] = _within(self._area, self._rect(block, _BLOCK))
        return _within(self._blocks[block], self._rect(patch))

    def _index(self, at: float) -> int:
        return math.floor((at - _OFF_PX) / self._side)

    def _rect(self, patch: Patch, patches: int = 1) -> Rect:
        side = self._side * patches
        left, top = (_OFF_PX + number * side for number in patch)
        right, bottom = (_OFF_PX + (number + 1) * side for number in patch)
        return Rect.from_corners(left, top, right, bottom)


def _within(area: Area, rect: Rect) -> Area:
    return _areas_of(shapely.clip_by_rect(area, rect.x, rect.y, rect.right, rect.bottom))


def _areas_of(shape: shapely.Geometry) -> Area:
    """The areas in a result, however small: what is a sliver here may go on in the next patch."""
    parts = [
        part for part in shapely.get_parts(shape) if isinstance(part, Polygon) and not part.is_empty
    ]
    return made_valid(parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts))


def _outlines_in(area: Area, rect: Rect) -> Iterator[Points]:
    """The outline of what is in a patch, without the sides of the patch."""
    near = 1e-9 * max(abs(rect.x), abs(rect.y), abs(rect.right), abs(rect.bottom), 1.0)
    sides = ((0, rect.x), (0, rect.right), (1, rect.y), (1, rect.bottom))
    for part in shapely.get_parts(area):
        for ring in (part.exterior, *part.interiors):
            points = shapely.get_coordinates(ring)
            along = np.zeros(len(points) - 1, dtype=bool)
            for axis, side in sides:
                on = np.abs(points[:, axis] - side) <= near
                along |= on[:-1] & on[1:]
            # Each run of edges that are not along a side is a line.
            edges = np.concatenate([[True], along, [True]])
            starts = np.flatnonzero(edges[:-1] & ~edges[1:])
            ends = np.flatnonzero(~edges[:-1] & edges[1:])
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
                yield points[start : end + 1]
