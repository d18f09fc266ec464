"""`slideviewer worklist`: which slides of a folder are read, and which wait."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from slideviewer.cli.telling import path_given, tell
from slideviewer.cli.worklist_batches import export_list, predict_list
from slideviewer.cli.worklist_folder import Folder, opened, user
from slideviewer.cohort.inputs import gather_inputs
from slideviewer.cohort.slide_table import slides_in_csv
from slideviewer.cohort.worklist import ReadingState, Worklist, WorklistError, worklist_of

app = typer.Typer(
    help="List, fill, predict and export the worklist of a folder.", no_args_is_help=True
)
app.command(
    "predict", epilog="Example: slideviewer worklist predict slides --model tumour-camelyon"
)(predict_list)
app.command(
    "export", epilog="Example: slideviewer worklist export slides --out done --reports --pdf"
)(export_list)

_STATES = ", ".join(ReadingState)


@app.command("list", epilog="Example: slideviewer worklist list slides --state unread")
def list_slides(
    folder: Folder,
    state: Annotated[
        str | None, typer.Option(help=f"Only slides in this state: {_STATES}.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the slides with their states: path, state, since when, by whom."""
    wanted = None if state is None else _state(state)
    with opened(folder) as worklist:
        entries = [it for it in worklist.entries() if wanted in (None, it.state)]
    if as_json:
        told = [
            {"slide": str(it.path), "state": str(it.state), "since": it.at, "by": it.by}
            for it in entries
        ]
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    wide = max((len(it.state) for it in entries), default=0)
    for it in entries:
        typer.echo(f"{it.state:{wide}}  {it.path}  {it.at} {it.by}".rstrip())


@app.command("add", epilog="Example: slideviewer worklist add slides case_1.svs more.csv")
def add_slides(
    folder: Folder,
    slides: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[SLIDE|CSV]...",
            help="Slides, folders, or tables that name slides in a column slide, path or file; "
            "all slides of FOLDER by default.",
            parser=path_given,
        ),
    ] = None,
) -> None:
    """Put slides on the list, which is begun where there is none; those on it stay as they are."""
    found: list[Path] = []
    for given in slides or [folder]:
        is_table = given.suffix.lower() == ".csv"
        named = slides_in_csv(given) if is_table else gather_inputs([given], pictures="none").slides
        missing = [it for it in named if not it.exists()]
        if missing:
            raise WorklistError("There is no such slide.", path=missing[0])
        found += [it.absolute() for it in named]
    path = folder if folder.is_file() else worklist_of(folder)
    with Worklist(path) as worklist:
        before = len(worklist.entries())
        for it in worklist.add(found):
            tell("is left out, since its name is no text.", it)
        added = len(worklist.entries()) - before
    typer.echo(f"{added} slides added; the list holds {before + added}: {path}")


@app.command("mark", epilog="Example: slideviewer worklist mark slides done slides/case_1.svs")
def mark_slides(
    folder: Folder,
    state: Annotated[str, typer.Argument(help=f"One of: {_STATES}.")],
    slides: Annotated[list[Path], typer.Argument(metavar="SLIDE...", parser=path_given)],
) -> None:
    """Say how far slides are."""
    wanted = _state(state)
    with opened(folder) as worklist:
        known = worklist.states()
        paths = [it.absolute() for it in slides]
        for path in paths:
            if path not in known:
                raise WorklistError(
                    "is not on the list.", path=path, remedy="Add it: slideviewer worklist add."
                )
        for path in paths:
            worklist.set_state(path, wanted, user())


def _state(text: str) -> ReadingState:
    for state in ReadingState:
        if text.strip().casefold().replace("-", " ").replace("_", " ") == state:
            return state
    raise WorklistError(f'There is no state "{text}".', remedy=f"Known are: {_STATES}.")
