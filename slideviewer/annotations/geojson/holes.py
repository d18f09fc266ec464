"""Holes, which GeoJSON has and ASAP lacks: there they are annotations of an exclusion group.

The holes of the class ``Tumor`` form the group ``Tumor (hole)`` inside ``Tumor``; those of shapes
without a class the group ``Unclassified (hole)``.
"""

from __future__ import annotations

import shapely

from slideviewer.annotations.model import Annotation, AnnotationSet, Group
from slideviewer.annotations.outline import as_polygon

HOLE_SUFFIX = " (hole)"
"""How the names of groups of holes end."""
_UNCLASSIFIED = "Unclassified"
_INSIDE = 0.5
"""A hole belongs to a shape that covers more than this part of it."""


def hole_group(group: Group | None) -> Group:
    """The exclusion group of a class, or of no class."""
    if group is None:
        return Group(_UNCLASSIFIED + HOLE_SUFFIX)
    return Group(group.name + HOLE_SUFFIX, parent=group.name, colour=group.colour)


def hole_name(name: str) -> str:
    """What a hole is called unless it has a name of its own."""
    return name + HOLE_SUFFIX


def holes_by_owner(annotations: AnnotationSet) -> dict[str, list[Annotation]]:
    """For the id of a shape the annotations that are its holes.

    A hole belongs to the smallest shape of its class that covers most of it and is larger. One
    that lies in none is nobody's, and stays an annotation of its own.
    """
    owners: dict[str, list[Annotation]] = {}
    for group in filter(is_hole_group, annotations.groups.values()):
        holes = [annotation for annotation in annotations if annotation.group == group.name]
        shapes = [annotation for annotation in annotations if annotation.group == group.parent]
        for owner, hole in _owned(shapes, holes):
            owners.setdefault(owner.id, []).append(hole)
    return owners


def is_hole_group(group: Group) -> bool:
    """Whether a group holds what is left out of the group around it, or of no group."""
    around = group.parent if group.parent is not None else _UNCLASSIFIED
    return group.name == around + HOLE_SUFFIX


def _owned(
    shapes: list[Annotation], holes: list[Annotation]
) -> list[tuple[Annotation, Annotation]]:
    areas = [as_polygon(shape) for shape in shapes]
    tree = shapely.STRtree(areas)
    pairs = []
    for hole in holes:
        area = as_polygon(hole)
        if area.is_empty:
            continue
        around = [
            index
            for index in tree.query(area, predicate="intersects").tolist()
            if shapely.intersection(areas[index], area).area > _INSIDE * area.area
            and areas[index].area > area.area
        ]
        if around:
            pairs.append((shapes[min(around, key=lambda index: areas[index].area)], hole))
    return pairs
