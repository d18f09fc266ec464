"""`slideviewer evaluate annotations`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slideviewer.cli.bar import progress_bar
from slideviewer.cli.evaluating.options import (
    AsJson,
    Html,
    Resamples,
    Seed,
    Size,
    Slides,
    Spacing,
    give,
    parse_pairs,
    parse_size,
    positive,
    resampling,
    slides_in,
    tell_notices,
)
from slideviewer.cli.telling import path_given
from slideviewer.evaluation.bootstrap import RESAMPLES

if TYPE_CHECKING:
    from slideviewer.evaluation.inputs.marked_pairs import MarkedPairs
    from slideviewer.evaluation.report import Worst
    from slideviewer.evaluation.reports.page import Picture

EXAMPLE = (
    "Examples: slideviewer evaluate annotations first.xml second.xml --size 98304,221184; "
    "slideviewer evaluate annotations anna bert --slides slides --html agreement.html"
)


def agreement(
    first: Annotated[
        Path, typer.Argument(metavar="FIRST", help="One annotator's.", parser=path_given)
    ],
    second: Annotated[
        Path, typer.Argument(metavar="SECOND", help="The other's.", parser=path_given)
    ],
    groups: Annotated[
        str,
        typer.Option(metavar="LIST", help="What a group stands for, as in _0=Tumor,_1=Tumor."),
    ] = "",
    downsample: Annotated[
        float | None,
        typer.Option(min=1, help="Pixels of the slide for one that is compared."),
    ] = None,
    size: Size = "",
    slides: Slides = None,
    spacing: Spacing = None,
    as_json: AsJson = False,
    html: Html = None,
    resamples: Resamples = RESAMPLES,
    seed: Seed = 0,
) -> None:
    """Compare two annotators' markup: Cohen's kappa, Dice by group.

    FIRST and SECOND are annotation files, or folders of them by slide.
    """
    from slideviewer.evaluation.agreement import evaluate_agreement
    from slideviewer.evaluation.inputs.marked_pairs import MarkedPairs, PairOptions

    pairs = MarkedPairs.read(
        first,
        second,
        PairOptions(
            groups=parse_pairs(groups, "--groups"),
            downsample=positive(downsample, "--downsample"),
            slides=slides_in(slides),
            size=parse_size(size),
            spacing_um_px=positive(spacing, "--spacing"),
        ),
    )
    for path, notices in pairs.notices.items():
        tell_notices(path, notices)
    with progress_bar() as progress:
        found = [*pairs.each(progress)]
    report = evaluate_agreement(found, pairs.group_names, resampling(resamples, seed), pairs.notes)
    give(
        report,
        first,
        second,
        as_json=as_json,
        html=html,
        sides=("First", "Second"),
        pictures=lambda worst: [_picture(it, pairs) for it in worst],
    )


def _picture(worst: Worst, pairs: MarkedPairs) -> Picture:
    from slideviewer.evaluation.reports.page import Picture
    from slideviewer.evaluation.reports.pictures import mask_png

    legend = "grey: both; blue: first alone; red: second alone"
    return Picture(worst, mask_png(pairs.seen(worst.case, worst.of)), legend)
