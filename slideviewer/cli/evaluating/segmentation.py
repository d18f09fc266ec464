"""`slideviewer evaluate segmentation`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from slideviewer.cli.bar import progress_bar
from slideviewer.cli.evaluating.options import (
    AsJson,
    Html,
    Predicted,
    Resamples,
    Seed,
    Size,
    Slides,
    Spacing,
    Threshold,
    Truth,
    give,
    parse_class_labels,
    parse_names,
    parse_pairs,
    parse_size,
    positive,
    resampling,
    slides_in,
    threshold_of,
)
from slideviewer.evaluation.bootstrap import RESAMPLES

if TYPE_CHECKING:
    from slideviewer.evaluation.inputs.mask_cases import MaskCases
    from slideviewer.evaluation.inputs.stored_masks import StoredMaskCases
    from slideviewer.evaluation.report import Worst
    from slideviewer.evaluation.reports.page import Picture

EXAMPLE = (
    "Examples: slideviewer evaluate segmentation results masks --spacing 0.5; slideviewer "
    "evaluate segmentation a_likelihood_map.tif a.xml --threshold 0.4 --html a.html"
)


def segmentation(
    predicted: Predicted,
    truth: Truth,
    classes: Annotated[
        str, typer.Option(metavar="LIST", help="Classes to evaluate; by default those of TRUTH.")
    ] = "",
    labels: Annotated[
        str, typer.Option(metavar="LIST", help="The label of each class, as in Tumor=1,Stroma=2.")
    ] = "",
    truth_labels: Annotated[
        str, typer.Option(metavar="LIST", help="The same of TRUTH, where it has others.")
    ] = "",
    groups: Annotated[
        str,
        typer.Option(metavar="LIST", help="Markup: which class a group is, as in _0=Tumor."),
    ] = "",
    grey: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="From which grey on a pixel is of the one class."),
    ] = None,
    threshold: Threshold = None,
    size: Size = "",
    slides: Slides = None,
    spacing: Spacing = None,
    as_json: AsJson = False,
    html: Html = None,
    resamples: Resamples = RESAMPLES,
    seed: Seed = 0,
) -> None:
    """Compare masks: Dice and Jaccard of each class, areas in pixels and µm².

    PREDICTED and TRUTH are masks of labels (TIFF, PNG), maps of probabilities,
    markup, folders of them by case, or folders of masks by case and class;
    PREDICTED may be the results of predict for slides.
    """
    from slideviewer.evaluation.inputs.mask_cases import MaskCases, MaskOptions
    from slideviewer.evaluation.inputs.stored_masks import StoredMaskCases, has_stored_masks
    from slideviewer.evaluation.masks import evaluate_masks

    options = MaskOptions(
        classes=parse_names(classes),
        labels=parse_class_labels(labels, "--labels"),
        truth_labels=parse_class_labels(truth_labels, "--truth-labels"),
        groups=parse_pairs(groups, "--groups"),
        grey=grey,
        threshold=threshold_of(threshold),
        slides=slides_in(slides),
        size=parse_size(size),
        spacing_um_px=positive(spacing, "--spacing"),
    )
    cases: MaskCases | StoredMaskCases
    if has_stored_masks(predicted):
        cases = StoredMaskCases(predicted, truth, options, threshold)
    else:
        cases = MaskCases(predicted, truth, options)
    with progress_bar() as progress:
        found = [*cases.each(progress)]
    report = evaluate_masks(found, cases.class_names, resampling(resamples, seed), cases.notes)
    give(
        report,
        predicted,
        truth,
        as_json=as_json,
        html=html,
        pictures=lambda worst: [_picture(it, cases) for it in worst],
    )


def _picture(worst: Worst, cases: MaskCases | StoredMaskCases) -> Picture:
    from slideviewer.evaluation.reports.page import Picture
    from slideviewer.evaluation.reports.pictures import MASK_LEGEND, mask_png

    return Picture(worst, mask_png(cases.seen(worst.case, worst.of)), MASK_LEGEND)
