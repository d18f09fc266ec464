"""Stroking many lines at once: Qt gets plain arrays, so that no line costs a call of its own.

Each edge is stroked as a bar, which Qt does twice as fast as a line with round joints. Bars are
a little longer than their edges where they meet at an angle, so that no notch is left outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QPainter
from shiboken6 import wrapInstance

from slideviewer.annotations import Points
from slideviewer.geometry import Rect
from slideviewer.ui.viewpoint import Viewpoint

_FARTHEST = 20_000.0
"""Screen pixels; beyond this Qt's numbers end, and an edge is cut off."""

_AT_ONCE = 32_768
"""Values that Qt is given in one call."""

_Value = TypeVar("_Value", QLineF, QPointF, QRectF)

_OVERLAP = 0.5
"""Screen pixels; two edges that only met would let through what is below: half of a half."""


@dataclass(frozen=True, eq=False)
class Lines:
    """Several lines.

    Attributes
    ----------
    points : ndarray (count, 2)
        Of all lines one after the other, level-0 pixels.
    starts : ndarray (lines,)
        The index of each line's first point.
    closed : ndarray (lines,), bool
        Whether the last point of each is joined to its first, which is not repeated.
    """

    points: Points
    starts: NDArray[np.intp]
    closed: NDArray[np.bool_]

    @classmethod
    def of(cls, lines: Sequence[tuple[Points, bool]]) -> Lines:
        """Put lines together: of each its points, one at least, and whether it is closed."""
        counts = np.array([len(points) for points, _ in lines], np.intp)
        return cls(
            np.concatenate([np.empty((0, 2)), *(points for points, _ in lines)]),
            np.cumsum(counts) - counts,
            np.array([closed for _, closed in lines], np.bool_),
        )

    @classmethod
    def closed_ones(cls, points: Points, starts: NDArray[np.intp]) -> Lines:
        """Closed lines, each with one point at least, by all their points and each one's first."""
        return cls(points, starts, np.ones(len(starts), np.bool_))

    @property
    def lasts(self) -> NDArray[np.intp]:
        """The index of each line's last point."""
        return np.append(self.starts[1:], len(self.points)) - 1

    def thinned(self, scale: float) -> Lines:
        """Without each point that lies on the same screen pixel as the one before it."""
        keep = own_pixels(self.points, scale)
        keep[self.starts] = True
        keep[self.lasts[~self.closed]] = True
        if keep.all():
            return self
        return Lines(self.points[keep], np.cumsum(keep)[self.starts] - 1, self.closed)


def own_pixels(points: Points, scale: float) -> NDArray[np.bool_]:
    """Which points lie on another screen pixel than the one before; the first always does.

    Parameters
    ----------
    points : ndarray (count, 2)
        Level-0 pixels.
    scale : float
        Screen pixels per level-0 pixel.
    """
    keep = np.ones(len(points), np.bool_)
    with np.errstate(over="ignore"):
        across, down = (np.floor(points[:, axis] * scale) for axis in (0, 1))
    keep[1:] = (across[1:] != across[:-1]) | (down[1:] != down[:-1])
    return keep


def bars(lines: Lines, view: Viewpoint, part: Rect, width: float) -> NDArray[np.float64]:
    """The edges that may be seen in a part of the screen, as bars without caps.

    Parameters
    ----------
    lines : Lines
    view : Viewpoint
    part : Rect
        Screen pixels.
    width : float
        Of the pen, screen pixels; 0 leaves the edges as long as they are.

    Returns
    -------
    ndarray (count, 4)
        The ends, x and y each, screen pixels.
    """
    points, lasts = lines.points, lines.lasts
    affine, (x0, y0) = view.affine, points.T
    with np.errstate(over="ignore", invalid="ignore"):
        x = affine.xx * x0 + affine.yx * y0 + affine.dx
        y = affine.xy * x0 + affine.yy * y0 + affine.dy
        following = np.arange(1, len(points) + 1)
        following[lasts] = lines.starts
        to_x, to_y = x[following], y[following]
        margin = width + 1
        seen = np.minimum(x, to_x) <= part.right + margin
        seen &= np.maximum(x, to_x) >= part.x - margin
        seen &= np.minimum(y, to_y) <= part.bottom + margin
        seen &= np.maximum(y, to_y) >= part.y - margin
        seen[lasts[~lines.closed]] = False
        if width:
            along_x, along_y = to_x - x, to_y - y
            length = np.hypot(along_x, along_y)
            length[length == 0] = np.inf
            along_x /= length
            along_y /= length
            longer = _longer(along_x, along_y, following, lines, width)
            x, y = x - along_x * longer, y - along_y * longer
            longer = longer[following]
            to_x, to_y = to_x + along_x * longer, to_y + along_y * longer
    found = np.stack([x[seen], y[seen], to_x[seen], to_y[seen]], axis=1)
    return _cut_off(found)


