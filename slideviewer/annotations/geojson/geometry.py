"""From GeoJSON geometries to vertices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slideviewer.annotations.model import Kind, Points, are_places, as_points
from slideviewer.annotations.rings import opened

OPEN_LINE = "LineString"
"""The type that an open line of more than two points keeps: ASAP has none for it."""
_DEEPEST = 16
"""Collections of geometries inside each other, of which the standard advises against even two."""


class NotAGeometryError(ValueError):
    """The geometry is missing, of an unknown type, or its coordinates are no places."""


@dataclass(frozen=True, eq=False)
class Part:
    """One piece of a geometry.

    Attributes
    ----------
    kind : Kind or str
    points : ndarray (count, 2), float64
        Level-0 pixels; a ring without the repeat of its first point.
    holes : tuple of ndarray
        Rings, likewise.
    """

    kind: Kind | str
    points: Points
    holes: tuple[Points, ...] = ()


def parts_of(geometry: object, depth: int = 0) -> list[Part]:
    """The pieces of a geometry.

    Parameters
    ----------
    geometry : object
    depth : int
        How many collections it lies in.

    Raises
    ------
    NotAGeometryError
        Where not all of it can be read.
    """
    if not isinstance(geometry, Mapping) or depth > _DEEPEST:
        raise NotAGeometryError
    if geometry.get("type") == "GeometryCollection":
        inner = list[Part]()
        for it in _list(geometry.get("geometries")):
            inner += parts_of(it, depth + 1)
        if not inner:
            raise NotAGeometryError
        return inner
    coordinates = geometry.get("coordinates")
    match geometry.get("type"):
        case "Polygon":
            parts = [_polygon(coordinates)]
        case "MultiPolygon":
            parts = [_polygon(it) for it in _list(coordinates)]
        case "LineString":
            parts = [_line(coordinates)]
        case "MultiLineString":
            parts = [_line(it) for it in _list(coordinates)]
        case "Point":
            parts = [Part(Kind.DOT, places([coordinates]))]
        case "MultiPoint":
            parts = [Part(Kind.POINT_SET, places(coordinates))]
        case _:
            raise NotAGeometryError
    if not parts:
        raise NotAGeometryError
    return parts


def is_upright_rectangle(points: Points) -> bool:
    """Whether four points are the corners, in turn, of a rectangle along the axes."""
    if len(points) != 4:
        return False
    x, y = points.T
    one = x[0] == x[1] and y[1] == y[2] and x[2] == x[3] and y[3] == y[0]
    other = y[0] == y[1] and x[1] == x[2] and y[2] == y[3] and x[3] == x[0]
    return bool((one or other) and x.min() < x.max() and y.min() < y.max())


def places(coordinates: object) -> Points:
    """Positions as points; a third number (z) is left out.

    Raises
    ------
    NotAGeometryError
        There are none, or one is no place.
    """
    try:
        points = as_points([(x, y) for x, y, *_ in _list(coordinates)])
    except (TypeError, ValueError, OverflowError) as error:
        raise NotAGeometryError from error
    if not len(points) or not are_places(points).all():
        raise NotAGeometryError
    return points


def _polygon(rings: object) -> Part:
    found = [opened(places(ring)) for ring in _list(rings)]
    if not found:
        raise NotAGeometryError
    outline, *holes = found
    kind = Kind.RECTANGLE if is_upright_rectangle(outline) else Kind.POLYGON
    return Part(kind, outline, tuple(holes))


def _line(coordinates: object) -> Part:
    points = places(coordinates)
    return Part(Kind.MEASUREMENT if len(points) == 2 else OPEN_LINE, points)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise NotAGeometryError
    return value
