"""Where a shape looks different after an edit: of a million vertices often only one has moved."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from slideviewer.annotations import Annotation, Kind
from slideviewer.geometry import Rect
from slideviewer.ui.stretches import extents_of, moved_vertices

_NEIGHBOURS = 3
"""Vertices on either side of one that moves whose stretches of a spline move with it, at most."""


def place_of_change(before: Annotation, after: Annotation) -> Rect | None:
    """The rectangle in which two states of an annotation look different.

    Returns
    -------
    Rect or None
        Level-0 pixels; None where that may be everywhere.
    """
    moved = None
    if _says(before) == _says(after):
        moved = moved_vertices(before.points, after.points)
    if moved is not None and len(moved):
        count = len(after.points)
        around = np.arange(moved[0] - _NEIGHBOURS, moved[-1] + _NEIGHBOURS + 1) % count
        if len(around) < count:
            places = np.concatenate([before.points[around], after.points[around]])
            places = places[np.isfinite(places).all(axis=1)]
            if len(places):
                left, top = places.min(axis=0).tolist()
                right, bottom = places.max(axis=0).tolist()
                # No chord is longer than this, and no spline leaves one by more than half of it.
                bulge = np.hypot(right - left, bottom - top) / 2
                place = Rect(left, top, right - left, bottom - top)
                return place.grown(float(bulge)) if after.kind == Kind.SPLINE else place
    return place_of_both(before, after)


def place_of_both(before: Annotation, after: Annotation) -> Rect | None:
    """The rectangle around two states of an annotation; None where one of them has no place."""
    boxes, bulges = extents_of((before, after))
    if not np.isfinite(boxes).all():
        return None
    left, top = (boxes[:2] - bulges).min(axis=1).tolist()
    right, bottom = (boxes[2:] + bulges).max(axis=1).tolist()
    return Rect(left, top, right - left, bottom - top)


def rect_around(places: Iterable[Rect | None]) -> Rect | None:
    """The rectangle around several; None, for everywhere, where one of them is None."""
    known = list(places)
    found = [place for place in known if place is not None]
    if len(found) < len(known):
        return None
    left, top = min(it.x for it in found), min(it.y for it in found)
    right, bottom = max(it.right for it in found), max(it.bottom for it in found)
    return Rect(left, top, right - left, bottom - top)


def _says(it: Annotation) -> tuple[object, ...]:
    return it.kind, it.group, it.colour
