"""`slideviewer evaluate nuclei`."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from slideviewer.evaluation.report import Worst
    from slideviewer.evaluation.reports.page import Picture

EXAMPLE = (
    "Examples: slideviewer evaluate nuclei results labels --html nuclei.html; "
    "slideviewer evaluate nuclei a_labels.png truth/a.png --json"
)


def nuclei(
    predicted: Predicted,
    truth: Truth,
    as_json: AsJson = False,
    html: Html = None,
    resamples: Resamples = RESAMPLES,
    seed: Seed = 0,
) -> None:
    """Compare nuclei one by one: the score of the Data Science Bowl 2018.

    PREDICTED and TRUTH are pictures in which each nucleus has a number of its own
    (PNG or TIFF, as predict writes them), or folders of them by picture.
    """
    from slideviewer.evaluation.inputs.label_cases import label_pairs, nuclei_cases
    from slideviewer.evaluation.nuclei import evaluate_nuclei

    pairs = label_pairs(predicted, truth)
    report = evaluate_nuclei([*nuclei_cases(pairs)], resampling(resamples, seed))
    give(
        report,
        predicted,
        truth,
        as_json=as_json,
        html=html,
        pictures=lambda worst: [_picture(it, pairs) for it in worst],
    )


def _picture(worst: Worst, pairs: Mapping[str, tuple[Path, Path]]) -> Picture:
    from slideviewer.evaluation.inputs.label_cases import seen_nuclei
    from slideviewer.evaluation.reports.page import Picture
    from slideviewer.evaluation.reports.pictures import MASK_LEGEND, mask_png

    return Picture(worst, mask_png(seen_nuclei(*pairs[worst.case])), MASK_LEGEND)
