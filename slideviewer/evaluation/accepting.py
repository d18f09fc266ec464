"""The predicted region at a point as an outline, ready to become markup."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import shapely

from slideviewer.annotations import Points
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.regions import CONNECTIVITY, outlines, predicted_regions


def outlines_at(prediction: Prediction, threshold: float, x: float, y: float) -> list[Points]:
    """Outline the predicted region at a level-0 point; nothing where there is none.

    A region that hangs together by threads comes as the piece nearest to the point. No other
    region is looked at: a slide may have thousands, and somebody waits for this one.

    Parameters
    ----------
    prediction : Prediction
    threshold : float
        The probability from which a cell counts as the target.
    x, y : float
        Level-0 pixels.
    """
    cell = prediction.grid.cell_at(x, y)
    positive = prediction.positive_cells(threshold).astype(np.uint8)
    if cell is None or not positive[cell[1], cell[0]]:
        return []
    _, labels = cv2.connectedComponents(positive, connectivity=CONNECTIVITY)
    is_here = labels == labels[cell[1], cell[0]]
    probabilities = np.where(is_here[..., None], prediction.probabilities, np.float32(np.nan))
    (region,) = predicted_regions(replace(prediction, probabilities=probabilities), threshold)
    point = shapely.Point(x, y)
    pieces = outlines(region, prediction.grid.cell / 4)
    return [min(pieces, key=lambda piece: shapely.distance(shapely.Polygon(piece), point))]
