"""`slideviewer train`: make models from labelled pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli.bar import progress_bar
from slideviewer.cli.telling import path_given, tell
from slideviewer.errors import TrainingError

_LONGEST_QUOTED = 60
_CONFIG_REMEDY = """Write it as '{"widths": [32, 64]}'."""

app = typer.Typer(help="Train models from labelled pictures.", no_args_is_help=True)


@app.callback()
def train() -> None:
    """Train models from labelled pictures."""


@app.command(
    epilog="Example: slideviewer train tiles --data patches --classes normal=Normal,tumor=Tumor"
    " --target Tumor --name my-tumour --out my-tumour --patch-size 128 --spacing 0.486"
)
def tiles(
    data: Annotated[
        Path,
        typer.Option(
            metavar="PATH",
            help="Folder with one sub-folder a class, or a CSV: picture,class.",
            parser=path_given,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder of the new model package.", parser=path_given),
    ],
    name: Annotated[str, typer.Option(help="Name of the model: lower-case letters, digits, '-'.")],
    classes: Annotated[
        str, typer.Option(help="Sub-folders and class names in order: FOLDER=Class,FOLDER=Class.")
    ],
    target: Annotated[str, typer.Option(help="The class of interest.")],
    patch_size: Annotated[int, typer.Option(help="Side of a tile in the model, in pixels.")],
    spacing: Annotated[float, typer.Option(help="Micrometres per pixel of that tile.")],
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training part.")] = 40,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same model.")] = 1,
    validation_fraction: Annotated[
        float, typer.Option(help="Share held out, by the hash of each file.")
    ] = 0.2,
    folds: Annotated[
        int,
        typer.Option(
            help="Networks more to train for a cross-validated figure, at most 20; 0 for none."
        ),
    ] = 0,
    extra_data: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="Further folder, for training only; may repeat.",
            parser=path_given,
        ),
    ] = None,
    synthetic: Annotated[
        int, typer.Option(min=0, help="Tiles of each class to draw besides, for training only.")
    ] = 0,
    architecture: Annotated[str, typer.Option(help="Name of the network.")] = "tile-small",
    architecture_config: Annotated[
        str, typer.Option(help="The network's own settings, as JSON.")
    ] = "{}",
    learning_rate: Annotated[
        float, typer.Option(help="The highest learning rate, above 0 and at most 1.")
    ] = 2e-3,
    title: Annotated[str, typer.Option(help="Title for people.")] = "",
    licence: Annotated[str, typer.Option(help="Licence of the model.")] = "not stated",
    intended_use: Annotated[str, typer.Option(help="What the model is for.")] = "",
    data_name: Annotated[str, typer.Option(help="Name and licence of the data.")] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the model package that DIR holds.")
    ] = False,
) -> None:
    """Train a tile classifier and write it as a model package with its card."""
    # Typer's start-up should not wait for what only a training needs.
    from slideviewer.training.options import TrainTilesOptions
    from slideviewer.training.tiles import train_tiles

    options = TrainTilesOptions(
        data=data,
        out=out,
        name=name,
        classes=parse_classes(classes),
        target=target,
        patch_size_pixels=patch_size,
        spacing_um_px=spacing,
        architecture=architecture,
        architecture_config=parse_config(architecture_config),
        validation_fraction=validation_fraction,
        folds=folds,
        extra_data=tuple(extra_data or ()),
        synthetic=synthetic,
        title=title,
        licence=licence,
        data_name=data_name,
        overwrite=overwrite,
    )
    if intended_use:
        options = replace(options, intended_use=intended_use)
    fit = replace(options.fit, epochs=epochs, seed=seed, learning_rate=learning_rate)
    with progress_bar() as progress:
        package = train_tiles(replace(options, fit=fit), progress, tell)
    console = Console()
    for metric in package.spec.metrics:
        console.print(f"{metric.name} {metric}", highlight=False, soft_wrap=True)
    console.print(f"Written: {package.folder}", highlight=False, soft_wrap=True)
    console.print(RESEARCH_USE_ONLY, highlight=False)


def parse_classes(text: str) -> dict[str, str]:
    """Read ``FOLDER=Class,FOLDER=Class``.

    Raises
    ------
    TrainingError
        If it is not of this form.
    """
    found: dict[str, str] = {}
    for part in text.split(","):
        folder, sign, name = (piece.strip() for piece in part.partition("="))
        if not (folder and sign and name) or folder in found:
            raise TrainingError(
                f'--classes has "{part}".', remedy="Write it as normal=Normal,tumor=Tumor."
            )
        found[folder] = name
    return found


def parse_config(text: str) -> dict[str, object]:
    """Read the network's settings: a JSON object whose lists stand for tuples.

    Raises
    ------
    TrainingError
        If it is no JSON object.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TrainingError(
            f'--architecture-config is no JSON: "{text[:_LONGEST_QUOTED]}".', remedy=_CONFIG_REMEDY
        ) from error
    if not isinstance(found, dict):
        raise TrainingError(
            f'--architecture-config is no JSON object: "{text[:_LONGEST_QUOTED]}".',
            remedy=_CONFIG_REMEDY,
        )
    return found
