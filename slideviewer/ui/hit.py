"""Which vertex or edge of a shape lies under the mouse; pure arithmetic.

Of a long outline one stretch is looked through first, and then only those that may be nearer.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations import Annotation, Kind, Points, outline
from slideviewer.ui.stretches import MOST_LOOKED_THROUGH, STRETCH, stretches_of

POINTS = (Kind.DOT, Kind.POINT_SET)
"""The kinds without edges."""

_SURELY = 1e-6
"""Pixels; more than what is rounded off a distance."""

_Found = tuple[int, float]
_Search = Callable[[Points, float, float], _Found]


def nearest_vertex(points: Points, x: float, y: float) -> tuple[int, float]:
    """The index of the vertex nearest to a point, and its distance (infinite without vertices)."""
    return _nearest(_nearest_of_vertices, points, x, y, closed=False)


def nearest_edge(points: Points, x: float, y: float, *, closed: bool) -> tuple[int, float]:
    """The edge nearest to a point.

    Parameters
    ----------
    points : ndarray (count, 2)
    x, y : float
    closed : bool
        Whether the last vertex is joined to the first.

    Returns
    -------
    index : int
        Of the vertex that the edge starts from.
    distance : float
        Infinite where there is no edge.
    """
    return _nearest(_nearest_of_edges, points, x, y, closed=closed)


def edge_of(annotation: Annotation, x: float, y: float) -> tuple[int, float]:
    """The edge of a shape nearest to a point; a spline's edges are the curve that is seen.

    Returns
    -------
    index : int
        Of the vertex after which a new one would lie on this edge; of several in one place
        the last.
    distance : float
        Level-0 pixels; infinite where there is no edge.
    """
    if annotation.kind in POINTS:
        return -1, float("inf")
    if annotation.kind != Kind.SPLINE:
        closed = annotation.kind != Kind.MEASUREMENT
        return nearest_edge(annotation.points, x, y, closed=closed)
    curve = outline(annotation)
    piece, distance = nearest_edge(curve, x, y, closed=True)
    return _vertex_before(annotation.points, curve, piece), distance


def distance_to(annotation: Annotation, x: float, y: float) -> float:
    """How far a point is from what is drawn of a shape, in level-0 pixels."""
    if annotation.kind in POINTS:
        return nearest_vertex(annotation.points, x, y)[1]
    return edge_of(annotation, x, y)[1]


def _nearest(among: _Search, points: Points, x: float, y: float, *, closed: bool) -> _Found:
    """What is nearest among vertices, or among edges, each of which begins in a vertex."""
    if len(points) <= MOST_LOOKED_THROUGH:
        return among(_stretch(points, 0, len(points), closed), x, y)
    at_least = stretches_of(points).distances2(x, y)
    start = int(np.argmin(at_least)) * STRETCH
    far = among(_stretch(points, start, start + STRETCH, closed), x, y)[1] + _SURELY
    near = np.flatnonzero(at_least <= far * far)
    best = -1, float("inf")
    for run in np.split(near, np.flatnonzero(np.diff(near) > 1) + 1):
        start = int(run[0]) * STRETCH
        part = _stretch(points, start, start + len(run) * STRETCH, closed)
        index, distance = among(part, x, y)
        if distance < best[1]:
            best = start + index, distance
    return best


def _stretch(points: Points, start: int, end: int, closed: bool) -> Points:
    """The vertices from one index up to another, and the one that the last edge leads to."""
    part = points[start : end + 1]
    return np.append(part, points[:1], axis=0) if closed and end >= len(points) else part


def _nearest_of_vertices(points: Points, x: float, y: float) -> _Found:
    return _least(np.hypot(points[:, 0] - x, points[:, 1] - y))


def _nearest_of_edges(points: Points, x: float, y: float) -> _Found:
    columns = points[:, 0] - x, points[:, 1] - y
    along_x, along_y = np.diff(columns[0]), np.diff(columns[1])
    off_x, off_y = columns[0][:-1], columns[1][:-1]
    length2 = np.maximum(along_x * along_x + along_y * along_y, 1e-12)
    t = np.clip(-(off_x * along_x + off_y * along_y) / length2, 0, 1)
    off_x, off_y = off_x + t * along_x, off_y + t * along_y
    index, squared = _least(off_x * off_x + off_y * off_y)
    return index, squared**0.5


def _vertex_before(points: Points, curve: Points, piece: int) -> int:
    """The vertex behind which a piece of a spline's curve lies.

    The curve holds the vertices exactly and in order, but not those that repeat the one before
    them: a run of equal vertices is met once.
    """
    if not len(curve):
        return len(points) - 1
    finite = np.flatnonzero(np.isfinite(points).all(axis=1))
    knots = points[finite]
    first_of_run = finite[(knots != np.roll(knots, 1, axis=0)).any(axis=1)]
    if not len(first_of_run):
        return len(points) - 1
    places = np.flatnonzero(np.isin(_as_complex(curve), _as_complex(knots)))
    if len(places) > len(first_of_run):  # the curve crosses itself right on a vertex
        places = _in_order(curve, places, points[first_of_run])
    met = int(np.searchsorted(places, piece, side="right"))
    following = first_of_run[met % len(first_of_run)]
    return int(following - 1) % len(points)


def _in_order(curve: Points, places: NDArray[np.int64], knots: Points) -> NDArray[np.int64]:
    """Of the places where the curve passes a knot those where it is that knot's turn."""
    found: list[int] = []
    for place in places.tolist():
        if len(found) < len(knots) and (curve[place] == knots[len(found)]).all():
            found.append(place)
    return np.array(found, dtype=np.int64)


def _as_complex(points: Points) -> NDArray[np.complex128]:
    return points[:, 0] + 1j * points[:, 1]


def _least(distances: NDArray[np.float64]) -> tuple[int, float]:
    """The index of the least distance, and it; a vertex that is no number is near nothing."""
    if not len(distances):
        return -1, float("inf")
    finite = np.where(np.isnan(distances), np.inf, distances)
    index = int(np.argmin(finite))
    return index, float(finite[index])
