"""`slideviewer train nuclei`: models that tell nuclei apart."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from slideviewer.cli import train_options as given
from slideviewer.cli.bar import progress_bar
from slideviewer.cli.telling import tell
from slideviewer.cli.training_pixels import (
    cases_for,
    instances_in,
    network_config,
    one_source,
    refuse_taken,
    say_epoch,
    say_package,
    tell_scale,
    with_card,
)


def nuclei(
    out: given.Out,
    name: given.Name,
    spacing: given.SpacingUm,
    dsb: given.Dsb = None,
    labelled: given.Labelled = None,
    border: Annotated[
        int,
        typer.Option(
            min=1,
            max=16,
            help="Pixels of a nucleus that are so near another one are border.",
            rich_help_panel="Data",
        ),
    ] = 2,
    rim: Annotated[
        float,
        typer.Option(
            min=0,
            max=0.9,
            metavar="SHARE",
            help="In place of a border, learn the rim of each nucleus, to this share of its "
            "depth, such as 0.4: for stained tissue, where nuclei lie across each other.",
            rich_help_panel="Data",
        ),
    ] = 0.0,
    offsets: Annotated[
        bool,
        typer.Option(
            "--offsets",
            help="In place of a border, learn from each pixel the way to the middle of its "
            "nucleus: for tissue, where nuclei lie close and across each other.",
            rich_help_panel="Data",
        ),
    ] = False,
    scale: given.Scale = 1.0,
    case_pattern: given.CasePattern = None,
    case_table: given.CaseTable = None,
    case_column: given.CaseColumn = "case",
    validation_fraction: given.ValidationFraction = 0.2,
    test_fraction: given.TestFraction = 0.0,
    tile: given.Tile = 256,
    channel_rate: given.ChannelRate = 0.5,
    depth: given.DepthLevels = 5,
    filters: given.Filters = "",
    network: given.NetworkSettings = "",
    loss: given.LossName = "bce+dice",
    epochs: given.Epochs = 40,
    batch_size: given.BatchSize = 8,
    learning_rate: given.LearningRate = 1e-3,
    schedule: given.ScheduleName = "constant",
    precision: given.Precision = "float32",
    patience: given.PatienceEpochs = 20,
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
    """Train a U-Net that finds nuclei one by one, and write it as a model package.

    It learns the insides of nuclei and the border between those that touch; or
    whole nuclei and, with --rim, the rim of each or, with --offsets, the way to
    its middle.
    The same command goes on with a training that was broken off. History,
    curves and the log for TensorBoard are in DIR/training.

    For example:

    slideviewer train nuclei --dsb stage1_train --spacing 0.5
    --name my-nuclei --out my-nuclei
    """
    # Typer's start-up should not wait for what only a training needs.
    from slideviewer.training.nuclei.targets import NucleiTargets
    from slideviewer.training.nuclei.train import train_nuclei
    from slideviewer.training.pictures.data import PictureData
    from slideviewer.training.segmentation.options import TrainPixelsOptions

    one_source(dsb=dsb, labelled=labelled)
    refuse_taken(name, add=add, overwrite=overwrite)
    folder, pictures = instances_in(dsb, labelled)
    options = TrainPixelsOptions(
        out=out,
        name=name,
        spacing_um_px=spacing / scale,
        task="nuclei",
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
    targets = NucleiTargets.chosen(border, rim, offsets=offsets)
    data = PictureData(
        tuple(pictures),
        cases_for(pictures, case_pattern, case_table, case_column),
        folder.resolve().name,
        targets.names,
        targets.marks,
        scale,
        targets.words,
        targets.offsets,
    )
    tell_scale(spacing, scale)
    with progress_bar() as progress:
        package = train_nuclei(
            with_card(options, title, licence, intended_use, data_name),
            data,
            progress,
            tell,
            partial(say_epoch, epochs),
        )
    say_package(package, add=add, overwrite=overwrite)
