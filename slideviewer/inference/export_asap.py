"""Positive cells as squares in ASAP's XML, alone or on top of a specialist's markup."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from slideviewer.annotations.asap import with_asap_attributes, write_asap
from slideviewer.annotations.model import Annotation, AnnotationSet, Kind, as_points
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.prediction_group import COLOUR, GROUP, with_prediction


def with_squares(
    prediction: Prediction, threshold: float, annotations: AnnotationSet | None = None
) -> AnnotationSet:
    """Add a square for each cell that counts as the target.

    Named ``{i}_({score})`` and carrying ``label`` and ``score``, as the readers of such files
    expect; in the declared group `GROUP`.

    Parameters
    ----------
    prediction : Prediction
    threshold : float
    annotations : AnnotationSet, optional
        A specialist's markup, kept whole in front of the squares.

    Returns
    -------
    AnnotationSet
    """
    return with_prediction(annotations, _squares(prediction, threshold))


def write_asap_squares(
    prediction: Prediction, threshold: float, path: Path, annotations: AnnotationSet | None = None
) -> None:
    """Write `with_squares` as ASAP's XML.

    Raises
    ------
    AnnotationError
        If the file cannot be written.
    """
    # No backup: a prediction can be made again, and the markup in it is a copy.
    write_asap(with_squares(prediction, threshold, annotations), path, backup=False)


def _squares(prediction: Prediction, threshold: float) -> Iterator[Annotation]:
    label = prediction.class_names[prediction.target]
    rows, columns = np.nonzero(prediction.positive_cells(threshold))
    scores = prediction.target_probabilities[rows, columns]
    for number, (row, column, score) in enumerate(zip(rows, columns, scores, strict=True)):
        cell = prediction.grid.rect(int(column), int(row))
        corners = [
            (cell.x, cell.y),
            (cell.right, cell.y),
            (cell.right, cell.bottom),
            (cell.x, cell.bottom),
        ]
        square = Annotation(
            f"{number}_({score:.4f})", Kind.POLYGON, as_points(corners), GROUP, COLOUR
        )
        yield with_asap_attributes(square, {"label": label, "score": str(score)})
