"""`slideviewer evaluate slides`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slideviewer.cli.evaluating.options import (
    AsJson,
    Html,
    Predicted,
    Resamples,
    Seed,
    Slides,
    Truth,
    give,
    parse_names,
    resampling,
    slides_in,
)
from slideviewer.evaluation.bootstrap import RESAMPLES

if TYPE_CHECKING:
    from slideviewer.evaluation.report import Worst
    from slideviewer.evaluation.reports.page import Picture

EXAMPLE = (
    "Examples: slideviewer evaluate slides results/scores.csv truth.csv --html slides.html; "
    "slideviewer evaluate slides scores.csv nodes.csv --positive micro,macro --json"
)


def slides(
    predicted: Predicted,
    truth: Truth,
    positive: Annotated[
        str,
        typer.Option(metavar="LIST", help="Labels that are positive; by default 1, tumor …"),
    ] = "",
    threshold: Annotated[
        float, typer.Option(help="From this score on a slide counts as positive.")
    ] = 0.5,
    slides: Slides = None,
    camelyon16: Annotated[
        bool,
        typer.Option(
            "--camelyon16",
            help="Heed what is known to be wrong there: test_049 is left out, normal_086 is "
            "a tumour slide.",
        ),
    ] = False,
    as_json: AsJson = False,
    html: Html = None,
    resamples: Resamples = RESAMPLES,
    seed: Seed = 0,
) -> None:
    """Compare a score a slide with what slides are: AUC, sensitivity, specificity.

    PREDICTED is a table of slide,score, such as scores.csv of predict. TRUTH is a
    table of slide,label.
    """
    from slideviewer.evaluation.inputs.slide_scores import scored_slides
    from slideviewer.evaluation.slides import evaluate_slides

    found, notes = scored_slides(predicted, truth, parse_names(positive), camelyon16=camelyon16)
    report = evaluate_slides(found, threshold, resampling(resamples, seed), notes)
    known = slides_in(slides)
    give(
        report,
        predicted,
        truth,
        as_json=as_json,
        html=html,
        pictures=lambda worst: [_picture(it, known) for it in worst],
    )


def _picture(worst: Worst, known: Mapping[str, Path]) -> Picture:
    from slideviewer.evaluation.reports.page import Picture
    from slideviewer.evaluation.reports.pictures import tile_png

    path = known.get(worst.case.casefold())
    return Picture(worst, tile_png(path, None) if path is not None else None)
