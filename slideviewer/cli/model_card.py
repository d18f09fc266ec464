"""`slideviewer models card`: all that a package says of itself, as a page for people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli.telling import path_given
from slideviewer.models.package import open_package
from slideviewer.models.spec import CARD


def model_card(
    name: Annotated[str, typer.Argument(help="Name of a model, or the folder of a package.")],
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the card as a page that needs no other file; without it the card is"
            " printed as it was written.",
            parser=path_given,
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a page that is there already.")
    ] = False,
) -> None:
    """Show a model's card: from what it was made, how good it is, and where it fails.

    The page has figures beside a baseline, calibration, curves and pictures of the worst
    failures, as far as the package carries them.
    """
    package = open_package(name)
    if html is None:
        if CARD in package.spec.files:
            typer.echo(_plain(package.read(CARD).decode("utf-8", "replace")))
        else:
            typer.echo(f"{package.spec.title}\nThis package has no card in words.")
        typer.echo(RESEARCH_USE_ONLY)
        return
    # Plots and templates are needed by the page alone.
    from slideviewer.evaluation.reports.card_page import write_card_page

    write_card_page(package, html, overwrite=overwrite)
    typer.echo(f"Written: {html}")
    typer.echo(RESEARCH_USE_ONLY)


def _plain(text: str) -> str:
    """Text without what would give orders to a terminal: a card may come from anywhere."""
    shown = (letter for letter in text if letter.isprintable() or letter == "\n")
    return "".join(shown).rstrip("\n")
