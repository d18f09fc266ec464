"""What `slideviewer train segmentation` and `train nuclei` do alike with what was typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli.telling import tell
from slideviewer.errors import TrainingError

if TYPE_CHECKING:
    from slideviewer.models.package import ModelPackage
    from slideviewer.training.checkpoints import FitState
    from slideviewer.training.pictures.marked import MarkedPicture
    from slideviewer.training.segmentation.options import TrainPixelsOptions


def network_config(filters: str, depth: int, channel_rate: float, others: str) -> dict[str, object]:
    """The network's settings of what was typed.

    Raises
    ------
    TrainingError
        If the filters are no numbers, or the others no names with values.
    """
    from slideviewer.training.segmentation.options import filters_for

    config = parse_network(others)
    if not filters:
        return {"filters": filters_for(depth, channel_rate=channel_rate)} | config
    words = [word.strip() for word in filters.split(",")]
    if not all(word.isascii() and word.isdecimal() for word in words):
        raise TrainingError(
            f'--filters has "{filters}".', remedy="Write it as 32,64,128: a number a level."
        )
    return {"filters": [int(word) for word in words]} | config


def parse_network(text: str) -> dict[str, object]:
    """Read ``kernel=5,activation=elu,batch_norm=yes``.

    Raises
    ------
    TrainingError
        If it is not of this form.
    """
    found: dict[str, object] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, sign, word = (piece.strip() for piece in part.partition("="))
        if not (name and sign and word) or name in found:
            raise TrainingError(
                f'--network has "{part}".', remedy="Write it as kernel=5,activation=elu."
            )
        found[name] = _value(word)
    return found


def _value(word: str) -> object:
    if word in ("yes", "no"):
        return word == "yes"
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word


def one_source(**given: object) -> str:
    """The one option of several that was given.

    Raises
    ------
    TrainingError
        If there is none, or more than one.
    """
    found = [name for name, value in given.items() if value is not None]
    if len(found) != 1:
        every = ", ".join(f"--{name}" for name in given)
        raise TrainingError(f"One of {every} is needed, and only one.")
    return found[0]


def instances_in(dsb: Path | None, labelled: Path | None) -> tuple[Path, list[MarkedPicture]]:
    """The pictures of the folder that was given, and the folder."""
    from slideviewer.training.pictures import marked

    if dsb is not None:
        return dsb, marked.in_dsb_folders(dsb)
    assert labelled is not None
    return labelled, marked.labelled(labelled)


def cases_for(
    pictures: Sequence[MarkedPicture], pattern: str | None, table: Path | None, column: str
) -> dict[str, str]:
    """The case of each picture."""
    from slideviewer.training.pictures.cases import cases_of

    return cases_of([it.name for it in pictures], pattern, table, column)


def with_card(
    options: TrainPixelsOptions, title: str, licence: str, intended_use: str, data_name: str
) -> TrainPixelsOptions:
    """The options with what the card says; a word that is not given stays as it is."""
    given = {"title": title, "licence": licence, "data_name": data_name}
    if intended_use:
        given["intended_use"] = intended_use
    return replace(options, **given)  # type: ignore[arg-type]


def tell_scale(spacing: float, scale: float) -> None:
    """Say what follows for predictions where pictures are made smaller."""
    if scale != 1:
        tell(
            "Pictures that do not say how large their pixels are must be predicted with"
            f" --spacing {spacing:g}, for the model sees them smaller."
        )


def say_epoch(epochs: int, state: FitState) -> None:
    """Say in a line what became of the last epoch, of so many."""
    if not state.rows:
        return
    row = state.rows[-1]
    shown = [
        f"{name.removeprefix('val_')} {value:.3f}"
        for name, value in row.values.items()
        if name.startswith("val_") and " central " not in name
    ]
    mark = " (best)" if row.epoch == state.best_epoch else ""
    repeat = f"repeat {row.repeat}, " if row.repeat > 1 else ""
    typer.echo(
        f"{repeat}epoch {row.epoch} of {epochs}, {row.seconds:.1f} s: training loss"
        f" {row.values['loss']:.3f}; held out {', '.join(shown)}{mark}"
    )


def refuse_taken(name: str, *, add: bool, overwrite: bool) -> None:
    """Refuse, before anything is trained, a name under which it could not be installed.

    Raises
    ------
    ModelError
    """
    from slideviewer.models.install import refuse_taken_name

    if add:
        refuse_taken_name(name, replace=overwrite, option="--overwrite, or another --name,")


def say_package(package: ModelPackage, *, add: bool, overwrite: bool) -> None:
    """Say what was made and how good it is, and install it where that was asked for."""
    from slideviewer.models.install import add_package

    console = Console()
    for metric in package.spec.metrics:
        console.print(f"{metric.name} {metric}", highlight=False, soft_wrap=True)
    console.print(f"Written: {package.folder}", highlight=False, soft_wrap=True)
    if add:
        installed = add_package(package.folder, replace=overwrite)
        console.print(f"Added: {installed.spec.name}", highlight=False, soft_wrap=True)
    console.print(RESEARCH_USE_ONLY, highlight=False)
