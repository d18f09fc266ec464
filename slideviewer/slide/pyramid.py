"""The arithmetic of a slide's levels and their tiles; no file is touched here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from slideviewer.geometry import Rect


class TileKey(NamedTuple):
    """One square of one level: column and row count from the top left in tiles."""

    level: int
    column: int
    row: int


@dataclass(frozen=True)
class Level:
    """One resolution of a slide.

    Attributes
    ----------
    width, height : int
        In pixels of this level.
    downsample : float
        Level-0 pixels per pixel of this level, at least 1.
    """

    width: int
    height: int
    downsample: float


@dataclass(frozen=True)
class Pyramid:
    """The levels of a slide, level 0 (the largest) first.

    Attributes
    ----------
    levels : tuple of Level
    tile_size : int
        Side of a tile, in pixels of its level.
    """

    levels: tuple[Level, ...]
    tile_size: int = 256

    def __post_init__(self) -> None:
        if not self.levels:
            raise ValueError("a pyramid needs at least one level")

    @property
    def width(self) -> int:
        """Level-0 pixels across."""
        return self.levels[0].width

    @property
    def height(self) -> int:
        """Level-0 pixels down."""
        return self.levels[0].height

    @property
    def extent(self) -> Rect:
        """All of level 0."""
        return Rect(0, 0, self.width, self.height)

    def check_region(self, level: int, width: int, height: int) -> Level:
        """Check a region about to be read and give its level.

        Raises
        ------
        ValueError
            Where there is no such level or the size is negative.
        """
        if not 0 <= level < len(self.levels):
            raise ValueError(f"there is no level {level} among {len(self.levels)}")
        if width < 0 or height < 0:
            raise ValueError(f"a region cannot have a negative size: {width} x {height}")
        return self.levels[level]

    def level_for(self, downsample: float) -> int:
        """The coarsest level that still has all the detail wanted.

        Parameters
        ----------
        downsample : float
            Level-0 pixels per pixel wanted. A hair (1 %) of up-sampling is allowed, since real
            levels are rounded (a factor of 4.0001 counts as 4).
        """
        fit = [i for i, level in enumerate(self.levels) if level.downsample <= downsample * 1.01]
        return max(fit, key=lambda i: self.levels[i].downsample, default=0)

    def tile_count(self, level: int) -> tuple[int, int]:
        """How many tiles a level has: (columns, rows); the last of each may be partial."""
        at = self.levels[level]
        return math.ceil(at.width / self.tile_size), math.ceil(at.height / self.tile_size)

    def tile_rect(self, key: TileKey) -> Rect:
        """The level-0 rectangle that a tile covers, cut at the slide's border."""
        at = self.levels[key.level]
        left, top = key.column * self.tile_size, key.row * self.tile_size
        right = min(left + self.tile_size, at.width)
        bottom = min(top + self.tile_size, at.height)
        scale_x, scale_y = self.width / at.width, self.height / at.height
        return Rect.from_corners(left * scale_x, top * scale_y, right * scale_x, bottom * scale_y)

    def tile_box_level(self, key: TileKey) -> tuple[int, int, int, int]:
        """Where a tile lies in its own level: (x, y, width, height) in pixels of that level."""
        at = self.levels[key.level]
        x_level, y_level = key.column * self.tile_size, key.row * self.tile_size
        return (
            x_level,
            y_level,
            min(self.tile_size, at.width - x_level),
            min(self.tile_size, at.height - y_level),
        )

    def tile_range(self, rect: Rect, level: int) -> tuple[range, range]:
        """Which (columns, rows) of tiles of a level meet a level-0 rectangle."""
        seen = rect.intersection(self.extent)
        if seen.is_empty:
            return range(0), range(0)
        size_x, size_y = self._tile_size_level_0(level)
        columns, rows = self.tile_count(level)
        return (
            range(int(seen.x // size_x), min(columns, math.ceil(seen.right / size_x))),
            range(int(seen.y // size_y), min(rows, math.ceil(seen.bottom / size_y))),
        )

    def tiles_in(self, rect: Rect, level: int) -> list[TileKey]:
        """The tiles of a level that meet a level-0 rectangle, those nearest its centre first."""
        across, down = self.tile_range(rect, level)
        size_x, size_y = self._tile_size_level_0(level)
        middle_x, middle_y = rect.centre[0] / size_x - 0.5, rect.centre[1] / size_y - 0.5
        keys = [TileKey(level, column, row) for row in down for column in across]
        return sorted(keys, key=lambda k: (k.column - middle_x) ** 2 + (k.row - middle_y) ** 2)

    def _tile_size_level_0(self, level: int) -> tuple[float, float]:
        at = self.levels[level]
        return self.tile_size * self.width / at.width, self.tile_size * self.height / at.height


def handy_tile_size(stored_width: int, stored_height: int) -> int:
    """Take the stored tiles' side where they are squares of a handy size, else the usual one."""
    fits = stored_width == stored_height and 128 <= stored_width <= 512
    return stored_width if fits else Pyramid.tile_size
