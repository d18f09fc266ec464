"""Whether an outline crosses itself."""

from __future__ import annotations

import shapely

from slideviewer.annotations.model import Annotation, Points
from slideviewer.annotations.operations.regions import regions_of
from slideviewer.annotations.outline import as_polygon, outline


def crosses_itself(annotation: Annotation) -> bool:
    """Whether the outline of an area crosses or covers itself.

    One that leads into holes and back along the same lines does not: it is as it should be.

    Parameters
    ----------
    annotation : Annotation
        Of a kind that encloses an area.
    """
    points = outline(annotation)
    if len(points) < 3 or shapely.is_valid(shapely.Polygon(points)):
        return False
    regions = regions_of(as_polygon(annotation))
    if len(regions) != 1 or not regions[0].holes:
        return True
    rings = (regions[0].outer, *regions[0].holes)
    return set().union(*map(_places, rings)) != _places(points)


def _places(points: Points) -> set[tuple[float, float]]:
    return {(x, y) for x, y in points.tolist()}
