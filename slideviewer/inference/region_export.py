"""Predicted regions in ASAP's XML, alone or on top of a specialist's markup."""

from __future__ import annotations

from pathlib import Path

from slideviewer.annotations.asap import write_asap
from slideviewer.annotations.model import AnnotationSet
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.prediction_group import with_prediction
from slideviewer.inference.region_annotations import region_annotations


def write_regions(
    prediction: Prediction, threshold: float, path: Path, annotations: AnnotationSet | None = None
) -> None:
    """Write the predicted regions as polygons in the group `GROUP`.

    Raises
    ------
    AnnotationError
        If the file cannot be written.
    """
    made = with_prediction(annotations, region_annotations(prediction, threshold))
    # No backup: a prediction can be made again, and the markup in it is a copy.
    write_asap(made, path, backup=False)
