"""Areas and an overlay of what a tile model says, as of models that answer for each pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.maps import classes_of
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.segmentation.areas import Areas
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.inference.segmentation.overlay import (
    OVERLAY_PX,
    colours_for,
    picture_of,
    with_legend,
    with_masks,
)
from slideviewer.inference.segmentation.sheets import PictureAreas, TileAreas
from slideviewer.slide.slide import Pixels, Slide


def cell_areas(prediction: Prediction, file: str, threshold: float) -> PictureAreas:
    """Measure each cell that was looked at as wholly of its class, in level-0 pixels.

    Cells are taken to whole pixels, and as far as they lie on the slide.

    Parameters
    ----------
    prediction : Prediction
    file : str
        What the slide is called in tables.
    threshold : float
        The probability from which a cell counts as the target; else it is of the likeliest other.
    """
    names, (width, height) = prediction.class_names, _size(prediction)
    lefts, tops = _cell_edges(prediction)
    areas = class_areas(prediction, threshold)
    tiles = []
    classes = classes_of(prediction, threshold)
    rows, columns = np.nonzero(classes)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        index = int(classes[row, column]) - 1
        left, top = int(lefts[column]), int(tops[row])
        across, down = int(lefts[column + 1]) - left, int(tops[row + 1]) - top
        pixels = across * down
        own = tuple(pixels if number == index else 0 for number in range(len(names)))
        tiles.append(TileAreas(left, top, across, down, Areas(names, own, pixels, areas.pixel_um2)))
    return PictureAreas(file, width, height, areas, tuple(tiles))


def class_areas(prediction: Prediction, threshold: float) -> Areas:
    """Measure the cells of each class together; parameters as of `cell_areas`."""
    lefts, tops = _cell_edges(prediction)
    sizes = np.outer(np.diff(tops), np.diff(lefts))
    classes = classes_of(prediction, threshold)
    names, spacing = prediction.class_names, prediction.spacing_um_px
    totals = [int(sizes[classes == 1 + index].sum()) for index in range(len(names))]
    return Areas(names, tuple(totals), sum(totals), None if spacing is None else spacing**2)


def cell_overlay(slide: Slide, prediction: Prediction, areas: Areas, threshold: float) -> Pixels:
    """Paint the classes of cells over their part of the slide, with a legend.

    Of two classes the target alone is painted: the other is all the rest.

    Parameters
    ----------
    slide : Slide
    prediction : Prediction
    areas : Areas
        For the legend.
    threshold : float
        As in `cell_areas`.

    Raises
    ------
    SlideError
        Where the slide cannot be read.
    """
    grid, names, target = prediction.grid, prediction.class_names, prediction.target
    seen = grid.extent.intersection(slide.pyramid.extent)
    frame = MaskFrame.covering(seen, max(1.0, max(seen.width, seen.height) / OVERLAY_PX))
    columns = ((np.arange(frame.width) + 0.5) * frame.scale / grid.cell).astype(int)
    rows = ((np.arange(frame.height) + 0.5) * frame.scale / grid.cell).astype(int)
    classes = classes_of(prediction, threshold)[
        np.minimum(rows, grid.rows - 1)[:, None], np.minimum(columns, grid.columns - 1)[None, :]
    ]
    colours = colours_for(names, target)
    painted = [target] if len(names) == 2 else range(len(names))
    masks = np.stack([classes == 1 + index for index in painted], axis=2)
    picture = with_masks(picture_of(slide, frame), masks, [colours[index] for index in painted])
    lines = [
        (line, colours[index] if index in painted else None)
        for index, line in enumerate(areas.lines())
    ]
    return with_legend(picture, lines)


def _size(prediction: Prediction) -> tuple[int, int]:
    extent = prediction.grid.extent
    return prediction.slide_size or (round(extent.right), round(extent.bottom))


def _cell_edges(prediction: Prediction) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The left edges of columns and the top edges of rows, and the ends of the last ones."""
    grid, (width, height) = prediction.grid, _size(prediction)
    lefts = _edges(grid.x, grid.cell, grid.columns, width)
    return lefts, _edges(grid.y, grid.cell, grid.rows, height)


def _edges(start: float, cell: float, count: int, most: int) -> NDArray[np.int64]:
    """Where cells begin and the last one ends, in whole pixels on the slide."""
    edges = np.round(start + np.arange(count + 1) * cell).astype(np.int64)
    return np.clip(edges, 0, most)
