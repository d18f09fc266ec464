"""Predicted classes as annotations, which the user edits like any others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from slideviewer.annotations.masks import HoleStyle, MaskGrid, Outlining, outlined, trace
from slideviewer.annotations.masks.nesting import TracedRegion
from slideviewer.annotations.model import Annotation, AnnotationSet, Group, as_points
from slideviewer.geometry import Rect
from slideviewer.inference.predicted_markup import source_of, with_outlines, with_steady_ids
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.inference.segmentation.overlay import colours_for
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.progress import Progress, silent

LEAST_AREA_UM2 = 100.0
"""A square of 10 µm, a cell: less is not drawn by hand either."""

TOLERANCE_PX = 0.75
"""How far outlines may leave the sides of the mask's pixels, in those pixels."""

MOST_OUTLINED_PX = 1 << 30
"""Pixels of the level that outlines are taken from."""

_Box = tuple[int, int, int, int]
"""x, y, width, height in pixels of a level."""


def mask_annotations(
    prediction: MaskPrediction,
    annotations: AnnotationSet | None = None,
    *,
    threshold: float | None = None,
    least_area_um2: float = LEAST_AREA_UM2,
    holes: HoleStyle = HoleStyle.CUT,
    progress: Progress = silent,
) -> AnnotationSet:
    """Outline what counts as each class, each in a declared group of its own name.

    Parameters
    ----------
    prediction : MaskPrediction
        Of classes that exclude each other only the class of interest is outlined: the others are
        what is around it.
    annotations : AnnotationSet, optional
        A specialist's markup, kept whole in front.
    threshold : float, optional
        As in `MaskPrediction.positive`.
    least_area_um2 : float
        Smaller regions, and holes, are left out; taken for pixels of the mask where nobody knows
        how large those are.
    holes : HoleStyle
    progress : Progress

    Returns
    -------
    AnnotationSet
        The class of interest in red.

    Raises
    ------
    AnnotationError
        Where there is far more to outline than tissue has.
    """
    level = _level_of(prediction)
    colours = colours_for(prediction.class_names, prediction.target)
    groups: list[Group] = []
    made: list[Annotation] = []
    for index, name in enumerate(prediction.class_names):
        if prediction.exclusive and index != prediction.target:
            continue
        frame = prediction.frame_at(level)
        regions = _traced(
            prediction,
            level,
            (0, 0, frame.width, frame.height),
            index,
            threshold,
            least_area_um2,
            progress,
        )
        found = _annotations(regions, frame, Group(name, colour=colours[index]), holes=holes)
        groups += found.groups.values()
        made += found
    return with_outlines(
        annotations, with_steady_ids(made, source_of(prediction.provenance)), groups
    )


