"""The grid of cells that a tile model is run over, in level-0 pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from slideviewer.geometry import Rect


@dataclass(frozen=True)
class Grid:
    """Square cells side by side, row by row from the top left.

    The last column and row may reach beyond the area asked for, so that nothing of its right and
    bottom edge goes unseen.

    Attributes
    ----------
    x, y : float
        Top left corner of the first cell.
    cell : float
        Side of a cell; any positive number, since a model's spacing seldom divides the slide's.
    columns, rows : int
    """

    x: float
    y: float
    cell: float
    columns: int
    rows: int

    @classmethod
    def covering(cls, area: Rect, cell: float) -> Grid:
        """The smallest grid from the area's top left corner that covers all of the area."""
        if not (math.isfinite(cell) and cell > 0):
            raise ValueError(f"a cell needs a positive size, not {cell}")
        # A remainder of less than a thousandth of a cell is rounding, not tissue.
        columns = max(1, math.ceil(area.width / cell - 1e-3))
        rows = max(1, math.ceil(area.height / cell - 1e-3))
        return cls(area.x, area.y, cell, columns, rows)

    def rect(self, column: int, row: int) -> Rect:
        """The level-0 rectangle of one cell."""
        return Rect(self.x + column * self.cell, self.y + row * self.cell, self.cell, self.cell)

    @property
    def extent(self) -> Rect:
        """The level-0 rectangle of all cells together."""
        return Rect(self.x, self.y, self.columns * self.cell, self.rows * self.cell)

    def cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        """The (column, row) of the cell under a level-0 point, or None outside."""
        column, row = math.floor((x - self.x) / self.cell), math.floor((y - self.y) / self.cell)
        return (column, row) if 0 <= column < self.columns and 0 <= row < self.rows else None
