"""From cells to regions: what the model marks as one piece, and what the markup lacks of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from slideviewer.annotations import Annotation, AnnotationSet, as_polygon
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import Prediction

CONNECTIVITY = 8
"""Cells that touch at a corner belong to one region, as in the Camelyon16 evaluation."""

MISSED_BELOW = 0.1
"""A region of which less than this fraction is marked counts as missed by the specialist."""


@dataclass(frozen=True, eq=False)
class Region:
    """Predicted cells that hang together.

    Attributes
    ----------
    shape : shapely.Polygon or shapely.MultiPolygon
        Level-0 pixels.
    cells : int
        How many cells it has.
    score : float
        The highest probability in it.
    mean_score : float
    """

    shape: shapely.Polygon | shapely.MultiPolygon
    cells: int
    score: float
    mean_score: float


def predicted_regions(prediction: Prediction, threshold: float | None = None) -> list[Region]:
    """Find what counts as the target, in connected pieces, the largest first.

    Parameters
    ----------
    prediction : Prediction
    threshold : float, optional
        The prediction's own by default.
    """
    scores = prediction.target_probabilities
    positive = prediction.positive_cells(threshold).astype(np.uint8)
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(positive, connectivity=CONNECTIVITY)
    regions = []
    for label, (column, row, columns, rows) in enumerate(boxes[1:, :4].tolist(), 1):
        box = slice(row, row + rows), slice(column, column + columns)
        inside = labels[box] == label
        values = scores[box][inside]
        regions.append(
            Region(
                _outline(prediction.grid, inside, (column, row)),
                int(inside.sum()),
                float(values.max()),
                float(values.mean()),
            )
        )
    return sorted(regions, key=lambda region: -region.cells)


def region_at(regions: Iterable[Region], x: float, y: float) -> Region | None:
    """The region that covers a level-0 point."""
    point = shapely.Point(x, y)
    return next((region for region in regions if region.shape.covers(point)), None)


def missed_regions(regions: Iterable[Region], markup: AnnotationSet) -> list[Region]:
    """The regions that the specialist did not mark, in the order given."""
    marked = shapely.union_all([as_polygon(a) for a in markup if _is_area(a)])
    shapely.prepare(marked)
    return [
        region
        for region in regions
        if region.shape.intersection(marked).area < MISSED_BELOW * region.shape.area
    ]


def outlines(region: Region, smoothing: float) -> list[NDArray[np.float64]]:
    """The region's outer outlines with the steps between cells rounded off.

    Parameters
    ----------
    region : Region
    smoothing : float
        How far, in level-0 pixels, the line may leave the cells' edges; a quarter of a cell
        looks natural.

    Returns
    -------
    list of ndarray (count, 2)
        One for each piece. Holes are left out, since ASAP knows none.
    """
    # Opening and closing by buffers rounds the staircase without shifting the outline as a whole.
    rounded = region.shape.buffer(smoothing).buffer(-2 * smoothing).buffer(smoothing)
    shape = rounded if not rounded.is_empty else region.shape
    pieces = shapely.get_parts(shape.simplify(smoothing / 8))
    return [np.asarray(piece.exterior.coords)[:-1] for piece in pieces]


def _is_area(annotation: Annotation) -> bool:
    return getattr(annotation.kind, "is_area", False) and len(annotation.points) > 2


def _outline(
    grid: Grid, inside: NDArray[np.bool_], top_left: tuple[int, int]
) -> shapely.Polygon | shapely.MultiPolygon:
    rows, columns = np.nonzero(inside)
    left = grid.x + (columns + top_left[0]) * grid.cell
    top = grid.y + (rows + top_left[1]) * grid.cell
    return shapely.union_all(shapely.box(left, top, left + grid.cell, top + grid.cell))
