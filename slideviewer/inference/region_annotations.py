"""Predicted regions as annotations, which the user edits like any others."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from slideviewer.annotations.asap import with_asap_attributes
from slideviewer.annotations.model import Annotation, Kind
from slideviewer.annotations.operations.regions import cut_open, regions_of
from slideviewer.geometry import Rect
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.prediction_group import COLOUR, GROUP
from slideviewer.inference.regions import predicted_regions, rounded

SMOOTHING_CELLS = 0.25
"""How far an outline may leave its cells' edges: more would shrink regions of one cell."""


def region_annotations(
    prediction: Prediction,
    threshold: float | None = None,
    *,
    least_area_um2: float = 0.0,
    tolerance_um: float | None = None,
    within: Rect | None = None,
    group: str | None = GROUP,
) -> list[Annotation]:
    """Outline what counts as the target, cells that touch as one region, the largest first.

    Parameters
    ----------
    prediction : Prediction
    threshold : float, optional
        The prediction's own by default.
    least_area_um2 : float
        Smaller regions are left out. Of no effect where nobody knows how large pixels are.
    tolerance_um : float, optional
        How far vertices that are left out may have been from the outline; a thirty-second of a
        cell by default.
    within : Rect, optional
        Only regions that meet it, whole ones; level-0 pixels.
    group : str or None
        That they are put in; whoever adds them declares it.

    Returns
    -------
    list of Annotation
        Polygons named by class and number, with ``label`` and ``score`` (the mean probability).
        Holes stay open by a cut of no width, since ASAP knows none.
    """
    spacing = prediction.spacing_um_px
    smoothing = SMOOTHING_CELLS * prediction.grid.cell
    tolerance = None if tolerance_um is None or spacing is None else tolerance_um / spacing
    least_px2 = least_area_um2 / spacing**2 if spacing is not None else 0.0
    label = prediction.class_names[prediction.target]
    seen = prediction if within is None else _touching(prediction, threshold, within)
    made: list[Annotation] = []
    for region in predicted_regions(seen, threshold):
        if region.shape.area < least_px2:
            break  # the largest come first
        for part in regions_of(rounded(region.shape, smoothing, tolerance)):
            name = f"{label} {len(made) + 1} ({region.mean_score:.2f})"
            polygon = Annotation(name, Kind.POLYGON, cut_open(part), group, COLOUR)
            facts = {"label": label, "score": f"{region.mean_score:.4f}"}
            made.append(with_asap_attributes(polygon, facts))
    return made


def _touching(prediction: Prediction, threshold: float | None, within: Rect) -> Prediction:
    """Leave only regions of which a cell meets a rectangle."""
    grid = prediction.grid
    positive = prediction.positive_cells(threshold).astype(np.uint8)
    count, labels = cv2.connectedComponents(positive, connectivity=8)
    columns = grid.x + np.arange(grid.columns) * grid.cell
    rows = grid.y + np.arange(grid.rows) * grid.cell
    across = (columns < within.right) & (columns + grid.cell > within.x)
    down = (rows < within.bottom) & (rows + grid.cell > within.y)
    is_wanted = np.zeros(count, np.bool_)
    is_wanted[np.unique(labels[np.ix_(down, across)])] = True
    is_wanted[0] = False
    kept = np.where(is_wanted[labels][..., None], prediction.probabilities, np.float32(np.nan))
    return replace(prediction, probabilities=kept)
