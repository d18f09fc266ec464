"""Makes the coarser levels of a mask while its finest one is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.segmentation.chunks import Chunk, chunk_grid
from slideviewer.inference.segmentation.levels import StoredLevels


class Coarsening:
    """Makes each chunk of the coarser levels once, as soon as all below it is there.

    Parameters
    ----------
    levels : StoredLevels
    wanted : ndarray (rows, columns), bool
        The chunks of the finest level that will be there in the end.
    is_current : bool
        Whether coarser levels hold all that is there already; otherwise all of it is made coarser
        before this has ended, what is not wanted now, too.
    """

    def __init__(
        self, levels: StoredLevels, wanted: NDArray[np.bool_], *, is_current: bool = False
    ) -> None:
        self._levels = levels
        untold = np.zeros_like(wanted)
        if not is_current:
            for chunk in with_files(levels, np.ones_like(wanted)):
                untold[chunk.row, chunk.column] = True
        self._waiting: list[NDArray[np.int64]] = [(wanted | untold).astype(np.int64)]
        for frame in levels.frames[1:]:
            rows, columns = chunk_grid(frame)
            below = self._waiting[-1] > 0
            even = np.zeros((2 * rows, 2 * columns), np.int64)
            even[: below.shape[0], : below.shape[1]] = below
            self._waiting.append(even.reshape(rows, 2, columns, 2).sum(axis=(1, 3)))
        self._stale: list[set[tuple[int, int]]] = [set() for _ in levels.frames]
        if len(self._stale) > 1:
            self._stale[1].update(
                (int(column) // 2, int(row) // 2) for row, column in np.argwhere(untold)
            )

    def changing(self, column: int, row: int) -> None:
        """Take away what will no longer be true once a chunk of the finest level is written.

        Whatever happens then, no coarser chunk says less than those that it covers.
        """
        for level in range(1, len(self._waiting)):
            column, row = column // 2, row // 2
            self._levels.drop(level, Chunk.of(self._levels.frames[level], column, row))

    def there(self, column: int, row: int, *, is_new: bool) -> None:
        """Note that a wanted chunk of the finest level is there, once for each.

        Parameters
        ----------
        column, row : int
        is_new : bool
            Whether the coarser levels know nothing of it yet.
        """
        for level in range(1, len(self._waiting)):
            column, row = column // 2, row // 2
            if is_new:
                self._stale[level].add((column, row))
            self._waiting[level][row, column] -= 1
            if self._waiting[level][row, column] > 0:
                return
            chunk = Chunk.of(self._levels.frames[level], column, row)
            is_new = (column, row) in self._stale[level] or not self._levels.is_sound(level, chunk)
            if is_new:
                self._make(level, column, row)

    def finish(self, waiting: Callable[[], None] = lambda: None) -> None:
        """Make what is not whole yet from what there is.

        Parameters
        ----------
        waiting : callable
            Called before each chunk; what it raises ends this.
        """
        for level in range(1, len(self._stale)):
            for column, row in sorted(self._stale[level]):
                waiting()
                self._make(level, column, row)
                if level + 1 < len(self._stale):
                    self._stale[level + 1].add((column // 2, row // 2))

    def _make(self, level: int, column: int, row: int) -> None:
        self._stale[level].discard((column, row))
        self._levels.make(level, Chunk.of(self._levels.frames[level], column, row))


def with_files(levels: StoredLevels, wanted: NDArray[np.bool_]) -> Iterator[Chunk]:
    """The wanted chunks of the finest level of which something is stored."""
    for row, column in zip(*(part.tolist() for part in np.nonzero(wanted)), strict=True):
        chunk = Chunk.of(levels.frames[0], column, row)
        if levels.file_of(0, chunk).exists():
            yield chunk
