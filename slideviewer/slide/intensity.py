"""How light a slide is inside annotations."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Kind,
    Points,
    as_points,
    outline,
)
from slideviewer.annotations.masks import Labels, MaskGrid, MaskPainting
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide.slide import Slide

MOST_PX = 1_000_000
"""Pixels that are enough for a mean; a shape is looked at in the finest level that has no more."""

BLOCK_PX = 1024
"""Side of the squares read at a time, where even the coarsest level has more."""

POINTS = (Kind.DOT, Kind.POINT_SET)


def mean_intensity(slide: Slide, annotation: Annotation, progress: Progress = silent) -> float:
    """The mean of the pixels inside an annotation.

    Parameters
    ----------
    slide : Slide
        Its pixels as `read_region` gives them, without anything that is done for the screen.
    annotation : Annotation
        Of areas the pixels whose centre lies inside are taken, of points those under them.
    progress : Progress
        Called after each block, so that what is large can be cancelled.

    Returns
    -------
    float
        From 0 (black) to 255 (white), over red, green and blue alike; NaN where no pixel is
        inside, or the shape encloses none.

    Raises
    ------
    SlideError
        Where the slide is damaged there.
    """
    if annotation.kind in POINTS:
        level, blocks = 0, _points(slide, annotation.points)
    elif isinstance(annotation.kind, Kind) and annotation.kind.is_area:
        level = level_of(slide, annotation)
        blocks = _inside(slide, annotation, level)
    else:
        return math.nan
    total, count = 0.0, 0
    for box, inside in blocks:
        pixels = slide.read_region(level, *box)[inside]
        total += float(pixels.sum(dtype=np.float64))
        count += pixels.size
        progress(Step(0, 0, "Measuring intensity"))
    return total / count if count else math.nan


def level_of(slide: Slide, annotation: Annotation) -> int:
    """The level to look at a shape in."""
    pyramid = slide.pyramid
    bounds = annotation.bounds
    if bounds is None:
        return 0
    seen = bounds.intersection(pyramid.extent)
    area_px = seen.width * seen.height
    fit = (i for i, at in enumerate(pyramid.levels) if area_px / at.downsample**2 <= MOST_PX)
    return next(fit, len(pyramid.levels) - 1)


Box = tuple[int, int, int, int]
"""Left, top, width and height, in pixels of a level."""


def _inside(
    slide: Slide, annotation: Annotation, level: int
) -> Iterator[tuple[Box, NDArray[np.bool_]]]:
    """The blocks of a level that hold pixels inside a shape, and which these are."""
    at = slide.pyramid.levels[level]
    scale = np.array([at.width / slide.pyramid.width, at.height / slide.pyramid.height])
    curve = outline(annotation) * scale
    curve = curve[np.isfinite(curve).all(axis=1)]
    if len(curve) < 3:
        return
    size = np.array([at.width, at.height])
    left, top = np.clip(np.floor(curve.min(axis=0)), 0, size).astype(int).tolist()
    right, bottom = np.clip(np.ceil(curve.max(axis=0)), 0, size).astype(int).tolist()
    if right <= left or bottom <= top:
        return
    shape = Annotation("", Kind.POLYGON, as_points(curve - (left, top)))
    grid = MaskGrid(right - left, bottom - top)
    painting = MaskPainting(AnnotationSet.of([shape]), Labels({None: 1}), grid)
    for y in range(0, grid.height, BLOCK_PX):
        height = min(BLOCK_PX, grid.height - y)
        for number, tile in enumerate(painting.tiles(y, height, BLOCK_PX)):
            inside = tile != 0
            if inside.any():
                box = (left + number * BLOCK_PX, top + y, tile.shape[1], height)
                yield box, inside


def _points(slide: Slide, points: Points) -> Iterator[tuple[Box, NDArray[np.bool_]]]:
    one = np.ones((1, 1), np.bool_)
    for x, y in points[np.isfinite(points).all(axis=1)].tolist():
        if slide.pyramid.extent.contains(x, y):
            yield (math.floor(x), math.floor(y), 1, 1), one
