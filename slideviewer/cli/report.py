"""`slideviewer report`: what was predicted, marked and decided on slides, as pages for people."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli.bar import progress_bar
from slideviewer.cli.evaluating.options import parse_names
from slideviewer.cli.given_markup import check_markup, markup_file_of, markup_of
from slideviewer.cli.masks import is_mask
from slideviewer.cli.parsing import parse_threshold
from slideviewer.cli.telling import path_given, tell
from slideviewer.cohort.inputs import gather_inputs
from slideviewer.cohort.queue import Outcome
from slideviewer.errors import EvaluationError
from slideviewer.models.package import open_package

if TYPE_CHECKING:
    from slideviewer.cohort.slide_reports import MarkupOf
    from slideviewer.evaluation.slide_reports.index import IndexLine

LEAST_UM2, PICTURES = 5000.0, 24
_LARGEST_PICTURED = 500


def report(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="SLIDE|FOLDER...", help="Slides, or a folder of slides.", parser=path_given
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the reports.", parser=path_given)
    ],
    predictions: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="What predict wrote; by default what the window keeps of each slide.",
            parser=path_given,
        ),
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The markup, or a folder of files with the slides' names; by default the file "
            "of the same name beside each slide.",
            parser=path_given,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Of what the window keeps, the predictions of this model alone."),
    ] = None,
    threshold: Annotated[
        str | None,
        typer.Option(metavar="0..1", help="Probability from which something is predicted."),
    ] = None,
    groups: Annotated[
        str,
        typer.Option(
            metavar="LIST", help="Groups that mark what the model looks for; all by default."
        ),
    ] = "",
    least_um2: Annotated[
        float, typer.Option("--least", metavar="UM2", help="Smaller regions are no findings.")
    ] = LEAST_UM2,
    pictures: Annotated[
        int,
        typer.Option(min=0, max=_LARGEST_PICTURED, help="So many findings have a picture."),
    ] = PICTURES,
    pdf: Annotated[bool, typer.Option("--pdf", help="Write a PDF beside each page.")] = False,
) -> None:
    """Report what was predicted, marked and decided: a page for each slide, and
    for several a table of all (index.html, index.csv).

    What fails on one slide stops no other, but the exit code is then 2.

    Examples: slideviewer report case.svs --out reports --pdf;
    slideviewer report slides/ --predictions results --annotations markup --out reports
    """  # noqa: D205
    from slideviewer.cohort.slide_reports import (
        INDEX,
        Predictions,
        page_names,
        report_of,
        write_index_of,
        write_reports,
    )
    from slideviewer.evaluation.slide_reports.values import ReportOptions

    if not (math.isfinite(least_um2) and least_um2 >= 0):
        raise EvaluationError(f"--least needs an area from 0 µm², not {least_um2:g}.")
    if model is not None and predictions is not None:
        raise EvaluationError(
            "--model chooses among what the window keeps, and --predictions names a folder.",
            remedy="Leave one of them out.",
        )
    options = ReportOptions(
        None if threshold is None else parse_threshold(threshold),
        parse_names(groups) or None,
        least_um2,
        pictures=pictures,
    )
    slides = gather_inputs(inputs, pictures="none").slides
    check_markup(annotations, slides)
    stores = Predictions(predictions, "" if model is None else open_package(model).hash)
    names = page_names(slides)
    with progress_bar() as progress:
        outcomes = write_reports(
            slides,
            names,
            out,
            lambda path: report_of(
                path, stores, _markup(annotations), options, is_alone=len(slides) == 1
            ),
            pdf=pdf,
            progress=progress,
            on_outcome=_tell,
        )
    if len(slides) > 1 or any(path.is_dir() for path in inputs):
        title = inputs[0].resolve().name if len(inputs) == 1 else "Reports"
        write_index_of(outcomes, out, title, pdf=pdf)
        typer.echo(f"Table of all: {out / INDEX}.html")
    typer.echo(RESEARCH_USE_ONLY)
    if any(it.error is not None for it in outcomes):
        raise typer.Exit(2)


def _markup(given: Path | None) -> MarkupOf:
    """Where the markup of each slide comes from."""
    from slideviewer.annotations import AnnotationSet
    from slideviewer.cohort.slide_reports import Marked, markup_beside, markup_in
    from slideviewer.slide import Slide

    if given is None:
        return markup_beside

    def read(slide: Slide) -> Marked:
        path = markup_file_of(given, slide)
        if path is None:
            return Marked(AnnotationSet())
        if is_mask(path):
            return Marked(markup_of(path, slide) or AnnotationSet(), path)
        return markup_in(path, slide)

    return read


def _tell(outcome: Outcome[Path, IndexLine]) -> None:
    if outcome.error is not None:
        tell(str(outcome.error))
    elif outcome.result is not None:
        typer.echo(f"{outcome.item.name}: {outcome.result.page}")
