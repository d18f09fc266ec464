"""`slideviewer evaluate tiles`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
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
    Threshold,
    Truth,
    give,
    parse_pairs,
    resampling,
    tell_notices,
    threshold_of,
)
from slideviewer.errors import EvaluationError
from slideviewer.evaluation.bootstrap import RESAMPLES
from slideviewer.evaluation.report import Worst

if TYPE_CHECKING:
    from slideviewer.evaluation.reports.page import Picture

EXAMPLE = (
    "Examples: slideviewer evaluate tiles results markup --target Tumor --html tiles.html; "
    "slideviewer evaluate tiles results/images.csv truth.csv --target Tumor --json"
)


def tiles(
    predicted: Predicted,
    truth: Truth,
    target: Annotated[
        str | None, typer.Option(help="The class of interest; by default that of the run.")
    ] = None,
    threshold: Threshold = None,
    groups: Annotated[
        str,
        typer.Option(metavar="LIST", help="Markup: which class a group is, as in _0=Tumor."),
    ] = "",
    classes: Annotated[
        str,
        typer.Option(metavar="LIST", help="Pictures: which class a name is, as in tumor=Tumor."),
    ] = "",
    rest: Annotated[
        str | None, typer.Option(help="The class of tiles that meet no markup.")
    ] = None,
    normal: Normal = None,
    slides: Slides = None,
    as_json: AsJson = False,
    html: Html = None,
    resamples: Resamples = RESAMPLES,
    seed: Seed = 0,
) -> None:
    """Compare classified tiles with markup, or classified pictures with their
    classes.

    PREDICTED is what predict wrote: a folder of results, a tiles.csv or an
    images.csv. TRUTH is the markup of the slides by their names; of pictures a
    table of picture,class (and slide), or a folder with a sub-folder a class.
    """  # noqa: D205
    from slideviewer.evaluation.inputs.labelled_tiles import TruthOptions, labelled_tiles
    from slideviewer.evaluation.tiles import evaluate_tiles

    options = TruthOptions(
        target=target,
        groups=parse_pairs(groups, "--groups"),
        classes=parse_pairs(classes, "--classes"),
        rest=rest,
        normal=tuple(normal or ()),
    )
    read = labelled_tiles(predicted, truth, options)
    for path, notices in read.notices.items():
        tell_notices(path, notices)
    limit = threshold_of(threshold, read.threshold)
    report = evaluate_tiles(read.tiles, limit, resampling(resamples, seed), read.notes)
    if slides is not None and not slides.is_dir():
        raise EvaluationError("There is no such folder of slides.", path=slides)

    def pictures(worst: Sequence[Worst]) -> list[Picture]:
        return _pictures(worst, read.pictures, slides)

    give(report, predicted, truth, as_json=as_json, html=html, pictures=pictures)


def _pictures(
    worst: Sequence[Worst], known: Mapping[str, Path], folder: Path | None
) -> list[Picture]:
    from slideviewer.evaluation.inputs.cases import case_name
    from slideviewer.evaluation.reports.page import Picture
    from slideviewer.evaluation.reports.pictures import tile_png

    there = (
        {} if folder is None else {it.name: it for it in sorted(folder.rglob("*")) if it.is_file()}
    )
    by_case = {case_name(path): path for path in there.values()}
    found = []
    for it in worst:
        path = there.get(it.case) or by_case.get(it.case) or known.get(it.case)
        png = tile_png(path, it.place) if path is not None and path.exists() else None
        found.append(Picture(it, png))
    return found
