"""The squares that a picture over the slide is made, kept and painted in."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator, KeysView
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from slideviewer.geometry import Rect
from slideviewer.inference.segmentation.chunks import CHUNK_PX
from slideviewer.inference.segmentation.frame import MaskFrame

PART_PX = CHUNK_PX
"""Side of a part in pixels of its level."""

Steps = NDArray[np.uint16]
"""A picture whose colours are looked up in tables: shape (numbers, height, width)."""

NEAR = 0.01
"""By so much of a level pixels may be smaller than those of the screen: less than rounding."""


@dataclass(frozen=True)
class PartKey:
    """One part.

    Attributes
    ----------
    level : int
        0 has the frame's own pixels; each further one half as many across, and those below 0 twice
        as many.
    column, row : int
    """

    level: int
    column: int
    row: int

    @property
    def coarser(self) -> PartKey:
        """The part of the next level that covers it."""
        return PartKey(self.level + 1, self.column // 2, self.row // 2)


@dataclass(frozen=True)
class PartGrid:
    """Where the parts of a frame lie.

    Attributes
    ----------
    frame : MaskFrame
    finest : int
        Level of the finest parts.
    """

    frame: MaskFrame
    finest: int = 0

    @property
    def coarsest(self) -> int:
        """The level at which one part covers all."""
        longest = max(self.frame.width, self.frame.height)
        return max(self.finest, math.ceil(math.log2(longest / PART_PX)) if longest > 1 else 0)

    def level_for(self, view_scale: float) -> int:
        """The finest level whose pixels are not smaller than those of the screen.

        Parameters
        ----------
        view_scale : float
            Device pixels per level-0 pixel.
        """
        wanted = math.ceil(-math.log2(self.frame.scale * view_scale) - NEAR)
        return min(max(wanted, self.finest), self.coarsest)

    def pixel(self, level: int) -> float:
        """Side of a pixel of a level, in level-0 pixels."""
        return self.frame.scale * 2.0**level

    def size(self, level: int) -> tuple[int, int]:
        """Width and height of a level in its pixels."""
        width, height = (
            math.ceil(side / 2.0**level) for side in (self.frame.width, self.frame.height)
        )
        return width, height

    def box(self, key: PartKey) -> tuple[int, int, int, int]:
        """Where a part lies in its level: x, y, width, height in pixels of it."""
        width, height = self.size(key.level)
        x, y = key.column * PART_PX, key.row * PART_PX
        return x, y, min(PART_PX, width - x), min(PART_PX, height - y)

    def rect(self, key: PartKey) -> Rect:
        """The level-0 rectangle that a part covers."""
        x, y, width, height = self.box(key)
        pixel = self.pixel(key.level)
        return Rect(
            self.frame.x + x * pixel, self.frame.y + y * pixel, width * pixel, height * pixel
        )

    def range_in(self, area: Rect, level: int) -> tuple[range, range]:
        """The columns and rows of the parts of a level that meet a level-0 rectangle."""
        shown = self.frame.extent.intersection(area)
        if shown.is_empty:
            return range(0), range(0)
        side = self.pixel(level) * PART_PX
        width, height = self.size(level)
        left, top = int((shown.x - self.frame.x) // side), int((shown.y - self.frame.y) // side)
        right = min(math.ceil((shown.right - self.frame.x) / side), -(-width // PART_PX))
        bottom = min(math.ceil((shown.bottom - self.frame.y) / side), -(-height // PART_PX))
        return range(left, right), range(top, bottom)

    def keys_in(self, area: Rect, level: int) -> Iterator[PartKey]:
        """The parts of a level that meet a level-0 rectangle, row by row."""
        columns, rows = self.range_in(area, level)
        yield from (PartKey(level, column, row) for row in rows for column in columns)


class PartSource(Protocol):
    """Makes parts, off the GUI thread."""

    @property
    def grid(self) -> PartGrid:
        """Where they lie."""

    @property
    def manner(self) -> object:
        """The same for sources whose parts may stand for one another."""

    def make(self, key: PartKey) -> Steps | None:
        """Make one; None where it is empty. Called from several threads."""


@dataclass(frozen=True, eq=False)
class Kept:
    """A part that was made.

    Attributes
    ----------
    steps : ndarray (numbers, height, width), uint16, or None
        None where there is nothing to paint.
    version : int
        Of what it was made of.
    """

    steps: Steps | None
    version: int


class PartCache:
    """A byte-bounded store that forgets the least recently used part first.

    Parameters
    ----------
    limit_bytes : int
    """

    _FEW_BYTES = 1 << 16
    """What an empty part counts for, more than it takes: so there are never very many of them."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.size_bytes = 0
        self._parts: OrderedDict[PartKey, Kept] = OrderedDict()

    @property
    def keys(self) -> KeysView[PartKey]:
        """Of all that is kept."""
        return self._parts.keys()

    def get(self, key: PartKey) -> Kept | None:
        """A part, now the most recently used one, or None."""
        kept = self._parts.get(key)
        if kept is not None:
            self._parts.move_to_end(key)
        return kept

    def add(self, key: PartKey, kept: Kept) -> None:
        """Keep a part in place of a former one."""
        self._drop(key)
        self._parts[key] = kept
        self.size_bytes += self._bytes(kept)
        while self.size_bytes > self.limit_bytes and len(self._parts) > 1:
            self._drop(next(iter(self._parts)))

    def clear(self) -> None:
        """Forget all."""
        self._parts.clear()
        self.size_bytes = 0

    def _drop(self, key: PartKey) -> None:
        former = self._parts.pop(key, None)
        if former is not None:
            self.size_bytes -= self._bytes(former)

    def _bytes(self, kept: Kept) -> int:
        return self._FEW_BYTES + (0 if kept.steps is None else kept.steps.nbytes)