def stroke(painter: QPainter, edges: NDArray[np.float64]) -> None:
    """Draw edges, ndarray (count, 4), with the painter's pen."""
    first, room = _room(QLineF, 4)
    for start in range(0, len(edges), len(room)):
        some = edges[start : start + len(room)]
        room[: len(some)] = some
        painter.drawLines(first, len(some))


def dot(painter: QPainter, points: NDArray[np.float64]) -> None:
    """Draw points, ndarray (count, 2), screen pixels, with the painter's pen."""
    first, room = _room(QPointF, 2)
    for start in range(0, len(points), len(room)):
        some = points[start : start + len(room)]
        room[: len(some)] = some
        painter.drawPoints(first, len(some))


def box(painter: QPainter, middles: NDArray[np.float64], side: float) -> None:
    """Draw squares around points, ndarray (count, 2), screen pixels, with pen and brush."""
    first, room = _room(QRectF, 4)
    for start in range(0, len(middles), len(room)):
        some = middles[start : start + len(room)]
        room[: len(some), :2] = some - side / 2
        room[: len(some), 2:] = side
        painter.drawRects(first, len(some))


def on_screen(points: Points, view: Viewpoint) -> NDArray[np.float64]:
    """Level-0 points where they lie on the canvas: ndarray (count, 2); finite ones alone."""
    affine, (x, y) = view.affine, points.T
    with np.errstate(over="ignore", invalid="ignore"):
        shown = np.stack(
            [
                affine.xx * x + affine.yx * y + affine.dx,
                affine.xy * x + affine.yy * y + affine.dy,
            ],
            axis=1,
        )
        near: NDArray[np.float64] = shown[(np.abs(shown) < _FARTHEST).all(axis=1)]
    return near


@cache
def _room(kind: type[_Value], numbers: int) -> tuple[_Value, NDArray[np.float64]]:
    """Values of Qt that lie one after the other, and their numbers, to be written over.

    Made once and kept: Qt's Python remembers by its address what it was once shown, so nothing
    else may ever come to lie there.

    Returns
    -------
    first : the first value
    room : ndarray (most, numbers), float64
    """
    room = np.zeros((_AT_ONCE, numbers))
    return cast(_Value, wrapInstance(room.ctypes.data, kind)), room


def _longer(
    along_x: NDArray[np.float64],
    along_y: NDArray[np.float64],
    following: NDArray[np.intp],
    lines: Lines,
    width: float,
) -> NDArray[np.float64]:
    """By how many pixels the bars that meet at each point are longer, so that they mitre.

    At a turn by an angle that is half the width times the tangent of its half; at sharp ones no
    more than half the width.
    """
    before_x, before_y = np.empty_like(along_x), np.empty_like(along_y)
    before_x[following], before_y[following] = along_x, along_y
    across = np.abs(before_x * along_y - before_y * along_x)
    ahead = 1 + before_x * along_x + before_y * along_y
    longer = np.divide(across, ahead, out=np.ones_like(across), where=ahead > across)
    longer = longer * (width / 2) + _OVERLAP
    is_open = ~lines.closed
    longer[lines.starts[is_open]] = longer[lines.lasts[is_open]] = 0
    return longer


def _cut_off(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """The edges with what lies too far outside for Qt cut off; those that are nowhere are left out.

    After Liang and Barsky, "A new concept and method for line clipping" (1984).
    """
    with np.errstate(invalid="ignore"):
        far = ~(np.abs(edges) <= _FARTHEST).all(axis=1)
    if not far.any():
        return edges
    start, end = edges[far, :2], edges[far, 2:]
    is_finite = (np.isfinite(start) & np.isfinite(end)).all(axis=1)
    start, end = start[is_finite], end[is_finite]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        along = end - start
        sides = np.stack([(-_FARTHEST - start) / along, (_FARTHEST - start) / along])
        enters = np.fmax(np.fmin(*sides).max(axis=1), 0.0)[:, None]
        leaves = np.fmin(np.fmax(*sides).min(axis=1), 1.0)[:, None]
        cut = np.concatenate([start + enters * along, start + leaves * along], axis=1)
        good = (enters <= leaves)[:, 0] & (np.abs(cut) <= 2 * _FARTHEST).all(axis=1)
    return np.concatenate([edges[~far], cut[good]])
