"""`slideviewer train segmentation`: models that say of each pixel what it belongs to."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slideviewer.cli import segmentation_data
from slideviewer.cli import train_options as given
from slideviewer.cli.bar import progress_bar
from slideviewer.cli.telling import path_given, tell
from slideviewer.cli.training_pixels import (
    network_config,
    one_source,
    refuse_taken,
    say_epoch,
    say_package,
    tell_scale,
    with_card,
)

if TYPE_CHECKING:
    from slideviewer.training.pictures.data import TrainingData
    from slideviewer.training.segmentation.options import TrainPixelsOptions


def segmentation(
    out: given.Out,
    name: given.Name,
    spacing: given.SpacingUm,
    images: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of pictures; each --masks has one of the same name for each.",
            parser=path_given,
            rich_help_panel="Data",
        ),
    ] = None,
    masks: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TARGET=DIR",
            help="A target and the folder of its masks, white where it is; may repeat.",
            rich_help_panel="Data",
        ),
    ] = None,
    pattern: Annotated[
        str, typer.Option(help="Of the pictures' file names.", rich_help_panel="Data")
    ] = "*",
    dsb: given.Dsb = None,
    labelled: given.Labelled = None,
    slides: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="A slide or a folder of slides, with --annotations and --targets.",
            parser=path_given,
            rich_help_panel="Data",
        ),
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="A slide's ASAP XML or GeoJSON, or a folder of files with the slides' names.",
            parser=path_given,
            rich_help_panel="Data",
        ),
    ] = None,
    targets: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="Groups of the annotations, or the name of what is in --dsb and --labelled:"
            " Tumor,Stroma, or Tumor=_0+_1 for a target of several groups.",
            rich_help_panel="Data",
        ),
    ] = "",
    tiles_per_slide: Annotated[
        int,
        typer.Option(
            min=2, help="Tiles of each slide, half of them with targets.", rich_help_panel="Data"
        ),
    ] = 200,
    scale: given.Scale = 1.0,
    case_pattern: given.CasePattern = None,
    case_table: given.CaseTable = None,
    case_column: given.CaseColumn = "case",
    validation_fraction: given.ValidationFraction = 0.33,
    test_fraction: given.TestFraction = 0.0,
    tile: given.Tile = 256,
    channel_rate: given.ChannelRate = 0.5,
    depth: given.DepthLevels = 5,
    filters: given.Filters = "",
    network: given.NetworkSettings = "",
    each: Annotated[
        bool,
        typer.Option(
            "--each",
            help="Train one model for each target, in DIR/<target>.",
            rich_help_panel="Network",
        ),
    ] = False,
    loss: given.LossName = "bce+dice",
    epochs: given.Epochs = 20,
    batch_size: given.BatchSize = 8,
    learning_rate: given.LearningRate = 1e-3,
    schedule: given.ScheduleName = "constant",
    precision: given.Precision = "float32",
    patience: given.PatienceEpochs = 10,
    repeats: given.Repeats = 1,
    coverage: given.Coverage = 0.99,
    augmentation: given.AugmentationName = "light",
    seed: given.Seed = 1,
    workers: given.Workers = 2,
    title: given.Title = "",
    licence: given.Licence = "not stated",
    intended_use: given.IntendedUse = "",
    data_name: given.DataName = "",
    data_licence: given.DataLicence = "",
    baseline: given.Baseline = "",
    add: given.Add = False,
    overwrite: given.Overwrite = False,
) -> None:
    """Train a U-Net that says of each pixel what it belongs to, and write it as a model package.

    Targets may overlap. The same command goes on with a training that was
    broken off. History, curves and the log for TensorBoard are in DIR/training.

    For example:

    slideviewer train segmentation --images Original
    --masks Parenchyma=Parenchyma --masks Inflammation=SevereInflammation
    --case-pattern '^[0-9]+_[A-Z]+' --tile 512 --spacing 1.3 --name lung --out lung

    slideviewer train segmentation --dsb stage1_train --targets Nucleus
    --spacing 0.5 --name nuclei-mask --out nuclei-mask
    """
    # Typer's start-up should not wait for what only a training needs.
    from slideviewer.training.segmentation.options import TrainPixelsOptions

    one_source(images=images, dsb=dsb, labelled=labelled, slides=slides)
    options = TrainPixelsOptions(
        out=out,
        name=name,
        spacing_um_px=spacing / scale,
        tile_pixels=tile,
        coverage=coverage,
        architecture_config=network_config(filters, depth, channel_rate, network),
        loss=loss,
        augmentation=augmentation,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        patience=patience,
        repeats=repeats,
        learning_rate=learning_rate,
        schedule=schedule,
        precision=precision,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        workers=workers,
        data_licence=data_licence,
        baseline=baseline,
        overwrite=overwrite,
    )
    options = with_card(options, title, licence, intended_use, data_name)
    cases = case_pattern, case_table, case_column
    if images is not None:
        data = segmentation_data.of_folders(images, masks, pattern, scale, cases)
    elif slides is not None:
        data = segmentation_data.of_slides(
            slides, annotations, targets, options, tiles_per_slide, scale, cases
        )
    else:
        data = segmentation_data.of_instances(dsb, labelled, targets, scale, cases)
    tell_scale(spacing, scale)
    trainings = one_for_each(options, data) if each else [(options, data)]
    for one, _ in trainings:
        refuse_taken(one.name, add=add, overwrite=overwrite)
    for one, its_data in trainings:
        _train(one, its_data, add=add)


def _train(options: TrainPixelsOptions, data: TrainingData, *, add: bool) -> None:
    from slideviewer.training.segmentation.train import train_pixels

    with progress_bar() as progress:
        package = train_pixels(options, data, progress, tell, partial(say_epoch, options.epochs))
    say_package(package, add=add, overwrite=options.overwrite)


def one_for_each(
    options: TrainPixelsOptions, data: TrainingData
) -> list[tuple[TrainPixelsOptions, TrainingData]]:
    """One training for each target, in a folder of its own."""
    found: list[tuple[TrainPixelsOptions, TrainingData]] = []
    for number, target in enumerate(data.targets):
        word = "".join(it if it.isalnum() and it.isascii() else "-" for it in target.lower())
        word = word.strip("-") or f"target-{number + 1}"
        one = replace(options, out=options.out / word, name=f"{options.name}-{word}"[:64])
        found.append((one, data.only(number)))
    return found
