"""Which vertex or edge of a shape lies under the mouse; pure arithmetic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations import Points


def nearest_vertex(points: Points, x: float, y: float) -> tuple[int, float]:
    """The index of the vertex nearest to a point, and its distance (infinite without vertices)."""
    return _least(np.hypot(points[:, 0] - x, points[:, 1] - y))


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
    starts = points if closed else points[:-1]
    ends = np.roll(points, -1, axis=0) if closed else points[1:]
    along = ends - starts
    length2 = np.maximum((along**2).sum(axis=1), 1e-12)
    to_point = np.array([x, y]) - starts
    t = np.clip((to_point * along).sum(axis=1) / length2, 0, 1)
    off = to_point - t[:, None] * along
    return _least(np.hypot(off[:, 0], off[:, 1]))


def _least(distances: NDArray[np.float64]) -> tuple[int, float]:
    """The index of the least distance, and it; a vertex that is no number is near nothing."""
    if not len(distances):
        return -1, float("inf")
    finite = np.where(np.isnan(distances), np.inf, distances)
    index = int(np.argmin(finite))
    return index, float(finite[index])