def class_annotations(
    prediction: MaskPrediction,
    index: int,
    *,
    threshold: float | None = None,
    least_area_um2: float = LEAST_AREA_UM2,
    tolerance_um: float | None = None,
    within: Rect | None = None,
    group: str | None = None,
    holes: HoleStyle = HoleStyle.CUT,
    most_px: int = MOST_OUTLINED_PX,
    progress: Progress = silent,
) -> AnnotationSet:
    """Outline what counts as one class.

    Parameters
    ----------
    prediction : MaskPrediction
    index : int
        The class.
    threshold, least_area_um2, holes, progress
        As in `mask_annotations`.
    tolerance_um : float, optional
        How far outlines may leave the sides of the mask's pixels; `TOLERANCE_PX` by default, and
        where nobody knows how large pixels are.
    within : Rect, optional
        Only regions of which a pixel meets it, whole ones; level-0 pixels.
    group : str or None
        That they are put in. Holes of regions with very many lie in another one beside it.
    most_px : int
        A coarser level is outlined where there were more pixels to go through.

    Returns
    -------
    AnnotationSet
        The largest region first, and the groups that they are in.

    Raises
    ------
    AnnotationError
        Where there is far more to outline than tissue has.
    """
    colour = colours_for(prediction.class_names, prediction.target)[index]
    um = prediction.spacing_um_px
    level, area = 0, within or prediction.frame.extent
    while True:
        frame = prediction.frame_at(level)
        box = frame.box_around(area)
        if box[2] * box[3] > most_px and level + 1 < prediction.level_count:
            level += 1
            continue
        if 0 in box[2:]:
            return AnnotationSet.of()
        if within is None:
            break
        # However little of a region is seen so far, it may be large enough.
        seen = _traced(prediction, level, box, index, threshold, 0.0, progress)
        if all(_is_whole(it, box, frame) for it in seen if _meets(it, box, frame, within)):
            break
        area = area.grown(max(area.width, area.height) / 2 + frame.scale)
    regions = _traced(prediction, level, box, index, threshold, least_area_um2, progress)
    if within is not None:
        regions = [it for it in regions if _meets(it, box, frame, within)]
    tolerance_px = None
    if tolerance_um is not None and um is not None:
        tolerance_px = tolerance_um / (um / prediction.frame.scale)
    named = None if group is None else Group(group, colour=colour)
    part = frame.part(*box)
    return _annotations(regions, part, named, tolerance_px=tolerance_px, holes=holes)


def _level_of(prediction: MaskPrediction) -> int:
    """The finest level that is not too large to be outlined."""
    level = 0
    while prediction.frame_at(level).pixels > MOST_OUTLINED_PX:
        level += 1
    return level


def _traced(
    prediction: MaskPrediction,
    level: int,
    box: _Box,
    index: int,
    threshold: float | None,
    least_area_um2: float,
    progress: Progress,
) -> list[TracedRegion]:
    """The regions of a class in a box of a level, in its pixels."""
    left, top, across, down = box
    um = prediction.spacing_um_px
    pixel_um2 = 1.0 if um is None else (um * 2**level) ** 2

    def read(x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        found = prediction.read(level, left + x, top + y, width, height)
        return prediction.positive(found, threshold)[..., index].astype(np.uint8)

    return trace((across, down), read, least_area_um2 / pixel_um2, progress=progress)


def _annotations(
    regions: Iterable[TracedRegion],
    frame: MaskFrame,
    group: Group | None,
    *,
    tolerance_px: float | None = None,
    holes: HoleStyle,
) -> AnnotationSet:
    """Regions as annotations of a group, where they lie on the slide."""
    grid = MaskGrid(frame.width, frame.height, frame.scale, frame.scale)
    tolerance = TOLERANCE_PX * frame.scale if tolerance_px is None else tolerance_px
    name, known = (None, []) if group is None else (group.name, [group])
    found = outlined(regions, grid, Outlining({1: name}, tolerance, holes), known)
    placed = [replace(it, points=as_points(np.add(it.points, (frame.x, frame.y)))) for it in found]
    return AnnotationSet.of(placed, found.groups.values())


def _meets(region: TracedRegion, box: _Box, frame: MaskFrame, within: Rect) -> bool:
    """Whether a pixel of a region meets a level-0 rectangle."""
    left, top, across, down = frame.box_around(within)
    x, y = left - box[0], top - box[1]
    inner = shapely.box(x + 0.25, y + 0.25, x + across - 0.25, y + down - 0.25)
    return bool(shapely.Polygon(region.outer, region.holes).intersects(inner))


def _is_whole(region: TracedRegion, box: _Box, frame: MaskFrame) -> bool:
    """Whether a region ends within a box, or where the mask itself does."""
    left, top, across, down = box
    first, last = region.outer.min(axis=0), region.outer.max(axis=0)
    return bool(
        (first[0] > 0 or left == 0)
        and (first[1] > 0 or top == 0)
        and (last[0] < across or left + across == frame.width)
        and (last[1] < down or top + down == frame.height)
    )
