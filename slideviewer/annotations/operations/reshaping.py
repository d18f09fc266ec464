"""Other outlines of the same shape: fewer points, rounder, larger, and along their neighbours'."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from slideviewer.annotations.model import Points, as_points
from slideviewer.annotations.operations.combining import union
from slideviewer.annotations.operations.regions import Area
from slideviewer.annotations.outline import made_valid

_ROUND = 16
"""Pieces of a quarter circle around a corner that grows: they leave it by a two-hundredth of its
radius, see `shapely.buffer`."""
_FINEST_PX = 0.25
"""A grown outline loses points that stand out by less: no screen shows them."""


def simplified(points: Points, tolerance_px: float) -> Points:
    """An outline with fewer vertices, all of them among its own.

    By the algorithm of Douglas and Peucker (1973), in the form that keeps a simple outline simple.

    Parameters
    ----------
    points : ndarray (count, 2)
        Joined at the ends.
    tolerance_px : float
        How far the new outline may leave the old one, in level-0 pixels.
    """
    if len(points) < 4:
        return points
    # As a line that begins at a corner, which stays: of a ring's own first vertex GEOS may let go
    # although the outline then leaves it by more than the tolerance.
    begun = np.roll(points, -int(np.argmin(points[:, 0])), axis=0)
    line = shapely.LineString(np.concatenate([begun, begun[:1]]))
    kept = shapely.get_coordinates(shapely.simplify(line, tolerance_px, preserve_topology=True))
    if len(kept) < 4 or not shapely.is_simple(shapely.LinearRing(kept)):
        ring = shapely.LinearRing(points)
        kept = shapely.get_coordinates(shapely.simplify(ring, tolerance_px, preserve_topology=True))
    return as_points(kept[:-1])


def smoothed(points: Points, rounds: int = 2) -> Points:
    """An outline with its corners cut off, again and again.

    By Chaikin's algorithm (1974): each corner becomes two vertices, at a quarter of its edges.

    Parameters
    ----------
    points : ndarray (count, 2)
        Joined at the ends.
    rounds : int
        Each doubles the number of vertices.
    """
    ring = np.asarray(points)
    for _ in range(rounds):
        following = np.roll(ring, -1, axis=0)
        corners = (0.75 * ring + 0.25 * following, 0.25 * ring + 0.75 * following)
        ring = np.stack(corners, axis=1).reshape(-1, 2)
    return as_points(ring)


def grown(area: Area, distance_px: float) -> Area:
    """An area with all that lies within a distance of it; shrunk where that is negative.

    Parameters
    ----------
    area : Polygon or MultiPolygon
    distance_px : float
        Level-0 pixels.
    """
    larger = shapely.buffer(area, distance_px, quad_segs=_ROUND)
    return made_valid(shapely.simplify(larger, _FINEST_PX))


def filled(area: Area) -> Area:
    """An area without its holes."""
    outer = [Polygon(part.exterior) for part in shapely.get_parts(area)]
    return union(outer) if len(outer) != 1 else outer[0]


def snapped(points: Points, neighbours: Sequence[Points], reach_px: float) -> Points:
    """An outline whose vertices near a neighbour's outline lie on it.

    A vertex goes to the neighbour's nearest vertex where one is in reach, else onto its nearest
    edge, so that no gap and no overlap is left between the two.

    Parameters
    ----------
    points : ndarray (count, 2)
    neighbours : sequence of ndarray (count, 2)
        Outlines joined at the ends.
    reach_px : float
        Level-0 pixels.
    """
    rings = [np.asarray(each) for each in neighbours if len(each) >= 3]
    if not rings or not len(points):
        return points
    # Edge by edge: of a ring that is looked at as a whole, each vertex would cost all of it.
    starts = np.concatenate(rings)
    ends = np.concatenate([np.roll(ring, -1, axis=0) for ring in rings])
    least, most = np.minimum(starts, ends), np.maximum(starts, ends)
    is_near = _meets(least, most, points.min(axis=0) - reach_px, points.max(axis=0) + reach_px)
    edges = np.stack([starts, ends], axis=1)[is_near]
    if not len(edges):
        return points
    least, most = edges.min(axis=(0, 1)) - reach_px, edges.max(axis=(0, 1)) + reach_px
    own_near = np.flatnonzero(_meets(points, points, least, most))
    places = shapely.points(points[own_near])
    moved = np.array(points)
    corners = shapely.points(edges.reshape(-1, 2))
    for targets in (shapely.linestrings(edges), corners):  # a corner has the last word
        tree = shapely.STRtree(targets)
        own, other = tree.query_nearest(places, max_distance=reach_px, all_matches=False)
        ways = shapely.shortest_line(places[own], targets[other])
        moved[own_near[own]] = shapely.get_coordinates(ways).reshape(-1, 2, 2)[:, 1]
    following = np.roll(moved, 1, axis=0)
    kept = moved[(moved != following).any(axis=1)]
    return as_points(kept) if len(kept) >= 3 else points


def _meets(least: Points, most: Points, lowest: Points, highest: Points) -> NDArray[np.bool_]:
    """Which boxes touch another one; corners: ndarray (count, 2) and (2,)."""
    return np.asarray(((least <= highest) & (most >= lowest)).all(axis=1))
