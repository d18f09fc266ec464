"""`slideviewer explore`: what is in a set of slides or pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table as RichTable

from slideviewer.cli.bar import progress_bar
from slideviewer.cli.telling import path_given, tell
from slideviewer.errors import TrainingError


def explore(
    dataset: Annotated[
        Path,
        typer.Argument(
            help="Folder of slides or pictures, of folders for classes, of <id>/images and"
            " <id>/masks; or a CSV: slide or picture, class, markup, patient, split.",
            parser=path_given,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for explore.html and explore.csv.", parser=path_given
        ),
    ] = None,
    markup: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of XML files or masks called like the slides; beside them by default.",
            parser=path_given,
        ),
    ] = None,
    split_pattern: Annotated[
        str, typer.Option(help="Regular expression that finds the patient in a file's name.")
    ] = "",
) -> None:
    """Tell what is in a set: sizes, colours, classes, marked objects, copies, damage.

    For example:

    slideviewer explore patches --out what-is-in-it
    slideviewer explore slides --markup xml --split-pattern "patient_[0-9]+"
    """
    from slideviewer.training.explore import find_items, survey, write_page

    items = find_items(dataset, markup, split_pattern)
    with progress_bar() as progress:
        found = survey(dataset.name, items, progress)
    console = Console()
    for table in found.tables:
        shown = RichTable(*table.head, title=table.title, title_justify="left")
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown, highlight=False)
    for words in found.warnings:
        tell(words)
    if out is not None:
        try:
            typer.echo(f"Written: {write_page(found, out)}")
        except OSError as error:
            raise TrainingError(
                f"It cannot be written: {error.strerror or error}.", path=out
            ) from error
