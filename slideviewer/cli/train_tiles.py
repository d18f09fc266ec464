"""`slideviewer train tiles`: a tile classifier from slides, folders, lists or sets in `.npz`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import typer

from slideviewer.cli import tile_options as options
from slideviewer.cli.bar import progress_bar
from slideviewer.cli.parsing import parse_choice
from slideviewer.cli.telling import tell
from slideviewer.cli.training_pixels import refuse_taken, say_package
from slideviewer.cli.training_words import parse_classes, parse_config
from slideviewer.errors import TrainingError

EPILOG = (
    "Examples: slideviewer train tiles --data patches --classes normal=Normal,tumor=Tumor"
    " --target Tumor --name my-tumour --out my-tumour --patch-size 128 --spacing 0.486;"
    " slideviewer train tiles --data slides --markup xml --classes rest=Normal,Tumor=Tumor"
    " --rule centre --split-pattern 'patient_[0-9]+' --target Tumor --name my-tumour"
    " --out my-tumour --patch-size 256 --spacing 0.5"
)


def tiles(
    data: options.Data,
    out: options.Out,
    name: options.Name,
    target: options.Target,
    classes: options.Classes = None,
    patch_size: options.PatchSize = None,
    spacing: options.Spacing = None,
    like: options.Like = None,
    extra_data: options.ExtraData = None,
    synthetic: options.Synthetic = 0,
    add: options.Add = False,
    overwrite: options.Overwrite = False,
    markup: options.Markup = None,
    rule: options.Rule = "whole",
    tiles_per_slide: options.TilesPerSlide = 1000,
    overlap: options.Overlap = 0.0,
    least_tissue: options.LeastTissue = 0.25,
    ring: options.Ring = 500.0,
    ring_share: options.RingShare = 0.5,
    few: options.Few = 100,
    partial: options.Partial = "",
    hard_negative_rounds: options.HardNegativeRounds = 0,
    hard_negatives: options.HardNegatives = 100,
    hard_negative_epochs: options.HardNegativeEpochs = 0,
    slide_scores: options.SlideScores = False,
    validation_fraction: options.ValidationFraction = 0.2,
    split_column: options.SplitColumn = "",
    split_pattern: options.SplitPattern = "",
    folds: options.Folds = 0,
    architecture: options.Architecture = "tile-small",
    architecture_config: options.ArchitectureConfig = "{}",
    weights: options.Weights = "none",
    train: options.Train = "all",
    epochs: options.Epochs = 40,
    tiles_per_epoch: options.TilesPerEpoch = 0,
    batch: options.Batch = 16,
    seed: options.Seed = 1,
    learning_rate: options.LearningRate = 2e-3,
    schedule: options.Schedule = "cosine",
    patience: options.Patience = 0,
    ratio: options.Ratio = "equal",
    class_weights: options.ClassWeights = "none",
    label_smoothing: options.LabelSmoothing = 0.05,
    mixup: options.Mixup = 0.4,
    forest: options.Forest = 0.0,
    augmentation: options.Augmentation = "strong",
    title: options.Title = "",
    licence: options.Licence = "not stated",
    intended_use: options.IntendedUse = "",
    data_name: options.DataName = "",
    data_licence: options.DataLicence = "",
) -> None:
    """Train a tile classifier and write it as a model package with its card.

    Broken off at any moment, the same command goes on from the last epoch.
    """
    # Typer's start-up should not wait for what only a training needs.
    from slideviewer.models.wsinfer import read_wsinfer
    from slideviewer.training import FitSettings, TrainTilesOptions, train_tiles
    from slideviewer.training.augmentation import parse_augmentation
    from slideviewer.training.options import SlideOptions, SplitOptions
    from slideviewer.training.place_rules import parse_rule

    model = read_wsinfer(like) if like is not None else None
    mapping = parse_classes(classes) if classes is not None else None
    if model is not None:
        if mapping is None:
            mapping = {name: name for name in model.class_names}
        if patch_size is None:
            patch_size = model.network_pixels
        if spacing is None and patch_size > 0:
            spacing = model.patch_um / patch_size
    if mapping is None or patch_size is None or spacing is None:
        raise TrainingError(
            "--classes, --patch-size and --spacing are needed, or --like in their place."
        )
    chosen = TrainTilesOptions(
        data=data,
        out=out,
        name=name,
        classes=mapping,
        target=target,
        patch_size_pixels=patch_size,
        spacing_um_px=spacing,
        architecture=architecture,
        architecture_config=parse_config(architecture_config),
        weights=weights,
        validation_fraction=validation_fraction,
        split=SplitOptions(split_column, split_pattern),
        slides=SlideOptions(
            markup=markup,
            per_slide=tiles_per_slide,
            rule=parse_rule(rule),
            overlap=overlap,
            least_tissue=least_tissue,
            ring_um=ring,
            ring_share=ring_share,
            few=few,
            partial=partial,
            hard_rounds=hard_negative_rounds,
            hard_per_slide=hard_negatives,
            hard_epochs=hard_negative_epochs,
            slide_scores=slide_scores,
        ),
        folds=folds,
        extra_data=tuple(extra_data or ()),
        synthetic=synthetic,
        title=title,
        licence=licence,
        data_name=data_name,
        data_licence=data_licence,
        fit=FitSettings(
            epochs=epochs,
            batch_size=batch,
            epoch_tiles=tiles_per_epoch,
            learning_rate=learning_rate,
            schedule=parse_choice(schedule, "--schedule", ("cosine", "constant")),
            label_smoothing=label_smoothing,
            mixup=mixup,
            forest=forest,
            ratio=ratio,
            class_weights=class_weights,
            patience=patience,
            trained=train,
            seed=seed,
            augmentation=parse_augmentation(augmentation),
        ),
        overwrite=overwrite,
    )
    if intended_use:
        chosen = replace(chosen, intended_use=intended_use)
    refuse_taken(name, add=add, overwrite=overwrite)
    with progress_bar() as progress:
        package = train_tiles(chosen, progress, tell, _tell_epoch)
    say_package(package, add=add, overwrite=overwrite)


def _tell_epoch(row: Any) -> None:
    figures = ", ".join(f"{name} {value:.4g}" for name, value in row.values.items())
    which = f"round {row.repeat}, epoch {row.epoch}" if row.repeat > 1 else f"epoch {row.epoch}"
    typer.echo(f"{which}: {figures} ({row.seconds:.0f} s)")
