"""`slideviewer worklist predict` and `export`: what is done with all slides of a list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli.bar import progress_bar
from slideviewer.cli.telling import path_given, tell
from slideviewer.cli.worklist_folder import Folder, opened, user
from slideviewer.cohort.queue import Outcome
from slideviewer.cohort.worklist import Entry, ReadingState
from slideviewer.errors import EvaluationError

if TYPE_CHECKING:
    from slideviewer.cohort.worklist_export import Exported


def predict_list(
    folder: Folder,
    model: Annotated[str, typer.Option(help="Name of a model, or the folder of a package.")],
    engine: Annotated[str, typer.Option(help="What computes: auto, keras or openvino.")] = "auto",
) -> None:
    """Predict every unread slide of the list, one after another.

    Results lie where the window keeps its own, so that it shows them at once. The same command
    again goes on where this one was ended. What fails stops no other slide, but the exit code is
    then 2.
    """
    from slideviewer.cli.parsing import parse_choice
    from slideviewer.cohort.worklist_predict import predict_unread
    from slideviewer.inference.engines.choosing import ENGINES
    from slideviewer.inference.loader import ModelLoader
    from slideviewer.models.package import open_package

    loader = ModelLoader(open_package(model), engine=parse_choice(engine, "--engine", [*ENGINES]))

    def say(outcome: Outcome[Path, Path]) -> None:
        if outcome.error is not None:
            tell(str(outcome.error))
        else:
            typer.echo(f"{outcome.item}: predicted")

    with opened(folder) as worklist, progress_bar() as progress:
        outcomes = predict_unread(worklist, loader, user(), progress, say)
    if not outcomes:
        typer.echo("No slide of the list is unread: there is nothing to predict.")
        return
    typer.echo(RESEARCH_USE_ONLY)
    if any(it.error is not None for it in outcomes):
        raise typer.Exit(2)


def export_list(
    folder: Folder,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for everything.", parser=path_given)
    ],
    every: Annotated[
        bool, typer.Option("--all", help="All slides, not only those that are done.")
    ] = False,
    reports: Annotated[
        bool, typer.Option("--reports", help="A report of each slide, and a table of all.")
    ] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="The reports as PDF, too.")] = False,
    predictions: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="What predict wrote, for the reports; by default what the window keeps.",
            parser=path_given,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Of what the window keeps, the predictions of this model alone."),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Write over XML, too, that is not as an earlier export left it."
        ),
    ] = False,
) -> None:
    """Write the markup of the slides that are done as ASAP XML, and worklist.csv.

    The table has state, times, annotations and decisions of each slide. What fails stops no other
    slide, but the exit code is then 2.
    """
    from slideviewer.cohort.slide_reports import Predictions
    from slideviewer.cohort.worklist_export import TABLE_FILE, ExportOptions, export_worklist
    from slideviewer.models.package import open_package

    if model is not None and predictions is not None:
        raise EvaluationError(
            "--model chooses among what the window keeps, and --predictions names a folder.",
            remedy="Leave one of them out.",
        )
    states = frozenset(ReadingState) if every else frozenset({ReadingState.DONE})
    options = ExportOptions(states, reports or pdf, pdf, overwrite=overwrite)

    def say(outcome: Outcome[Entry, Exported]) -> None:
        if outcome.error is not None:
            tell(str(outcome.error))
        elif outcome.result is not None:
            line = outcome.result.line
            written = [outcome.result.xml, line.page if line is not None else ""]
            typer.echo(f"{outcome.item.path.name}: {', '.join(filter(None, written)) or 'nothing'}")

    with opened(folder) as worklist, progress_bar() as progress:
        stores = Predictions(predictions, "" if model is None else open_package(model).hash)
        outcomes = export_worklist(
            worklist, out, options, stores, progress=progress, on_outcome=say
        )
    typer.echo(f"Table of all: {out / TABLE_FILE}")
    if options.reports:
        typer.echo(RESEARCH_USE_ONLY)
    if any(it.error is not None for it in outcomes):
        raise typer.Exit(2)
