"""Overlapping tiles over a frame, and how their answers become one.

Tiles begin every `Tiling.stride` pixels from the frame's top left, and the last of a row and of a
column end flush with the frame, so that a model sees what there is and not the white beyond. All
is counted from the whole frame of a slide: a tile lies where it lies, whichever part is asked for.

A picture that was cut out of a slide has a lattice of its own. Away from its borders it gives what
the slide gives, as far as the network does not mind where in its tile a pixel stands. One that
halves its resolution n times does, but for shifts by multiples of 2**n, and so does one that sees
as far as the tile's border: with four levels of random weights that made 0.004 at most.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Answers = NDArray[np.float32]
"""What a model says of the pixels of a tile: shape (patch, patch, classes), float32."""

SIGMAS = 8
"""A tile is so many standard deviations of its weights wide: what a network says near the border
of a tile, where it sees least, hardly counts."""

OVERLAP = 0.5
"""The part of a tile that its neighbour covers, too."""
MOST_OVERLAP = 0.9


class Tile(NamedTuple):
    """Where a tile begins, in pixels of the frame."""

    x: int
    y: int


@dataclass(frozen=True)
class Tiling:
    """Overlapping tiles over all of a frame.

    Attributes
    ----------
    width, height : int
        Of the frame, in its pixels.
    patch : int
        Side of a tile.
    overlap : float
        The least part of a tile that its neighbour covers, too; from 0 to `MOST_OVERLAP`.
    """

    width: int
    height: int
    patch: int
    overlap: float = OVERLAP

    def __post_init__(self) -> None:
        if not 0 <= self.overlap <= MOST_OVERLAP:
            raise ValueError(f"an overlap of {self.overlap} is not from 0 to {MOST_OVERLAP}")

    @property
    def stride(self) -> int:
        """From one tile to the next, in pixels."""
        return stride_of(self.patch, self.overlap)

    def meeting(self, x: int, y: int, width: int, height: int) -> list[Tile]:
        """The tiles that share pixels with a part of the frame, always in the same order."""
        return [
            Tile(left, top)
            for top in self._starts(self.height, y, y + height)
            for left in self._starts(self.width, x, x + width)
        ]

    def count(self, x: int, y: int, width: int, height: int) -> int:
        """How many tiles share pixels with a part of the frame."""
        across = self._starts(self.width, x, x + width)
        return len(across) * len(self._starts(self.height, y, y + height))

    def _starts(self, length: int, low: int, high: int) -> list[int]:
        """Where tiles begin that meet an interval of an axis."""
        last = max(0, length - self.patch)
        first_number = max(0, (low - self.patch) // self.stride)
        starts = [
            start
            for start in range(first_number * self.stride, min(high, last), self.stride)
            if start + self.patch > low
        ]
        if last < high and last + self.patch > low:
            starts.append(last)
        return starts

    def merge(
        self, x: int, y: int, width: int, height: int, answers: Mapping[Tile, Answers], classes: int
    ) -> Answers:
        """Average answers over a part of the frame, each weighted by where it stands in its tile.

        The sum is taken tile by tile in the order of `meeting`, so that the same answers give the
        same bytes whenever, and by whomever, they were found.

        Parameters
        ----------
        x, y, width, height : int
            In pixels of the frame.
        answers : mapping of Tile to ndarray (patch, patch, classes), float32
            Of the tiles that could be read.
        classes : int

        Returns
        -------
        ndarray (height, width, classes), float32
            NaN where none of the tiles could be read.
        """
        weights = gaussian_weights(self.patch)
        total = np.zeros((height, width, classes), np.float32)
        weight = np.zeros((height, width, 1), np.float32)
        for tile in self.meeting(x, y, width, height):
            answer = answers.get(tile)
            if answer is None:
                continue
            left, right = max(x, tile.x), min(x + width, tile.x + self.patch)
            top, bottom = max(y, tile.y), min(y + height, tile.y + self.patch)
            here = slice(top - y, bottom - y), slice(left - x, right - x)
            there = slice(top - tile.y, bottom - tile.y), slice(left - tile.x, right - tile.x)
            part = weights[there][..., None]
            total[here] += answer[there] * part
            weight[here] += part
        weight[weight == 0] = np.nan
        return np.asarray(total / weight, np.float32)


def stride_of(patch: int, overlap: float) -> int:
    """From one tile to the next, in pixels; see `Tiling`."""
    return max(1, math.floor(patch * (1 - overlap)))


@lru_cache(maxsize=8)
def gaussian_weights(patch: int) -> NDArray[np.float32]:
    """The weight of each pixel of a tile, 1 in its middle: shape (patch, patch), float32."""
    from_middle = np.arange(patch) - (patch - 1) / 2
    along = np.exp(-0.5 * (from_middle * SIGMAS / patch) ** 2)
    weights = np.outer(along, along).astype(np.float32)
    weights.setflags(write=False)
    return weights
