"""What annotations become when another area takes the place of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from shapely.geometry import Polygon

from slideviewer.annotations.asap.kept import asap_attributes, with_asap_attributes
from slideviewer.annotations.geojson.holes import hole_group, hole_name
from slideviewer.annotations.masks.outlining import HoleStyle
from slideviewer.annotations.model import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    Points,
    as_points,
)
from slideviewer.annotations.operations.regions import (
    Area,
    Region,
    cut_open,
    regions_of,
    turns_left,
)

_STARTS = 8
"""Vertices of an outline that are looked for in what became of it."""


@dataclass(frozen=True)
class Result:
    """What one annotation becomes.

    Attributes
    ----------
    shapes : tuple of Annotation
        One for each connected part of the area, the largest first; none where it is empty.
    holes : tuple of Annotation
        Those of the exclusion group.
    groups : tuple of Group
        The exclusion group, where there are holes in it.
    """

    shapes: tuple[Annotation, ...]
    holes: tuple[Annotation, ...] = ()
    groups: tuple[Group, ...] = ()


def parts_of(area: Area) -> tuple[Region, ...]:
    """The connected parts of an area, the largest first; slivers are left out."""
    return tuple(sorted(regions_of(area), key=_extent, reverse=True))


def hole_count(parts: Sequence[Region]) -> int:
    """How many holes an area has that can be seen."""
    return sum(len(region.holes) for region in parts)


def result_of(
    parts: Sequence[Region], like: Annotation, annotations: AnnotationSet, holes: HoleStyle
) -> Result:
    """Make annotations of an area.

    Parameters
    ----------
    parts : sequence of Region
        See `parts_of`.
    like : Annotation
        Gives name, group and colour. The largest part of the area takes its identity and all
        that its file said of it; the others take its attributes.
    annotations : AnnotationSet
        Where its group is declared, and an exclusion group may be already.
    holes : HoleStyle
        What becomes of holes.
    """
    as_group = holes == HoleStyle.GROUP
    shapes = [_part(region, like, number, as_group) for number, region in enumerate(parts, start=1)]
    if not as_group or not any(region.holes for region in parts):
        return Result(tuple(shapes))
    wanted = hole_group(annotations.groups.get(like.group) if like.group is not None else None)
    group = annotations.groups.get(wanted.name, wanted)
    left_out = [
        Annotation(
            hole_name(shape.name), Kind.POLYGON, hole, group.name, group.colour, origin=like.origin
        )
        for shape, region in zip(shapes, parts, strict=True)
        for hole in region.holes
    ]
    return Result(tuple(shapes), tuple(left_out), (group,))


def _part(region: Region, like: Annotation, number: int, as_group: bool) -> Annotation:
    points = region.outer if as_group else cut_open(region)
    if number == 1:
        return replace(like, kind=Kind.POLYGON, points=_begun_as(points, like.points))
    name = f"{like.name} ({number})"
    part = Annotation(name, Kind.POLYGON, points, like.group, like.colour, origin=like.origin)
    attributes = asap_attributes(like)
    return with_asap_attributes(part, attributes) if attributes else part


def _begun_as(ring: Points, former: Points) -> Points:
    """The same outline, from the vertex on and in the direction in which it was drawn before.

    Of one that stays as it is but for a stretch, only the stretch is another one then: the journal
    of edits has little to write.
    """
    if len(former) < 3 or len(ring) < 3:
        return ring
    for start in range(0, len(former), max(1, len(former) // _STARTS)):
        places = np.flatnonzero((ring == former[start]).all(axis=1))
        if len(places):
            begun = np.roll(ring, start - places[0], axis=0)
            if turns_left(begun) != turns_left(former):
                begun = np.roll(begun[::-1], 2 * start + 1, axis=0)
            return as_points(begun)
    return ring


def _extent(region: Region) -> float:
    return float(Polygon(region.outer).area)
