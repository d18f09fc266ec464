"""What the markup becomes where a finding is accepted: there it says what the first side does."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from slideviewer.annotations import Annotation, AnnotationSet, Kind, as_points, as_polygon
from slideviewer.annotations.operations.combining import intersection, subtraction, union
from slideviewer.annotations.operations.regions import Area
from slideviewer.evaluation.findings.findings import FindingKind, Findings
from slideviewer.evaluation.findings.opinions import Opinions, marking_labels
from slideviewer.inference.grid import Grid
from slideviewer.inference.regions import cells_outline, rounded

SMOOTHING_CELLS = 0.25
"""How far an outline may leave its cells' edges."""

_MARGIN = 3
"""Cells around a finding that are looked at, so that outlines are rounded there as elsewhere."""

_GONE_BELOW = 0.02
"""Of an annotation from which a whole lesion is taken, less than this is what cells leave over."""

BECOMES_NEW = (FindingKind.PREDICTED, FindingKind.UNCERTAIN)
"""Kinds that no annotation stands for yet."""


@dataclass(frozen=True, eq=False)
class Change:
    """An annotation and the area that it is to cover; an empty one takes it away.

    Attributes
    ----------
    annotation : Annotation
        One of the markup, or a new one.
    area : Polygon or MultiPolygon
        Level-0 pixels.
    """

    annotation: Annotation
    area: Area


def accepted(
    findings: Findings,
    index: int,
    opinions: Opinions,
    threshold: float,
    markup: AnnotationSet,
    group: str | None,
    groups: Collection[str | None] | None = None,
    name: Callable[[], str] | None = None,
) -> list[Change]:
    """Make the markup say what the first side does.

    What only that side has becomes an annotation, or part of the one that it goes beyond; what it
    lacks is cut from those that have it.

    Parameters
    ----------
    findings, index
        The finding.
    opinions : Opinions
    threshold : float
        As it was found with.
    markup : AnnotationSet
    group : str or None
        For a new annotation.
    groups : collection of (str or None), optional
        Groups that may be changed; as in `marked_share`, all by default.
    name : callable, optional
        Says the name of a new annotation, where there is one; the markup's next one by default.

    Returns
    -------
    list of Change
        Empty where the markup has nothing that could say so.
    """
    kind = FindingKind(int(findings.kinds[index]))
    own = _shape_of(findings, index)

    def new() -> Change:
        called = (name or markup.next_name)()
        area = rounded(own, SMOOTHING_CELLS * findings.grid.cell)
        return Change(Annotation(called, Kind.POLYGON, as_points([]), group), area)

    if kind in BECOMES_NEW:
        return [new()]
    near = _near(own, markup, groups)
    if kind == FindingKind.MARKED:
        changes = (
            _without_lesion(annotation, area, own, findings.grid.cell, left_out)
            for annotation, area in near
            for left_out in [_near(area, markup, groups, are_left_out=True)]
        )
        return list({it.annotation.id: it for part in changes for it in part}.values())
    # One cell more: between the last cell that counts and the outline may lie as much as that.
    reach = shapely.buffer(own, findings.grid.cell, cap_style="square", join_style="mitre")
    predicted = _predicted_around(findings, index, opinions, threshold)
    if kind == FindingKind.BEYOND_PREDICTION:
        cut = subtraction(reach, [predicted])
        return [Change(annotation, subtraction(area, [cut])) for annotation, area in near]
    addition = intersection([predicted, reach])
    # What meets marked cells in a corner alone may lie beside no outline.
    return _with_addition(addition, own, reach, markup, groups) or [new()]


def lesion_of(
    findings: Findings,
    index: int,
    markup: AnnotationSet,
    groups: Collection[str | None] | None = None,
) -> list[Annotation]:
    """The annotations that draw what a finding lies on.

    Parameters
    ----------
    findings, index, markup, groups
        As in `accepted`.
    """
    return [annotation for annotation, _ in _near(_shape_of(findings, index), markup, groups)]


def _with_addition(
    addition: Area,
    own: Area,
    reach: Area,
    markup: AnnotationSet,
    groups: Collection[str | None] | None,
) -> list[Change]:
    """What grows by an addition, and the holes in it that shrink."""
    holes = _near(own, markup, groups, are_left_out=True)
    changes = [Change(hole, subtraction(area, [addition])) for hole, area in holes]
    near = _near(reach, markup, groups)
    if near:
        shared = [shapely.intersection(area, reach).area for _, area in near]
        annotation, area = near[int(np.argmax(shared))]
        is_covered = shapely.difference(addition, area).area < _GONE_BELOW * addition.area
        if not (holes and is_covered):
            changes.insert(0, Change(annotation, union([area, addition])))
    return changes


def _shape_of(findings: Findings, index: int) -> Area:
    column, row = findings.boxes[index, :2].tolist()
    return cells_outline(findings.grid, findings.inside(index), (column, row))


def _near(
    shape: Area,
    markup: AnnotationSet,
    groups: Collection[str | None] | None,
    *,
    are_left_out: bool = False,
) -> list[tuple[Annotation, Area]]:
    """The annotations that mark some of a shape, or are left out of it, with what they cover."""
    labels, wanted = marking_labels(markup, groups), 0 if are_left_out else 1
    left, top, right, bottom = shape.bounds
    found = []
    for annotation in markup:
        bounds = annotation.bounds
        if not getattr(annotation.kind, "is_area", False) or bounds is None:
            continue
        if labels.of(markup, annotation.group) != wanted:
            continue
        apart_x = bounds.right < left or bounds.x > right
        if not apart_x and bounds.bottom >= top and bounds.y <= bottom:
            area = as_polygon(annotation)
            if shapely.intersection(area, shape).area > 0:
                found.append((annotation, area))
    return found


def _without_lesion(
    annotation: Annotation,
    area: Area,
    lesion: Area,
    cell: float,
    left_out: list[tuple[Annotation, Area]],
) -> list[Change]:
    """An annotation without a lesion, and without the rims that cells leave over of it.

    Where nothing else is left, what was left out of it goes as well.
    """
    left = subtraction(area, [shapely.buffer(lesion, 1e-3 * np.sqrt(lesion.area))])
    holes = shapely.union_all([hole for _, hole in left_out])
    parts = [
        part
        for part in shapely.get_parts(left)
        if not shapely.buffer(shapely.difference(part, holes), -cell / 2).is_empty
    ]
    if parts and left.area >= _GONE_BELOW * area.area:
        return [Change(annotation, shapely.union_all(parts))]
    nothing = shapely.Polygon()
    inner = [it for it, hole in left_out if shapely.covers(area, hole)]
    return [Change(it, nothing) for it in (annotation, *inner)]


def _predicted_around(findings: Findings, index: int, opinions: Opinions, threshold: float) -> Area:
    """What is predicted in and around a finding, rounded."""
    column, row, columns, rows = findings.boxes[index].tolist()
    left, top = max(0, column - _MARGIN), max(0, row - _MARGIN)
    part = opinions.scores[top : row + rows + _MARGIN, left : column + columns + _MARGIN]
    inside: NDArray[np.bool_] = np.nan_to_num(part, nan=0.0) >= np.float32(threshold)
    shape = _outside_too(findings.grid, inside, (left, top))
    return rounded(shape, SMOOTHING_CELLS * findings.grid.cell)


def _outside_too(grid: Grid, inside: NDArray[np.bool_], place: tuple[int, int]) -> Area:
    """The outline of cells whose margin goes on outwards, lest the window's edge be rounded."""
    more = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    return cells_outline(grid, more.astype(np.bool_), (place[0] - 1, place[1] - 1))
