"""Lesions as points with a probability, as the Camelyon16 evaluation wants them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slideviewer.files import replacing_text
from slideviewer.inference.prediction import Prediction

RADIUS_UM = 187.0
"""Two points are never nearer: 6 cells of 128 px at 0.243 µm, as in NCRF (Li and Ping 2018,
arXiv:1806.07064), whose detections this follows."""

LEAST_PROBABILITY = 0.5


@dataclass(frozen=True)
class Lesion:
    """A point; x and y in level-0 pixels."""

    probability: float
    x: float
    y: float


def lesion_points(
    prediction: Prediction,
    *,
    radius_um: float = RADIUS_UM,
    least_probability: float = LEAST_PROBABILITY,
) -> list[Lesion]:
    """Find lesions by non-maximum suppression, the likeliest first.

    The likeliest cell is a point; cells within a radius of it count no more; and so on, down to a
    probability.

    Parameters
    ----------
    prediction : Prediction
    radius_um : float
        Where nobody knows how large pixels are, six cells are taken.
    least_probability : float
    """
    spacing, grid = prediction.spacing_um_px, prediction.grid
    radius = 6.0 if spacing is None else radius_um / (grid.cell * spacing)
    scores = np.nan_to_num(prediction.target_probabilities, nan=0.0)
    rows, columns = np.nonzero(scores >= least_probability)
    # Of equal ones the first in reading order, so that the same map gives the same points.
    order = np.argsort(-scores[rows, columns], kind="stable")
    is_left = np.ones(scores.shape, np.bool_)
    reach = int(radius)
    down, across = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    disk = down**2 + across**2 <= radius**2
    found = []
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if not is_left[row, column]:
            continue
        x, y = grid.rect(column, row).centre
        found.append(Lesion(float(scores[row, column]), x, y))
        top, left = max(0, row - reach), max(0, column - reach)
        part = is_left[top : row + reach + 1, left : column + reach + 1]
        offset_y, offset_x = top - (row - reach), left - (column - reach)
        part &= ~disk[offset_y : offset_y + part.shape[0], offset_x : offset_x + part.shape[1]]
    return found


def written(lesion: Lesion) -> tuple[str, str, str]:
    """The probability and the place as a table has them."""
    return f"{lesion.probability:.6f}", f"{lesion.x:.1f}", f"{lesion.y:.1f}"


def write_lesions(prediction: Prediction, path: Path) -> None:
    """Write ``probability,x,y``, a line a lesion, without a header; empty where there is none."""
    with replacing_text(path) as file:
        rows = csv.writer(file, lineterminator="\n")
        for lesion in lesion_points(prediction):
            rows.writerow(written(lesion))
