"""Positive cells as squares in ASAP's XML, alone or on top of a specialist's markup."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations.asap import with_asap_attributes, write_asap
from slideviewer.annotations.asap.kept import as_extra, fragments, kept_of
from slideviewer.annotations.asap.text import as_comment
from slideviewer.annotations.model import Annotation, AnnotationSet, Group, Kind, as_points
from slideviewer.inference.prediction import Prediction

GROUP = "Prediction"
"""The group that all squares are in, so that ASAP shows and hides them as one."""
COLOUR = "#FF0000"


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
    markup = annotations or AnnotationSet.of()
    kept = kept_of(markup.extra)
    notice = as_comment(f" {GROUP}: {RESEARCH_USE_ONLY} ")
    prolog = fragments(kept, "prolog")
    if notice not in prolog:
        prolog.append(notice)
    groups = {GROUP: Group(GROUP, colour=COLOUR), **markup.groups}
    return AnnotationSet.of(
        [*markup, *_squares(prediction, threshold)],
        [*markup.groups.values(), groups[GROUP]],
        {**markup.extra, **as_extra({**kept, "prolog": prolog})},
    )


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
