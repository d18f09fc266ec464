"""Squares of neighbouring tiles: what is near is alike, so a square stands on one side only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError

SIDES = (8, 4, 2)
"""Sides of squares in tiles; smaller ones where the larger leave a class on one side alone."""


@dataclass(frozen=True, eq=False)
class Places:
    """Where tiles of several slides lie, in cells of their slide's grid.

    Attributes
    ----------
    slides : ndarray (n,), int64
    columns, rows : ndarray (n,), int64
    """

    slides: NDArray[np.int64]
    columns: NDArray[np.int64]
    rows: NDArray[np.int64]

    def squares(self, side: int) -> NDArray[np.int64]:
        """A number for each tile's square: shape (n,)."""
        return _numbers(self.slides, self.columns // side, self.rows // side)

    def near(self, chosen: NDArray[np.int64], side: int) -> NDArray[np.bool_]:
        """Which tiles lie in some squares, or touch them."""
        found = np.zeros(len(self.slides), bool)
        for down in (-1, 0, 1):
            for across in (-1, 0, 1):
                square = _numbers(
                    self.slides, (self.columns + across) // side, (self.rows + down) // side
                )
                found |= np.isin(square, chosen)
        return found


@dataclass(frozen=True, eq=False)
class Apart:
    """Tiles to learn from, and tiles that lie apart from them.

    Attributes
    ----------
    side : int
        Of the squares, in tiles.
    squares : ndarray (m,), int64
        Those that are held out.
    held_out : ndarray (n,), bool
    """

    side: int
    squares: NDArray[np.int64]
    held_out: NDArray[np.bool_]


def apart(places: Places, labels: NDArray[np.int64], share: float) -> Apart:
    """Hold out whole squares by their hash, until each class has its share there.

    Parameters
    ----------
    places : Places
        Of the tiles whose class is known.
    labels : ndarray (n,), int64
    share : float

    Raises
    ------
    TrainingError
        If a class is not on both sides.
    """
    for side in SIDES:
        squares = places.squares(side)
        order = sorted(set(squares.tolist()), key=_hash)
        chosen: set[int] = set()
        for label in np.unique(labels).tolist():
            of_class, wanted = labels == label, share * (labels == label).sum()
            for square in order:
                if (of_class & np.isin(squares, list(chosen))).sum() >= wanted:
                    break
                if (of_class & (squares == square)).any():
                    chosen.add(square)
        numbers = np.array(sorted(chosen), np.int64)
        held_out = np.isin(squares, numbers)
        left = ~places.near(numbers, side)
        if set(labels[left].tolist()) == set(labels[held_out].tolist()):
            return Apart(side, numbers, held_out)
    raise TrainingError(
        "The reviewed regions are too few, or lie too close together, to learn from some and"
        " measure on others.",
        remedy="Review more of the slide, or a second slide that can be held out.",
    )


def _numbers(
    slides: NDArray[np.int64], columns: NDArray[np.int64], rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    # A grid has far fewer than a million columns or rows; -1 lies beside it.
    return (slides << 42) + ((columns + 1) << 21) + rows + 1


def _hash(square: int) -> str:
    return hashlib.sha256(str(square).encode()).hexdigest()
