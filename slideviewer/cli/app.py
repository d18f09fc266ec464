"""The commands put together, and how they end."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from slideviewer import RESEARCH_USE_ONLY, __version__
from slideviewer.cli import convert, demo, info, models, predict, train
from slideviewer.cli.shell import Shell
from slideviewer.errors import Cancelled, SlideError, SlideviewerError

BAD_INPUT = 2
"""Exit code for anything that the user can put right."""

INTERRUPTED = 130
"""Exit code after Ctrl+C, as shells have it."""

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
    for path in (slide, annotations):
        if path is not None and not path.exists():
            meant = difflib.get_close_matches(str(path), _commands(), n=1)
            remedy = f"Did you mean the command {meant[0]!r}?" if meant else "Check its name."
            raise SlideError("There is no such file.", path=path, remedy=remedy)
    shell: Shell = context.obj
    raise typer.Exit(shell.open_window(slide, annotations))


app.command()(info.info)
app.command()(predict.predict)
app.command()(convert.convert)
app.command()(demo.demo)
app.add_typer(train.app, name="train")
app.add_typer(models.app, name="models")


def main(arguments: Sequence[str], shell: Shell) -> int:
    """Run a command line.

    Parameters
    ----------
    arguments : sequence of str
        Without the program's name.
    shell : Shell
        The window.

    Returns
    -------
    int
        0, or 2 where the user gave something that cannot be used.
    """
    known = {*_commands(), "--help", "--version"}
    words = list(arguments)
    if not words or words[0] not in known:
        words.insert(0, "view")
    try:
        ended = app(words, obj=shell, prog_name="slideviewer", standalone_mode=False)
    except SlideviewerError as error:
        return _complain(str(error))
    except USAGE_ERROR as error:
        return _complain(f"{error.format_message()} slideviewer {words[0]} --help tells more.")
    except (Cancelled, typer.Abort, KeyboardInterrupt):
        _complain("Stopped. The same command again goes on from there, where it can.")
        return INTERRUPTED
    return ended if isinstance(ended, int) else 0


def _complain(words: str) -> int:
    sys.stderr.write(" ".join(f"slideviewer: {words}".split()) + "\n")
    return BAD_INPUT


def _commands() -> list[str]:
    return list(typer.main.get_group(app).commands)
