"""What is read block by block, cut into batches for a model."""

from __future__ import annotations

from collections.abc import Iterator

from slideviewer.inference.cells import CellsRead, joined


class Batches:
    """Batches of cells; pixels are copied once, into their batch.

    Parameters
    ----------
    parts : iterator of CellsRead
    skipped : list of (column, row, reason)
        Grows by the cells that could not be read.
    """

    def __init__(self, parts: Iterator[CellsRead], skipped: list[tuple[int, int, str]]) -> None:
        self._parts = parts
        self._skipped = skipped
        self._rest: CellsRead | None = None

    def take(self, count: int) -> CellsRead | None:
        """Up to so many cells, fewer only at the end; None where none is left."""
        taken: list[CellsRead] = []
        missing = count
        while missing and (part := self._next()) is not None:
            if len(part) > missing:
                self._rest = _part(part, slice(missing, None))
                part = _part(part, slice(missing))
            taken.append(part)
            missing -= len(part)
        if len(taken) > 1:
            return joined(taken)
        return taken[0] if taken else None

    def _next(self) -> CellsRead | None:
        """The cells that come next, one at least; None at the end."""
        if self._rest is not None:
            rest, self._rest = self._rest, None
            return rest
        for part in self._parts:
            self._skipped.extend(part.skipped)
            if len(part):
                return part
        return None


def _part(cells: CellsRead, which: slice) -> CellsRead:
    return CellsRead(
        cells.columns[which], cells.rows[which], tuple(tiles[which] for tiles in cells.tiles)
    )
