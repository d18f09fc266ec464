"""Which hole lies in which outline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from slideviewer.annotations.masks.rings import Ring

Corners = NDArray[np.int64]
"""An outline along the sides of pixels: shape (count, 2), x and y of pixel corners."""


@dataclass(frozen=True)
class TracedRegion:
    """One connected part of a mask that has one label.

    Attributes
    ----------
    label : int
    outer : ndarray (count, 2), int64
        Pixel corners; the mask's first pixel reaches from 0 to 1.
    holes : tuple of ndarray (count, 2), int64
    area : float
        In the mask's pixels, without the holes.
    outer_area : float
        The same with them.
    """

    label: int
    outer: Corners
    holes: tuple[Corners, ...]
    area: float
    outer_area: float


def nested(rings: Iterable[Ring], smallest_px: float = 0.0) -> list[TracedRegion]:
    """Give each hole to the innermost outline of its label around it.

    Parameters
    ----------
    rings : iterable of Ring
        All of a mask.
    smallest_px : float
        Holes of fewer pixels are closed, and then regions of fewer left out.

    Returns
    -------
    list of TracedRegion
        Those with the larger outlines first, so that each stands before what lies in its holes.
    """
    by_label: dict[int, tuple[list[Ring], list[Ring]]] = {}
    for ring in rings:
        outers, holes = by_label.setdefault(ring.label, ([], []))
        if ring.area > 0:
            outers.append(ring)
        elif -ring.area >= smallest_px:
            holes.append(ring)
    found = [region for outers, holes in by_label.values() for region in _of_label(outers, holes)]
    kept = (region for region in found if region.area >= smallest_px)
    return sorted(kept, key=lambda region: -region.outer_area)


def _of_label(outers: list[Ring], holes: list[Ring]) -> list[TracedRegion]:
    inside: list[list[Ring]] = [[] for _ in outers]
    for hole, owner in zip(holes, _owners(outers, holes), strict=True):
        inside[owner].append(hole)
    return [
        TracedRegion(
            outer.label,
            outer.points,
            tuple(hole.points for hole in own),
            outer.area + sum(hole.area for hole in own),
            outer.area,
        )
        for outer, own in zip(outers, inside, strict=True)
    ]


def _owners(outers: list[Ring], holes: list[Ring]) -> list[int]:
    """For each hole the number of the smallest outline around it."""
    owners = [0] * len(holes)
    if len(outers) == 1 or not holes:
        return owners
    # A pixel of the label beside the hole: its centre lies on no outline.
    places = np.array([hole.inner_pixel for hole in holes])
    boxes = shapely.box(*_corners(outers).T)
    hits, around = shapely.STRtree(boxes).query(shapely.points(places), predicate="intersects")
    smallest = np.full(len(holes), np.inf)
    order = np.argsort(around, kind="stable")
    numbers, starts = np.unique(around[order], return_index=True)
    parts = np.split(hits[order], starts[1:])
    for number, met in zip(numbers.tolist(), parts, strict=True):
        outline = shapely.Polygon(outers[number].points)
        shapely.prepare(outline)
        met = met[shapely.contains_xy(outline, places[met])]
        for hole in met[outers[number].area < smallest[met]].tolist():
            owners[hole], smallest[hole] = number, outers[number].area
    return owners


def _corners(rings: list[Ring]) -> NDArray[np.float64]:
    """Left, top, right and bottom of each ring."""
    return np.array(
        [[*ring.points.min(axis=0), *ring.points.max(axis=0)] for ring in rings], np.float64
    )
