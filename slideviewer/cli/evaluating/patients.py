"""`slideviewer evaluate patients`."""

from __future__ import annotations

from slideviewer.cli.evaluating.options import (
    AsJson,
    Html,
    Predicted,
    Resamples,
    Seed,
    Truth,
    give,
    resampling,
)
from slideviewer.evaluation.bootstrap import RESAMPLES

EXAMPLE = (
    "Examples: slideviewer evaluate patients submission.csv stage_labels.csv --html stages.html; "
    "slideviewer evaluate patients nodes.csv stage_labels.csv --json"
)


def patients(
    predicted: Predicted,
    truth: Truth,
    as_json: AsJson = False,
    html: Html = None,
    resamples: Resamples = RESAMPLES,
    seed: Seed = 0,
) -> None:
    """Compare stages of patients: the kappa of Camelyon17.

    PREDICTED and TRUTH are tables of patient,stage with a line a node
    (patient_100_node_0.tif,macro); where only nodes are given, stages follow.
    """
    from slideviewer.evaluation.inputs.stages import paired_patients
    from slideviewer.evaluation.patients import evaluate_patients

    report = evaluate_patients(*paired_patients(predicted, truth), resampling(resamples, seed))
    give(report, predicted, truth, as_json=as_json, html=html)
