"""Outlines in short pieces, since Qt strokes a long line at the same cost however little is seen.

A line of some thousand vertices takes Qt longer in one stroke than in many: it looks for
crossings of the stroke with itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPolygonF

from slideviewer.annotations import Points
from slideviewer.geometry import Rect

PIECE_EDGES = 32
"""Edges of a piece; from 16 to 64 painting takes the same time."""


class Pieces:
    """A line, made ready for Qt piece by piece when a piece is first seen.

    Parameters
    ----------
    points : ndarray (count, 2)
        Of the line, one at least; those that are no numbers have no place.
    """

    def __init__(self, points: Points) -> None:
        self._points = points if len(points) > 1 else np.repeat(points, 2, axis=0)
        starts = np.arange(0, len(self._points) - 1, PIECE_EDGES)
        # A piece ends where the next one begins.
        ends = self._points[np.minimum(starts + PIECE_EDGES, len(self._points) - 1)]
        self._least = np.fmin(np.fmin.reduceat(self._points, starts), ends)
        self._most = np.fmax(np.fmax.reduceat(self._points, starts), ends)
        self._made: dict[int, QPolygonF] = {}

    def in_rect(self, rect: Rect) -> Iterator[QPolygonF]:
        """The pieces that may be seen in a rectangle."""
        near = (self._least <= (rect.right, rect.bottom)) & (self._most >= (rect.x, rect.y))
        for index in np.flatnonzero(near.all(axis=1)).tolist():
            made = self._made.get(index)
            if made is None:
                start = index * PIECE_EDGES
                points = self._points[start : start + PIECE_EDGES + 1].tolist()
                made = self._made[index] = QPolygonF([QPointF(x, y) for x, y in points])
            yield made


def thinned(points: Points, scale: float) -> Points:
    """Drop each point that lies on the same screen pixel as the one before it.

    Parameters
    ----------
    points : ndarray (count, 2)
        Level-0 pixels.
    scale : float
        Screen pixels per level-0 pixel.
    """
    return points[with_own_pixel(points, scale)]


def with_own_pixel(points: Points, scale: float) -> NDArray[np.bool_]:
    """Which points lie on another screen pixel than the one before; the first and last always."""
    keep = np.ones(len(points), dtype=bool)
    pixel = np.floor(points * scale)
    keep[1:-1] = (pixel[1:-1] != pixel[:-2]).any(axis=1)
    return keep
