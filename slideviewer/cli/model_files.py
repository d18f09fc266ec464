"""`slideviewer models add`, `fetch` and `export`: models come in and go out as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli.bar import progress_bar
from slideviewer.cli.telling import path_given
from slideviewer.models.download import fetch_package
from slideviewer.models.export import export_package, export_wsinfer
from slideviewer.models.install import add_package
from slideviewer.models.package import ModelPackage, open_package
from slideviewer.models.registry import registered_model

Replace = Annotated[
    bool, typer.Option("--replace", help="Put it in the place of an installed one of its name.")
]


def add_model(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH", help="A model package: its folder, or a zip of it.", parser=path_given
        ),
    ],
    replace: Replace = False,
) -> None:
    """Install a model package that you have as a folder or a zip.

    It is installed if its files are whole and it answers its own sample as
    it should. Models of other makes (.h5, .keras, SavedModel, PyTorch,
    pickles) are refused, since opening them can run foreign code.
    """
    with progress_bar() as progress:
        package = add_package(path, progress, replace=replace)
    _say_installed(package)


def fetch_model(
    name: Annotated[str, typer.Argument(help='Name of a model that "list" shows.')],
    replace: Replace = False,
) -> None:
    """Download a model and install it; a download that was broken off goes on."""
    with progress_bar() as progress:
        package = fetch_package(registered_model(name), progress, replace=replace)
    _say_installed(package)


def export_model(
    name: Annotated[str, typer.Argument(help="Name of a model, or the folder of a package.")],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The file to write.", parser=path_given)
    ],
    wsinfer: Annotated[
        bool,
        typer.Option("--wsinfer", help="Write a configuration of the WSInfer zoo; no weights."),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file of that name.")
    ] = False,
) -> None:
    """Write a model as one zip that "add" takes, or its description for WSInfer."""
    write = export_wsinfer if wsinfer else export_package
    write(open_package(name), out, overwrite=overwrite)
    typer.echo(f"Written: {out}")
    typer.echo(RESEARCH_USE_ONLY)


def _say_installed(package: ModelPackage) -> None:
    typer.echo(f"Installed: {package.spec.name}, {package.folder}")
    typer.echo(RESEARCH_USE_ONLY)
