"""From annotations to GeoJSON geometries that QuPath accepts, and telling whether two agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import shapely
from shapely.geometry import LineString, MultiPoint, MultiPolygon, Point, Polygon

from slideviewer.annotations.geojson.geometry import Part
from slideviewer.annotations.model import Annotation, Kind, Points, are_places, as_points
from slideviewer.annotations.outline import made_valid, outline

GRID_PX = 0.01
"""QuPath writes two decimals, and so do we."""
_FARTHEST_PX = 1e9
"""No slide is a millionth as wide; beyond, polygons cannot be repaired to two decimals."""
_AGREEMENT_PX = 0.02
"""How far corners may lie apart that were rounded twice."""

Shape: TypeAlias = Polygon | MultiPolygon | LineString | MultiPoint | Point


def shape_of(annotation: Annotation, holes: Sequence[Annotation] = ()) -> Shape | None:
    """The geometry of an annotation, valid and rounded; None where it has no vertices.

    Parameters
    ----------
    annotation : Annotation
    holes : sequence of Annotation
        Areas to be left out of it.
    """
    corners = rounded(annotation.points)
    if not len(corners):
        return None
    if annotation.kind in (Kind.POLYGON, Kind.SPLINE, Kind.RECTANGLE):
        area = _area(_drawn(annotation), [_drawn(hole) for hole in holes])
        if area is not None:
            return area
    if annotation.kind == Kind.POINT_SET:
        return MultiPoint(corners)
    return Point(corners[0]) if len(corners) == 1 else LineString(corners)


def shape_from(parts: Sequence[Part]) -> Shape | None:
    """The shape of what was read of a geometry; None where it is of several kinds."""
    if all(part.kind in (Kind.POLYGON, Kind.RECTANGLE) and len(part.points) > 2 for part in parts):
        rings = [[hole for hole in part.holes if len(hole) > 2] for part in parts]
        found = [Polygon(part.points, it) for part, it in zip(parts, rings, strict=True)]
        return found[0] if len(found) == 1 else MultiPolygon(found)
    if len(parts) != 1:
        return None
    points = parts[0].points
    if parts[0].kind == Kind.POINT_SET:
        return MultiPoint(points)
    return Point(points[0]) if len(points) == 1 else LineString(points)


def agree(first: Shape, second: Shape) -> bool:
    """Whether two shapes are the same but for rounding, and where and which way rings begin."""
    corners = max(shapely.get_num_coordinates(first), shapely.get_num_coordinates(second))
    return bool(
        first.geom_type == second.geom_type
        and np.allclose(first.bounds, second.bounds, rtol=0, atol=_AGREEMENT_PX)
        and abs(first.length - second.length) <= _AGREEMENT_PX * corners
        and abs(first.area - second.area) <= _AGREEMENT_PX * first.length
    )


def geometry_of(shape: Shape) -> dict[str, object]:
    """A shape as a GeoJSON geometry."""
    coordinates: object
    match shape:
        case Polygon():
            coordinates = _rings(shape)
        case MultiPolygon():
            coordinates = [_rings(part) for part in shape.geoms]
        case Point():
            coordinates = _positions(shape)[0]
        case MultiPoint():
            coordinates = [_positions(point)[0] for point in shape.geoms]
        case _:
            coordinates = _positions(shape)
    return {"type": shape.geom_type, "coordinates": coordinates}


def rounded(points: Points) -> Points:
    """Those of some points that are places, with two decimals."""
    return as_points(np.round(points[are_places(points)], 2))


def _drawn(annotation: Annotation) -> Points:
    """The outline around the rounded vertices, so that these alone give the very same again."""
    return rounded(outline(replace(annotation, points=rounded(annotation.points))))


def _area(points: Points, holes: Sequence[Points]) -> Polygon | MultiPolygon | None:
    """The area inside an outline and outside its holes; None where nothing is left of it."""
    if len(points) < 3 or np.abs(points).max() > _FARTHEST_PX:
        return None
    rings = [hole for hole in holes if len(hole) >= 3]
    as_drawn = Polygon(points, rings)
    if shapely.is_valid(as_drawn):
        return as_drawn
    area = made_valid(Polygon(points))
    if rings:
        inner = shapely.union_all([made_valid(Polygon(ring)) for ring in rings])
        area = shapely.difference(area, inner)
    return _on_grid(area)


def _on_grid(area: Polygon | MultiPolygon) -> Polygon | MultiPolygon | None:
    """The area with corners of two decimals; rounding alone could make it cross itself again."""
    snapped = made_valid(shapely.set_precision(area, GRID_PX))
    # The grid's multiples are not the very numbers that two decimals give.
    rounded = shapely.transform(snapped, lambda corners: np.round(corners, 2))
    parts = shapely.get_parts(rounded)
    parts = parts[shapely.is_valid(parts) & (shapely.area(parts) > 0)].tolist()
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _rings(polygon: Polygon) -> list[list[list[float]]]:
    return [_positions(ring) for ring in (polygon.exterior, *polygon.interiors)]


def _positions(shape: Shape) -> list[list[float]]:
    positions: list[list[float]] = shapely.get_coordinates(shape).tolist()
    return positions
