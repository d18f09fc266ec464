"""Reading the cells of a grid from a slide, many at once, at the size that a model wants."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import PredictionError, SlideError
from slideviewer.geometry import Rect
from slideviewer.inference.grid import Grid
from slideviewer.inference.resample import NEAR_PX, resample
from slideviewer.slide.pyramid import Pyramid
from slideviewer.slide.slide import Slide

Tiles = NDArray[np.uint8]
"""Pictures for a model: shape (count, patch, patch, 3), uint8, RGB."""

BLOCK_CELLS = 8
"""Side in cells of what is read at once, so that a stored tile is seldom decoded twice."""
BLOCK_PX = 2048
"""Longest side of a block in pixels of its level: larger reads gain nothing."""
LARGEST_CELL_PX = 8192
"""Longest side of one cell in pixels of its level: 200 MB as a picture."""


@dataclass(frozen=True, eq=False)
class Block:
    """Cells that lie close together and are read at once.

    Attributes
    ----------
    columns, rows : ndarray (count,), int32
    """

    columns: NDArray[np.int32]
    rows: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.columns)


@dataclass(frozen=True, eq=False)
class CellsRead:
    """What reading a block gave.

    Attributes
    ----------
    columns, rows : ndarray (count,), int32
        The cells that could be read.
    tiles : ndarray (count, patch, patch, 3), uint8, RGB
    skipped : tuple of (column, row, reason)
        Those that could not.
    """

    columns: NDArray[np.int32]
    rows: NDArray[np.int32]
    tiles: Tiles
    skipped: tuple[tuple[int, int, str], ...] = ()

    def __len__(self) -> int:
        return len(self.columns)


@dataclass(frozen=True)
class CellReader:
    """Reads cells of a grid.

    Attributes
    ----------
    slide : Slide
    grid : Grid
    patch : int
        Side of a tile in pixels of the model.
    """

    slide: Slide
    grid: Grid
    patch: int

    @property
    def level(self) -> int:
        """The level that is read: the coarsest with all the detail that the model wants."""
        return self.slide.pyramid.level_for(self.grid.cell / self.patch)

    @property
    def cell_level(self) -> float:
        """Side of a cell in pixels of that level."""
        return self.grid.cell / min(_scale(self.slide.pyramid, self.level))

    def check(self) -> None:
        """Refuse cells that are too large to read.

        Raises
        ------
        PredictionError
        """
        if self.cell_level > LARGEST_CELL_PX:
            raise PredictionError(
                f"One tile of the model covers {self.cell_level:.0f} pixels of the slide's best "
                f"level, more than {LARGEST_CELL_PX}.",
                path=self.slide.path,
                remedy="Check the slide's spacing, or give it with --spacing.",
            )

    def blocks(self, wanted: NDArray[np.bool_], first: Rect | None = None) -> list[Block]:
        """Part the wanted cells into blocks, in the order in which to read them.

        Parameters
        ----------
        wanted : ndarray (rows, columns), bool
        first : Rect, optional
            The cells that meet it come first, those near its centre before the others.
        """
        if first is None:
            return list(self._row_by_row(wanted))
        near = wanted & self._meeting(first)
        middle_x, middle_y = first.centre

        def distance(block: Block) -> float:
            area = self.grid.rect(int(block.columns[0]), int(block.rows[0]))
            return math.hypot(area.centre[0] - middle_x, area.centre[1] - middle_y)

        nearest_first = sorted(self._row_by_row(near), key=distance)
        return nearest_first + list(self._row_by_row(wanted & ~near))

    def read(self, block: Block) -> CellsRead:
        """Read a block; where that fails, cell by cell, leaving out those that cannot be read."""
        try:
            return CellsRead(block.columns, block.rows, self._read(block))
        except SlideError as error:
            if len(block) == 1:
                skipped = ((int(block.columns[0]), int(block.rows[0]), error.problem),)
                return CellsRead(block.columns[:0], block.rows[:0], self._no_tiles(), skipped)
        parts = [
            self.read(Block(block.columns[i : i + 1], block.rows[i : i + 1]))
            for i in range(len(block))
        ]
        return CellsRead(
            np.concatenate([part.columns for part in parts]),
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.tiles for part in parts]),
            tuple(skip for part in parts for skip in part.skipped),
        )

    def _no_tiles(self) -> Tiles:
        return np.empty((0, self.patch, self.patch, 3), np.uint8)

    def _row_by_row(self, wanted: NDArray[np.bool_]) -> Iterator[Block]:
        side = max(1, min(BLOCK_CELLS, int(BLOCK_PX // self.cell_level)))
        for top in range(0, self.grid.rows, side):
            for left in range(0, self.grid.columns, side):
                rows, columns = np.nonzero(wanted[top : top + side, left : left + side])
                if len(rows):
                    yield Block((columns + left).astype(np.int32), (rows + top).astype(np.int32))

    def _meeting(self, area: Rect) -> NDArray[np.bool_]:
        grid = self.grid
        lefts = grid.x + np.arange(grid.columns) * grid.cell
        tops = grid.y + np.arange(grid.rows) * grid.cell
        across = (lefts < area.right) & (lefts + grid.cell > area.x)
        down = (tops < area.bottom) & (tops + grid.cell > area.y)
        meeting: NDArray[np.bool_] = down[:, None] & across[None, :]
        return meeting

    def _read(self, block: Block) -> Tiles:
        first_column, first_row = int(block.columns.min()), int(block.rows.min())
        across = int(block.columns.max()) - first_column + 1
        down = int(block.rows.max()) - first_row + 1
        corner = self.grid.rect(first_column, first_row)
        area = Rect(corner.x, corner.y, across * self.grid.cell, down * self.grid.cell)
        whole = read_area(self.slide, self.level, area, across * self.patch, down * self.patch)
        cut = whole.reshape(down, self.patch, across, self.patch, 3).swapaxes(1, 2)
        tiles: Tiles = cut[block.rows - first_row, block.columns - first_column]
        return tiles


def read_area(
    slide: Slide, level: int, area: Rect, out_width: int, out_height: int
) -> NDArray[np.uint8]:
    """Read a level-0 rectangle of any size and place, fitted into a number of pixels.

    Parameters
    ----------
    slide : Slide
    level : int
        The level to read.
    area : Rect
        Level-0 pixels. What lies beyond the slide is white.
    out_width, out_height : int

    Returns
    -------
    ndarray (out_height, out_width, 3), uint8, RGB

    Raises
    ------
    SlideError
        Where the file is damaged there.
    """
    scale_x, scale_y = _scale(slide.pyramid, level)
    at = slide.pyramid.levels[level]
    left, right = area.x / scale_x, area.right / scale_x
    top, bottom = area.y / scale_y, area.bottom / scale_y
    x, right_px = _with_neighbours(left, right, at.width)
    y, bottom_px = _with_neighbours(top, bottom, at.height)
    pixels = slide.read_region(level, x, y, right_px - x, bottom_px - y)
    return resample(pixels, left - x, top - y, right - left, bottom - top, out_width, out_height)


def _with_neighbours(start: float, end: float, length: int) -> tuple[int, int]:
    """Whole pixels around an interval, and one more on each side for the interpolation.

    None is added where the interval is on pixel edges, nor over the border of the slide, where
    the white beyond would bleed in.
    """
    if abs(start - round(start)) <= NEAR_PX and abs(end - round(end)) <= NEAR_PX:
        return round(start), max(round(end), round(start) + 1)
    low, high = math.floor(start) - 1, math.ceil(end) + 1
    if start >= 0:
        low = max(low, 0)
    if end <= length + NEAR_PX:
        high = min(high, length)
    return low, max(high, low + 1)


def _scale(pyramid: Pyramid, level: int) -> tuple[float, float]:
    """Level-0 pixels per pixel of a level, across and down."""
    at = pyramid.levels[level]
    return pyramid.width / at.width, pyramid.height / at.height
