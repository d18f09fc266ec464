"""The commands put together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from slideviewer import RESEARCH_USE_ONLY, __version__
from slideviewer.cli import (
    convert,
    demo,
    evaluating,
    explore,
    info,
    models,
    predict,
    report,
    trail,
    train,
    train_nuclei,
    train_segmentation,
    worklist,
)
from slideviewer.cli.shell import Shell
from slideviewer.cli.start import INTERRUPTED, complain, open_files, say_stopped

USAGE_ERROR: Any = typer.BadParameter.__base__
"""What Typer raises for words it does not understand; it gives the class no public name."""

app = typer.Typer(
    name="slideviewer",
    help="Whole-slide images, specialist markup and deep-learning predictions.",
    epilog=RESEARCH_USE_ONLY,
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"slideviewer {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Whole-slide images, specialist markup and deep-learning predictions.

    Without a command: slideviewer [SLIDE] [--annotations XML] opens the window.
    """


@app.command()
def view(
    context: typer.Context,
    slide: Annotated[Path | None, typer.Argument(help="A slide or picture to open.")] = None,
    annotations: Annotated[
        Path | None, typer.Option(help="ASAP XML or GeoJSON to open with it.")
    ] = None,
) -> None:
    """Open the window; the word "view" may be left out.

    Examples: slideviewer; slideviewer tumor_009.tif; slideviewer a.svs --annotations a.xml
    """
    shell: Shell = context.obj
    raise typer.Exit(open_files(shell, slide, annotations))


app.command()(info.info)
app.command()(predict.predict)
app.command()(report.report)
app.command()(convert.convert)
app.command()(trail.trail)
app.command()(demo.demo)
app.command()(explore.explore)
train.app.command()(train_segmentation.segmentation)
train.app.command()(train_nuclei.nuclei)
app.add_typer(train.app, name="train")
app.add_typer(evaluating.app, name="evaluate")
app.add_typer(models.app, name="models")
app.add_typer(worklist.app, name="worklist")


def run(words: Sequence[str], shell: Shell) -> int:
    """Run a command; the first word says which.

    Returns
    -------
    int
        0, or 2 for words that no command understands.

    Raises
    ------
    SlideviewerError
        Where the user gave something that cannot be used.
    """
    try:
        ended = app(words, obj=shell, prog_name="slideviewer", standalone_mode=False)
    except USAGE_ERROR as error:
        return complain(f"{error.format_message()} slideviewer {words[0]} --help tells more.")
    except typer.Abort:
        return say_stopped()
    if ended == INTERRUPTED:
        return say_stopped()  # Typer makes an exit code of Ctrl+C, without a word
    return ended if isinstance(ended, int) else 0
