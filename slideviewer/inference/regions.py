"""From cells to regions: what the model marks as one piece, and as outlines."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from slideviewer.annotations import Points
from slideviewer.annotations.operations.regions import Area
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import Prediction

QUARTER_SEGMENTS = 4
"""Of a rounded corner: each step then lies within a fiftieth of its radius beside the arc, which is
less than is simplified away, and takes a third of the time of Shapely's sixteen."""

CONNECTIVITY = 8
"""Cells that touch at a corner belong to one region, as in the Camelyon16 evaluation."""


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

    shape: Area
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
                cells_outline(prediction.grid, inside, (column, row)),
                int(inside.sum()),
                float(values.max()),
                float(values.mean()),
            )
        )
    return sorted(regions, key=lambda region: -region.cells)


def outlines(region: Region, smoothing: float) -> list[Points]:
    """The region's outer outlines with the steps between cells rounded off.

    Parameters
    ----------
    region : Region
    smoothing : float
        As in `rounded`.

    Returns
    -------
    list of ndarray (count, 2)
        One for each piece. Holes are left out, since ASAP knows none.
    """
    pieces = shapely.get_parts(rounded(region.shape, smoothing))
    return [np.asarray(piece.exterior.coords)[:-1] for piece in pieces]


def rounded(shape: Area, smoothing: float, tolerance: float | None = None) -> Area:
    """Round off the steps between cells.

    Parameters
    ----------
    shape : Polygon or MultiPolygon
    smoothing : float
        How far, in level-0 pixels, the line may leave the cells' edges; a quarter of a cell
        looks natural.
    tolerance : float, optional
        How far vertices that are left out may have been from the line: an eighth of the smoothing
        by default.
    """
    # Opening and closing by buffers rounds the staircase without shifting the outline as a whole.
    smooth = shape
    for distance in (smoothing, -2 * smoothing, smoothing):
        smooth = shapely.buffer(smooth, distance, quad_segs=QUARTER_SEGMENTS)
    kept = smooth if not smooth.is_empty else shape
    return shapely.simplify(kept, smoothing / 8 if tolerance is None else tolerance)


def cells_outline(grid: Grid, inside: NDArray[np.bool_], top_left: tuple[int, int]) -> Area:
    """What cells cover.

    Parameters
    ----------
    grid : Grid
    inside : ndarray (rows, columns), bool
        Some of its cells, or of the cells around it.
    top_left : pair of int
        Column and row of the first of them.

    Returns
    -------
    Polygon or MultiPolygon
        Level-0 pixels.
    """
    # Cells beside each other as one box: uniting them one by one takes seconds for large regions.
    steps = np.diff(np.pad(inside, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, first = np.nonzero(steps == 1)
    _, behind = np.nonzero(steps == -1)
    left = grid.x + (first + top_left[0]) * grid.cell
    right = grid.x + (behind + top_left[0]) * grid.cell
    top = grid.y + (rows + top_left[1]) * grid.cell
    return shapely.union_all(shapely.box(left, top, right, top + grid.cell))
