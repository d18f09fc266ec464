"""Predicted regions that the markup lacks."""

from __future__ import annotations

from collections.abc import Iterable

import shapely

from slideviewer.annotations import Annotation, AnnotationSet, as_polygon
from slideviewer.inference.regions import Region

MISSED_BELOW = 0.1
"""A region of which less than this fraction is marked counts as missed by the specialist."""


def missed_regions(regions: Iterable[Region], markup: AnnotationSet) -> list[Region]:
    """The regions that the specialist did not mark, in the order given."""
    marked = shapely.union_all([as_polygon(a) for a in markup if _is_area(a)])
    shapely.prepare(marked)
    return [
        region
        for region in regions
        if shapely.intersection(region.shape, marked).area < MISSED_BELOW * region.shape.area
    ]


def _is_area(annotation: Annotation) -> bool:
    return getattr(annotation.kind, "is_area", False) and len(annotation.points) > 2
