"""A prediction as pictures that lie on the slide: a likelihood map for ASAP, a mask of classes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.errors import PredictionError
from slideviewer.inference.prediction import Prediction
from slideviewer.slide.map_writing import write_map

MOST_PX = 1 << 26
"""A map is coarser where it would have more pixels: 256 MiB in memory."""

_PARTS_OF_A_CELL = 8
"""So many pixels of a map there are across a cell at least, as far as `MOST_PX` allows."""


def map_scale(prediction: Prediction) -> int:
    """Level-0 pixels per pixel of the prediction's maps, across and down: a power of two."""
    width, height = _slide_size(prediction)
    scale = 1
    while scale * 2 * _PARTS_OF_A_CELL <= prediction.grid.cell or (
        (width // scale) * (height // scale) > MOST_PX
    ):
        scale *= 2
    while scale > min(width, height):
        scale //= 2
    return scale


def likelihood_map(prediction: Prediction) -> NDArray[np.float32]:
    """The target's probability under the centre of each pixel of a map; 0 where nobody looked.

    Returns
    -------
    ndarray (slide height // scale, slide width // scale), float32
    """
    return _spread(prediction, np.nan_to_num(prediction.target_probabilities, nan=0.0))


def classes_of(prediction: Prediction, threshold: float) -> NDArray[np.uint8]:
    """The class of each cell.

    Returns
    -------
    ndarray (rows, columns), uint8
        0 where nobody looked, else 1 + the index of the target where it is likely enough, and of
        the likeliest other class where it is not.
    """
    looked_at = ~np.isnan(prediction.target_probabilities)
    others = np.nan_to_num(prediction.probabilities, nan=-1.0)
    others[:, :, prediction.target] = -1
    classes = np.where(
        prediction.positive_cells(threshold), prediction.target, others.argmax(axis=2)
    )
    return np.where(looked_at, 1 + classes, 0).astype(np.uint8)


def class_map(prediction: Prediction, threshold: float) -> NDArray[np.uint8]:
    """The class under the centre of each pixel of a map, as of `classes_of`.

    Returns
    -------
    ndarray (slide height // scale, slide width // scale), uint8
    """
    return _spread(prediction, classes_of(prediction, threshold))


def write_likelihood_map(prediction: Prediction, path: Path) -> None:
    """Write the `likelihood_map` as ASAP opens it beside a slide: a pyramid of float values.

    ASAP lays a map on its slide by the whole part of the quotient of their sides, which must be
    the same across and down (VisualizationWorkstationExtensionPlugin.cpp); with a power of two as
    scale and sides rounded down it is.

    Raises
    ------
    PredictionError
        Where the prediction does not say how large its slide is.
    SlideError
        Where the file cannot be written.
    """
    note = {"kind": "slideviewer likelihood map", **_note(prediction)}
    _write(prediction, path, likelihood_map(prediction), note)


def write_class_mask(prediction: Prediction, threshold: float, path: Path) -> None:
    """Write the `class_map` as a pyramid of labels; errors as of `write_likelihood_map`."""
    labels = {name: 1 + index for index, name in enumerate(prediction.class_names)}
    note = {"kind": "slideviewer class map", **_note(prediction), "labels": labels}
    _write(prediction, path, class_map(prediction, threshold), note)


def _write(
    prediction: Prediction,
    path: Path,
    values: NDArray[np.float32] | NDArray[np.uint8],
    note: dict[str, object],
) -> None:
    spacing = prediction.spacing_um_px
    write_map(
        path,
        values,
        description=json.dumps(note),
        spacing_um_px=None if spacing is None else spacing * map_scale(prediction),
    )


def _note(prediction: Prediction) -> dict[str, object]:
    return {
        "research_use": RESEARCH_USE_ONLY,
        "size": _slide_size(prediction),
        "scale": map_scale(prediction),
        "target": prediction.class_names[prediction.target],
    }


def _spread(prediction: Prediction, cells: NDArray) -> NDArray:  # type: ignore[type-arg]
    """Give each pixel of a map what stands in the cell under its centre, 0 beside the grid."""
    scale, (width, height) = map_scale(prediction), _slide_size(prediction)
    grid = prediction.grid
    columns = _cells_under(grid.x, grid.cell, grid.columns, width // scale, scale)
    rows = _cells_under(grid.y, grid.cell, grid.rows, height // scale, scale)
    # A column and a row of zeros stand for what lies beside the grid.
    return np.pad(cells, ((0, 1), (0, 1)))[np.ix_(rows, columns)]


def _cells_under(
    start: float, cell: float, count: int, pixels: int, scale: int
) -> NDArray[np.intp]:
    centres = (np.arange(pixels) + 0.5) * scale
    places = np.floor((centres - start) / cell).astype(np.intp)
    return np.where((places >= 0) & (places < count), places, count)


def _slide_size(prediction: Prediction) -> tuple[int, int]:
    size = prediction.slide_size
    if size is None:
        raise PredictionError(
            "The prediction does not say how large its slide is, so no map can be laid on it.",
            remedy="Predict the slide again.",
        )
    return size
