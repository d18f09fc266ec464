"""What several areas cover together, in common, or one without the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import shapely
from shapely.geometry import MultiPolygon, Polygon

from slideviewer.annotations.model import Points
from slideviewer.annotations.operations.regions import SLIVER_PX2, Area
from slideviewer.annotations.outline import made_valid


def union(areas: Sequence[Area]) -> Area:
    """What any of them covers; areas that only touch become one."""
    return _as_area(shapely.union_all(areas))


def subtraction(area: Area, others: Sequence[Area]) -> Area:
    """What one covers and none of the others does."""
    # The function: unlike the method of the same name it lets other threads run meanwhile.
    return _as_area(shapely.difference(area, shapely.union_all(others)))


def intersection(areas: Sequence[Area]) -> Area:
    """What all of them cover."""
    return _as_area(shapely.intersection_all(areas)) if areas else Polygon()


def split(area: Area, line: Points) -> tuple[Polygon, ...]:
    """The parts that a line cuts an area into.

    Parameters
    ----------
    area : Polygon or MultiPolygon
    line : ndarray (count, 2)
        May cross the area several times, and itself; what of it ends inside cuts nothing.

    Returns
    -------
    tuple of Polygon
        The area's own parts where nothing is cut.
    """
    if len(line) < 2:
        return _parts(area)
    edges = shapely.union_all([area.boundary, shapely.LineString(line)])
    faces = shapely.get_parts(shapely.polygonize([edges]))
    # By what they cover: of a sliver no point can be told to lie inside.
    inside = shapely.area(shapely.intersection(faces, area)) > shapely.area(faces) / 2
    return tuple(face for face in faces[inside] if face.area >= SLIVER_PX2)


def _parts(area: Area) -> tuple[Polygon, ...]:
    return tuple(shapely.get_parts(area))


def _as_area(shape: shapely.Geometry) -> Area:
    """The areas in a result, which may hold points and lines where shapes only touch."""
    polygons: Iterable[Polygon] = (
        part
        for part in shapely.get_parts(shape)
        if isinstance(part, Polygon) and part.area >= SLIVER_PX2
    )
    found = list(polygons)
    return made_valid(found[0] if len(found) == 1 else MultiPolygon(found))
