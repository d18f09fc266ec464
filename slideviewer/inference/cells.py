"""Reading the cells of a grid from a slide, many at once, at the size that a model wants."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import PredictionError, SlideError
from slideviewer.geometry import Rect
from slideviewer.inference.areas import Way, level_scale, read_areas
from slideviewer.inference.grid import Grid
from slideviewer.inference.order import coarse_to_fine
from slideviewer.slide.slide import Slide

Tiles = NDArray[np.uint8]
"""Pictures for a model: shape (count, patch, patch, 3), uint8, RGB."""

BLOCK_CELLS = 8
"""Side in cells of what is read at once, so that a stored tile is seldom decoded twice; twice that
where tiles overlap."""
STORED_TILE_PX = 256
"""The usual side of a stored tile: less is not read at once without decoding more than once."""
NEIGHBOURS = 2
"""So many blocks across and down are read one after another: of the stored tiles at their edges
fewer are decoded twice (1.13 times all of them instead of 1.27, for cells of 249 px on a slide of
100,000 cells)."""
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
    tiles : tuple of ndarray (count, patch, patch, 3), uint8, RGB
        For each view.
    skipped : tuple of (column, row, reason)
        Those that could not.
    """

    columns: NDArray[np.int32]
    rows: NDArray[np.int32]
    tiles: tuple[Tiles, ...]
    skipped: tuple[tuple[int, int, str], ...] = ()

    def __len__(self) -> int:
        return len(self.columns)


@dataclass(frozen=True)
class TileView:
    """What of a cell and its surroundings a model sees.

    Attributes
    ----------
    patch : int
        Side of a tile in pixels of the model.
    side : float
        Side of the square around the cell's centre that the tile shows, in level-0 pixels: the
        cell's own, or more where tiles overlap.
    """

    patch: int
    side: float


@dataclass(frozen=True)
class CellReader:
    """Reads cells of a grid.

    Attributes
    ----------
    slide : Slide
    grid : Grid
    views : tuple of TileView
        How each of the models that answer together sees a cell.
    """

    slide: Slide
    grid: Grid
    views: tuple[TileView, ...]

    def level(self, view: TileView) -> int:
        """The level that is read for a view: the coarsest with all the detail that it wants."""
        return self.slide.pyramid.level_for(view.side / view.patch)

    def side_level(self, view: TileView) -> float:
        """Side of what a tile shows, in pixels of that level."""
        return view.side / min(level_scale(self.slide.pyramid, self.level(view)))

    def check(self) -> None:
        """Refuse tiles that are too large to read.

        Raises
        ------
        PredictionError
        """
        largest = max(map(self.side_level, self.views))
        if largest > LARGEST_CELL_PX:
            raise PredictionError(
                f"One tile of the model covers {largest:.0f} pixels of the slide's best "
                f"level, more than {LARGEST_CELL_PX}.",
                path=self.slide.path,
                remedy="Check the slide's spacing, or give it with --spacing.",
            )

    def blocks(
        self, wanted: NDArray[np.bool_], first: Rect | None = None, *, is_hurried: bool = False
    ) -> list[Block]:
        """Part the wanted cells into blocks, in the order in which to read them.

        Parameters
        ----------
        wanted : ndarray (rows, columns), bool
        first : Rect, optional
            The cells that meet it come first, those near its centre before the others.
        is_hurried : bool
            Whether the run may end before all is read: then blocks are as small as reading
            allows without waste, so that they are spread over all of the slide sooner.
        """
        side = self._block_side(is_hurried)
        together = 1 if is_hurried else NEIGHBOURS
        if first is None:
            return self._spread(wanted, side, together)
        near = wanted & self._meeting(first)
        middle_x, middle_y = first.centre

        def distance(block: Block) -> float:
            area = self.grid.rect(int(block.columns[0]), int(block.rows[0]))
            return math.hypot(area.centre[0] - middle_x, area.centre[1] - middle_y)

        nearest_first = sorted(self._spread(near, side, together), key=distance)
        return nearest_first + self._spread(wanted & ~near, side, together)

    def read(self, block: Block) -> CellsRead:
        """Read a block; where that fails, cell by cell, leaving out those that cannot be read."""
        try:
            tiles = tuple(self._read(block, view) for view in self.views)
            return CellsRead(block.columns, block.rows, tiles)
        except SlideError as error:
            if len(block) == 1:
                skipped = ((int(block.columns[0]), int(block.rows[0]), error.problem),)
                none = tuple(np.empty((0, it.patch, it.patch, 3), np.uint8) for it in self.views)
                return CellsRead(block.columns[:0], block.rows[:0], none, skipped)
        parts = [
            self.read(Block(block.columns[i : i + 1], block.rows[i : i + 1]))
            for i in range(len(block))
        ]
        return joined(parts)

    def _block_side(self, is_hurried: bool) -> int:
        """How many cells a block has across and down."""
        step_level = max(self.side_level(it) * self.grid.cell / it.side for it in self.views)
        overlap = max(it.side / self.grid.cell for it in self.views)
        span = STORED_TILE_PX if is_hurried else BLOCK_PX
        most = BLOCK_CELLS if overlap < 1.5 else 2 * BLOCK_CELLS
        return max(1, min(most, int(span // step_level)))

    def _spread(self, wanted: NDArray[np.bool_], side: int, together: int) -> list[Block]:
        """Part cells into blocks from all over; so many of them across and down stay together."""
        group = side * together
        blocks = list(self._row_by_row(wanted, side))
        return coarse_to_fine(
            blocks, lambda it: (int(it.columns[0]) // group, int(it.rows[0]) // group)
        )

    def _row_by_row(self, wanted: NDArray[np.bool_], side: int) -> Iterator[Block]:
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

    def _read(self, block: Block, view: TileView) -> Tiles:
        """Read the tiles of a block at once; each is what it would be if it were read alone."""
        cells = zip(block.columns.tolist(), block.rows.tolist(), strict=True)
        squares = [self._tile(view, column, row) for column, row in cells]
        return read_areas(self.slide, self._way(view), squares, view.patch, view.patch)

    def _tile(self, view: TileView, column: int, row: int) -> Rect:
        """What the tile of a cell shows, in level-0 pixels."""
        centre_x, centre_y = self.grid.rect(column, row).centre
        return Rect(centre_x - view.side / 2, centre_y - view.side / 2, view.side, view.side)

    def _way(self, view: TileView) -> Way:
        """How all tiles of a view are read."""
        last = self.grid.columns - 1, self.grid.rows - 1
        tiles = (self._tile(view, *cell) for cell in ((0, 0), (1, 1), last))
        return Way.settled(self.slide.pyramid, self.level(view), tiles, view.side / view.patch)


def joined(parts: Sequence[CellsRead]) -> CellsRead:
    """Put together what several reads gave."""
    return CellsRead(
        np.concatenate([part.columns for part in parts]),
        np.concatenate([part.rows for part in parts]),
        tuple(np.concatenate(tiles) for tiles in zip(*(it.tiles for it in parts), strict=True)),
        tuple(skip for part in parts for skip in part.skipped),
    )
