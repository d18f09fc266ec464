"""What a brush covers on its way."""

from __future__ import annotations

import shapely

from slideviewer.annotations.model import Points
from slideviewer.annotations.operations.regions import Area
from slideviewer.annotations.outline import made_valid

_ROUND = 12
"""Pieces of a quarter circle: they leave it by less than a hundredth of its radius, see
`shapely.buffer`."""


def stroke(path: Points, radius_px: float, tolerance_px: float = 0.0) -> Area:
    """What a disc covers that is moved along a path.

    Parameters
    ----------
    path : ndarray (count, 2)
        One point at least.
    radius_px : float
        Level-0 pixels.
    tolerance_px : float
        How far the outline may leave the discs' own, to need fewer vertices.
    """
    way = shapely.Point(path[0]) if len(path) == 1 else shapely.LineString(path)
    covered = shapely.buffer(way, radius_px, quad_segs=_ROUND)
    return made_valid(shapely.simplify(covered, tolerance_px) if tolerance_px else covered)
