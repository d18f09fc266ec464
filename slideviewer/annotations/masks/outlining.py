"""Annotations made of the regions of a mask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import shapely

from slideviewer.annotations.geojson.holes import hole_group, hole_name
from slideviewer.annotations.masks.grid import MaskGrid
from slideviewer.annotations.masks.nesting import Corners, TracedRegion
from slideviewer.annotations.model import Annotation, AnnotationSet, Group, Kind, Points, as_points
from slideviewer.annotations.operations.regions import Region, cut_open

COLOURS = (
    *("#E69F00", "#56B4E9", "#009E73", "#F0E442"),
    *("#0072B2", "#D55E00", "#CC79A7", "#999999"),
)
"""Of new groups, in turn: told apart by colour-blind eyes, too (Okabe and Ito, "Color universal
design", 2008)."""


MOST_CUT = 100
"""Holes of one region that are cut open; those of regions with more become annotations, for each
cut looks for the nearest of all that are left."""


class HoleStyle(StrEnum):
    """What becomes of a hole, for which ASAP's files have no word."""

    GROUP = "group"
    """An annotation of the group ``<group> (hole)``, which is painted as background."""
    CUT = "cut"
    """The outline goes in to it and back along a cut of no width."""


@dataclass(frozen=True)
class Outlining:
    """How regions of a mask become annotations.

    Attributes
    ----------
    groups : mapping of int to (str or None)
        The group of each label, None for no group; the others' is called ``Label N``. Labels with
        an empty name are left out.
    tolerance_px : float
        How far an outline may leave the sides of the pixels to need fewer vertices, in level-0
        pixels; 0 keeps every corner.
    holes : HoleStyle
    """

    groups: Mapping[int, str | None] = field(default_factory=dict)
    tolerance_px: float = 0.0
    holes: HoleStyle = HoleStyle.GROUP

    def group_of(self, label: int) -> str | None:
        """The name of a label's group, None for no group; empty where it is to be left out."""
        return self.groups.get(label, f"Label {label}")


def outlined(
    regions: Iterable[TracedRegion],
    grid: MaskGrid,
    outlining: Outlining,
    known: Sequence[Group] = (),
) -> AnnotationSet:
    """Make annotations of regions.

    Parameters
    ----------
    regions : iterable of TracedRegion
    grid : MaskGrid
        Where the mask lies on the slide.
    outlining : Outlining
    known : sequence of Group
        Of those the result takes the groups of these names as they are.

    Returns
    -------
    AnnotationSet
        Polygons in the order of the regions, each before its holes; only the groups in use.
    """
    declared = {group.name: group for group in known}
    used: dict[str, Group] = {}
    made: list[Annotation] = []
    numbers: dict[str | None, int] = {}
    for region in regions:
        name = outlining.group_of(region.label)
        if name == "":
            continue
        group = None
        if name is not None:
            colour = COLOURS[len(used) % len(COLOURS)]
            group = used.setdefault(name, declared.get(name, Group(name, colour=colour)))
        for shape in _shapes(region, grid, outlining):
            numbers[name] = numbers.get(name, 0) + 1
            words = f"{name or 'Annotation'} {numbers[name]}"
            if outlining.holes == HoleStyle.CUT and len(shape.holes) <= MOST_CUT:
                made.append(_polygon(words, cut_open(shape), group))
                continue
            made.append(_polygon(words, shape.outer, group))
            if shape.holes:
                around = hole_group(group)
                around = used.setdefault(around.name, declared.get(around.name, around))
                made += (_polygon(hole_name(words), hole, around) for hole in shape.holes)
    return AnnotationSet.of(made, used.values())


def _polygon(name: str, points: Points, group: Group | None) -> Annotation:
    if group is None:
        return Annotation(name, Kind.POLYGON, points)
    return Annotation(name, Kind.POLYGON, points, group.name, group.colour)


def _shapes(region: TracedRegion, grid: MaskGrid, outlining: Outlining) -> Iterator[Region]:
    """The region in level-0 pixels: one shape, or none where nothing is left of it."""

    def placed(corners: Corners) -> Points:
        return grid.to_level_0(as_points(corners))

    outer, holes = placed(region.outer), tuple(placed(hole) for hole in region.holes)
    if outlining.tolerance_px <= 0:
        yield Region(outer, holes)
        return
    exact = shapely.Polygon(outer, holes)
    for part in shapely.get_parts(shapely.simplify(exact, outlining.tolerance_px)):
        if isinstance(part, shapely.Polygon) and not part.is_empty:
            yield Region(
                as_points(part.exterior.coords[:-1]),
                tuple(as_points(hole.coords[:-1]) for hole in part.interiors),
            )
