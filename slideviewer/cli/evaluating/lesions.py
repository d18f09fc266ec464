"""`slideviewer evaluate lesions`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from slideviewer.cli.evaluating.options import (
    AsJson,
    Html,
    Normal,
    Predicted,
    Resamples,
    Seed,
    Slides,
    Spacing,
    Truth,
    give,
    parse_labels_list,
    parse_names,
    positive,
    resampling,
    tell_notices,
    threshold_of,
)
from slideviewer.errors import EvaluationError
from slideviewer.evaluation.bootstrap import RESAMPLES
from slideviewer.evaluation.report import Worst

if TYPE_CHECKING:
    from slideviewer.evaluation.inputs.lesion_cases import LesionCase
    from slideviewer.evaluation.reports.page import Picture

EXAMPLE = (
    "Examples: slideviewer evaluate lesions points markup --spacing 0.243 --normal 'normal_*' "
    "--camelyon16 --html lesions.html; slideviewer evaluate lesions results masks --json"
)


def lesions(
    predicted: Predicted,
    truth: Truth,
    spacing: Spacing = None,
    normal: Normal = None,
    slides: Slides = None,
    groups: Annotated[
        str,
        typer.Option(metavar="LIST", help="Groups that are lesions; by default Camelyon's names."),
    ] = "",
    labels: Annotated[
        str, typer.Option(metavar="LIST", help="Masks: labels that are lesions; all but 0.")
    ] = "",
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Slides that are not evaluated; may repeat."),
    ] = None,
    camelyon16: Annotated[
        bool,
        typer.Option(
            "--camelyon16",
            help="Heed what is known to be wrong there: test_049 and test_114 are left out, "
            "normal_086 is a tumour slide.",
        ),
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option(help="Also tell what is found by points from this probability on, by size."),
    ] = None,
    as_json: AsJson = False,
    html: Html = None,
    resamples: Resamples = RESAMPLES,
    seed: Seed = 0,
) -> None:
    """Compare points with lesions: FROC in both of Camelyon16's variants,
    and the AUC of slides.

    PREDICTED is a table of probability,x,y a slide, without a header, or what
    predict wrote. TRUTH is markup or masks by the names of the slides.
    """  # noqa: D205
    from slideviewer.evaluation.detection import evaluate_lesions
    from slideviewer.evaluation.inputs.cases import is_any
    from slideviewer.evaluation.inputs.lesion_cases import CaseOptions, lesion_cases
    from slideviewer.evaluation.inputs.true_lesions import LesionOptions

    cases, notes = lesion_cases(
        predicted,
        truth,
        CaseOptions(
            LesionOptions(parse_names(groups), parse_labels_list(labels)),
            positive(spacing, "--spacing"),
            slides,
            lambda name: is_any(name, normal or ()),
            lambda name: is_any(name, leave_out or ()),
            camelyon16,
        ),
    )
    found = []
    for case in cases:
        found.append(case.findings())
        if case.truth is not None:
            tell_notices(case.truth, case.ground.notices)
    if labels and not any(it.has_tumour for it in found):
        raise EvaluationError(f"No mask has a label of {labels}.", path=truth)
    limit = None if threshold is None else threshold_of(threshold)
    report = evaluate_lesions(found, resampling(resamples, seed), notes, limit)
    by_name = {case.name: case for case in cases}
    give(
        report,
        predicted,
        truth,
        as_json=as_json,
        html=html,
        pictures=lambda worst: [_picture(it, by_name[it.case]) for it in worst],
    )


def _picture(worst: Worst, case: LesionCase) -> Picture:
    from slideviewer.evaluation.reports.page import Picture
    from slideviewer.evaluation.reports.pictures import points_png

    legend = "blue: lesions; grey: ITC; rings: points on them; red: false positives"
    seen = case.seen()
    if seen is None:
        return Picture(worst, None)
    return Picture(worst, points_png(*seen), legend)
