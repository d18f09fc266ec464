"""Outlines of many vertices by stretches: what is far away is passed over a thousand at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations import Annotation, Kind, Points
from slideviewer.annotations.extents import extents
from slideviewer.geometry import Rect

STRETCH = 1024
"""Vertices of a stretch."""

MOST_LOOKED_THROUGH = 4 * STRETCH
"""Fewer vertices than these are looked through one by one."""


class Stretches:
    """The boxes around the stretches of an outline. The outline itself is not kept.

    Attributes
    ----------
    starts : ndarray (count,)
        The index of each one's first vertex.
    boxes : ndarray (4, count)
        Left, top, right and bottom of its edges, the one to the next stretch (after the last: to
        the first) included; level-0 pixels. Vertices that are no places do not count;
        not-a-number where there are no others.
    """

    def __init__(self, points: Points) -> None:
        self.starts = np.arange(0, len(points), STRETCH)
        self.boxes = np.empty((4, len(self.starts)))
        places = points if np.isfinite(points).all() else _places(points)
        ends = places[(self.starts + STRETCH) % max(len(points), 1)]
        ends[-1:] = places[:1]
        with np.errstate(invalid="ignore"):
            for axis in (0, 1):
                values = np.ascontiguousarray(places[:, axis])
                for side, choose in ((axis, np.fmin), (axis + 2, np.fmax)):
                    found = choose.reduceat(values, self.starts)
                    self.boxes[side] = choose(found, ends[:, axis])

    def after(self, points: Points, moved: NDArray[np.intp]) -> Stretches:
        """The same after these vertices moved to where they lie among these points."""
        other = object.__new__(Stretches)
        other.starts, other.boxes = self.starts, self.boxes.copy()
        for number in self.touched_by(moved).tolist():
            start = number * STRETCH
            around = np.arange(start, start + STRETCH + 1)
            around = around[around <= len(points)] % len(points)
            places = _places(points[around])
            other.boxes[:2, number] = np.fmin.reduce(places, axis=0)
            other.boxes[2:, number] = np.fmax.reduce(places, axis=0)
        return other

    def touched_by(self, moved: NDArray[np.intp]) -> NDArray[np.intp]:
        """The stretches with an edge that begins or ends in one of these vertices."""
        last = len(self.starts) - 1
        ends_in = np.where(moved == 0, last, (moved - 1) // STRETCH)
        return np.union1d(moved // STRETCH, ends_in)

    def in_rect(self, rect: Rect) -> NDArray[np.intp]:
        """The stretches that may be seen in a rectangle."""
        left, top, right, bottom = self.boxes
        near = (left <= rect.right) & (right >= rect.x)
        return np.flatnonzero(near & (top <= rect.bottom) & (bottom >= rect.y))

    def distances2(self, x: float, y: float) -> NDArray[np.float64]:
        """What the squares of the distances from a point to each one's edges are at least."""
        left, top, right, bottom = self.boxes
        off_x = np.maximum(np.maximum(left - x, x - right), 0)
        off_y = np.maximum(np.maximum(top - y, y - bottom), 0)
        squared: NDArray[np.float64] = off_x * off_x + off_y * off_y
        return np.where(np.isnan(squared), np.inf, squared)


class _Known:
    """The stretches of the outlines that were asked for; of none longer than it is in use."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[ref[Points], Stretches]] = {}
        self._latest: ref[Points] | None = None

    def of(self, points: Points) -> Stretches:
        key = id(points)
        known = self._found.get(key)
        if known is not None and known[0]() is points:
            return known[1]
        made = self._as_after_an_edit(points) or Stretches(points)
        self._latest = ref(points, lambda _: self._found.pop(key, None))
        self._found[key] = self._latest, made
        return made

    def _as_after_an_edit(self, points: Points) -> Stretches | None:
        """From those that were asked for last, where this is the same outline but for little."""
        former = self._latest() if self._latest is not None else None
        known = self._found.get(id(former))
        if former is None or known is None:
            return None
        moved = moved_vertices(former, points)
        if moved is None or len(moved) > STRETCH:
            return None
        return known[1].after(points, moved)


stretches_of = _Known().of
"""The `Stretches` of an outline, points : ndarray (count, 2), with one vertex at least.

An outline is a value: what was found for it is found again, and what one edit left alone is not
looked through anew.
"""


def extents_of(
    annotations: Sequence[Annotation],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """As `extents`; of one long outline that was edited no more than what moved is looked at."""
    boxes, bulges = extents([it for it in annotations if not _is_long(it)])
    if boxes.shape[1] == len(annotations):
        return boxes, bulges
    is_long = np.array([_is_long(it) for it in annotations], np.bool_)
    all_boxes, all_bulges = np.empty((4, len(annotations))), np.zeros(len(annotations))
    all_boxes[:, ~is_long], all_bulges[~is_long] = boxes, bulges
    for number in np.flatnonzero(is_long).tolist():
        found = stretches_of(annotations[number].points).boxes
        all_boxes[:2, number] = np.fmin.reduce(found[:2], axis=1)
        all_boxes[2:, number] = np.fmax.reduce(found[2:], axis=1)
    return all_boxes, all_bulges


_compared: deque[tuple[ref[Points], ref[Points], NDArray[np.intp]]] = deque(maxlen=1)
"""The outlines that were compared last, and what was found."""


def moved_vertices(before: Points, after: Points) -> NDArray[np.intp] | None:
    """The indices of the vertices that differ; None where the counts do.

    Parameters
    ----------
    before, after : ndarray (count, 2)
    """
    if len(before) != len(after):
        return None
    # Several want to know the same of one edit, each by itself.
    known = _compared[-1] if _compared else None
    if known is not None and known[0]() is before and known[1]() is after:
        return known[2]
    # A pair of numbers is compared as one: three times as fast.
    one, other = (np.ascontiguousarray(it).view(np.complex128)[:, 0] for it in (before, after))
    moved = np.flatnonzero(one != other)
    _compared.append((ref(before), ref(after), moved))
    return moved


def _is_long(it: Annotation) -> bool:
    return it.kind != Kind.SPLINE and len(it.points) > MOST_LOOKED_THROUGH


def _places(points: Points) -> Points:
    """The points, those that are no numbers without coordinates at all."""
    places = points.copy()
    places[~np.isfinite(points).all(axis=1)] = np.nan
    return places
