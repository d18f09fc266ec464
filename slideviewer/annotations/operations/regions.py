"""A covered area as outlines with holes, and as one outline that has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from slideviewer.annotations.model import Points, as_points

Area: TypeAlias = Polygon | MultiPolygon
"""What annotations cover, in level-0 pixels; see `as_polygon`."""

SLIVER_PX2 = 0.25
"""Parts and holes smaller than this come from rounding: nobody can see or draw them."""


@dataclass(frozen=True)
class Region:
    """One connected part of an area.

    Attributes
    ----------
    outer : ndarray (count, 2)
        Its outline; the last vertex is joined to the first, which is not repeated.
    holes : tuple of ndarray (count, 2)
        What is left out of it.
    """

    outer: Points
    holes: tuple[Points, ...] = ()


def regions_of(area: Area) -> tuple[Region, ...]:
    """The connected parts of an area, slivers left out."""
    return tuple(
        Region(
            _ring(part.exterior),
            tuple(_ring(hole) for hole in part.interiors if Polygon(hole).area >= SLIVER_PX2),
        )
        for part in shapely.get_parts(area)
        if Polygon(part.exterior).area >= SLIVER_PX2
    )


def cut_open(region: Region) -> Points:
    """One outline that covers just what a region with holes does.

    From each hole a cut of no width leads outwards, along which the outline goes in and comes
    back. ASAP, which knows no holes, fills such a polygon as one with holes.

    Parameters
    ----------
    region : Region

    Returns
    -------
    ndarray (count, 2)
        The region's own outline where it has no hole.
    """
    ring = region.outer
    left = list(region.holes)
    while left:
        outline = shapely.LinearRing(ring)
        lines = [shapely.LinearRing(hole) for hole in left]
        # The shortest way from any hole meets no other one: that one would be nearer.
        nearest = int(np.argmin(shapely.distance(outline, lines)))
        hole, line = left.pop(nearest), lines[nearest]
        start, end = shapely.get_coordinates(shapely.shortest_line(outline, line))
        outward, inward = _begun_at(ring, start), _begun_at(hole, end)
        if turns_left(outward) == turns_left(inward):
            inward = np.concatenate([inward[:1], inward[:0:-1]])
        ring = np.concatenate([outward, outward[:1], inward, inward[:1]])
    return as_points(ring)


def _ring(line: shapely.LinearRing) -> Points:
    return as_points(shapely.get_coordinates(line)[:-1])


def _begun_at(ring: Points, place: Points) -> Points:
    """The ring from a place on it onwards, which becomes its first vertex."""
    ends = np.roll(ring, -1, axis=0)
    along = ends - ring
    length2 = np.maximum((along**2).sum(axis=1), 1e-300)
    share = np.clip(((place - ring) * along).sum(axis=1) / length2, 0, 1)
    off = np.hypot(*(ring + share[:, None] * along - place).T)
    edge = int(np.argmin(off))
    rolled = np.roll(ring, -edge, axis=0)
    if (rolled[0] == place).all():
        return rolled
    rolled = np.roll(rolled, -1, axis=0)
    if (rolled[0] == place).all():
        return rolled
    return np.concatenate([[place], rolled])


def turns_left(ring: Points) -> bool:
    """Whether an outline encloses what lies on one side of its way, or on the other."""
    x, y = (ring - ring[0]).T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) > 0
