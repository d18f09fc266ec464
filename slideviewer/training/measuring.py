"""What a network answers to labelled tiles, and how good that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.classification import (
    ClassificationReport,
    classification_report,
    confusion_matrix,
    roc_auc,
)
from slideviewer.models.classifier import predict_in_batches
from slideviewer.progress import Progress, Step, silent
from slideviewer.training.examples import Examples
from slideviewer.training.tile_readers import in_batches

if TYPE_CHECKING:
    import keras

BATCH = 32
FEWEST_ORIGINS = 5
_LEAST = 1e-7


def answers(
    network: keras.Model, examples: Examples, progress: Progress = silent, text: str = "Measuring"
) -> NDArray[np.float32]:
    """The probabilities (n, classes), float32, that a network gives, before calibration."""
    found = np.empty((len(examples), len(examples.class_names)), np.float32)
    done = 0
    for batch in in_batches(examples.tiles, BATCH):
        found[done : done + len(batch)] = predict_in_batches(network, batch, BATCH)
        done += len(batch)
        progress(Step(done, len(examples), text, "tiles"))
    return found


def quality(found: NDArray[np.float32], examples: Examples, target: int) -> Mapping[str, float]:
    """A few figures of answers (n, classes) to a validation part, for each epoch."""
    labels = examples.labels
    likely = found.argmax(axis=1)
    matrix = confusion_matrix(labels, likely, len(examples.class_names))
    recalls = np.diag(matrix) / np.maximum(matrix.sum(axis=1), 1)
    figures = {
        "val_loss": -float(
            np.log(np.maximum(found[np.arange(len(labels)), labels], _LEAST)).mean()
        ),
        "val_accuracy": float((likely == labels).mean()),
        "val_balanced_accuracy": float(recalls[matrix.sum(axis=1) > 0].mean()),
    }
    area = roc_auc(labels == target, found[:, target])
    return figures if area is None else figures | {"val_roc_auc": area}


def is_by_origin(part: Examples) -> bool:
    """Whether intervals come from drawing whole patients or slides: of fewer they mean nothing."""
    return len(set(part.origins)) >= FEWEST_ORIGINS


@dataclass(frozen=True)
class Judge:
    """How answers are judged: the class of interest, its threshold, and the data's name.

    Attributes
    ----------
    target : int
    threshold : float
    data : str
    """

    target: int
    threshold: float
    data: str

    def report(
        self,
        probabilities: NDArray[np.float32],
        part: Examples,
        variant: str,
        *,
        threshold: float | None = None,
        data: str = "",
    ) -> ClassificationReport:
        """Compare probabilities with a part's classes."""
        return classification_report(
            probabilities,
            part.labels,
            class_names=part.class_names,
            target=self.target,
            threshold=self.threshold if threshold is None else threshold,
            variant=variant,
            data=data or self.data,
            groups=part.groups if is_by_origin(part) else None,
        )
