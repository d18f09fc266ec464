"""What moving, adding and removing vertices makes of an annotation; pure arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from slideviewer.annotations import Annotation, Kind, Points, as_points

FEWEST_VERTICES: Mapping[Kind | str, int] = {Kind.POLYGON: 3, Kind.SPLINE: 3, Kind.POINT_SET: 1}
"""Of the kinds that may lose vertices: how many must stay."""

RESHAPED = (Kind.POLYGON, Kind.SPLINE)
"""The kinds whose edges may get new vertices."""


def shifted(annotation: Annotation, dx: float, dy: float) -> Annotation:
    """The whole shape elsewhere, by so many level-0 pixels."""
    return replace(annotation, points=as_points(np.add(annotation.points, (dx, dy))))


def with_vertex_moved(annotation: Annotation, index: int, dx: float, dy: float) -> Annotation:
    """One vertex elsewhere; of a rectangle two others follow, so that it stays one."""
    points = annotation.points.copy()
    moved = np.add(points[index], (dx, dy))
    if annotation.kind == Kind.RECTANGLE and len(points) == 4:
        _follow_corner(points, index, moved)
    points[index] = moved
    points.setflags(write=False)  # as they are: a million vertices are copied once a move
    return replace(annotation, points=points)


def with_vertex_added(annotation: Annotation, after: int, x: float, y: float) -> Annotation:
    """A vertex more, behind the one of this index."""
    return replace(
        annotation, points=as_points(np.insert(annotation.points, after + 1, (x, y), axis=0))
    )


def without_vertex(annotation: Annotation, index: int) -> Annotation | None:
    """A vertex less; None where the kind cannot lose one, or has no more than it needs."""
    fewest = FEWEST_VERTICES.get(annotation.kind)
    if fewest is None or len(annotation.points) <= fewest:
        return None
    return replace(annotation, points=as_points(np.delete(annotation.points, index, axis=0)))


def _follow_corner(points: Points, index: int, moved: Points) -> None:
    """Move the two neighbours of a rectangle's corner with it; the opposite one stays."""
    corner = points[index]
    before, after, opposite = ((index + step) % 4 for step in (-1, 1, 2))
    for beside_x, beside_y in ((before, after), (after, before)):
        if points[beside_x, 0] == corner[0] and points[beside_y, 1] == corner[1]:
            points[beside_x, 0], points[beside_y, 1] = moved  # exactly, as the sides are
            return
    for beside in (before, after):  # a rectangle that stands askew keeps its directions
        side = points[beside] - points[opposite]
        length2 = float(side @ side)
        if length2 > 0:
            share = float((moved - points[opposite]) @ side) / length2
            points[beside] = points[opposite] + share * side
