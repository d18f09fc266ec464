"""What a trained tile model's package says of it, and the sample it must reproduce."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from slideviewer.errors import TrainingError
from slideviewer.evaluation.classification import ClassificationReport, Figure
from slideviewer.models.architectures import full_config
from slideviewer.models.arrays import pack_arrays
from slideviewer.models.spec import Metric, ModelSpec, Transform, first_fault
from slideviewer.training.drawn import seeds_for
from slideviewer.training.options import TrainTilesOptions

if TYPE_CHECKING:
    import keras

LIMITS = (
    "It knows the scanners, stains and tissue it was trained on; elsewhere its probabilities are"
    " guesses.",
    "Calibration and threshold were chosen on the validation part, so the figures at the"
    " threshold are slightly flattered there.",
    "Pictures are split by file, not by patient: tiles of one slide may stand on both sides.",
)

_GOLDEN_TILES = 4


def specify(
    options: TrainTilesOptions,
    reports: Sequence[ClassificationReport],
    temperature: float,
    threshold: float,
) -> ModelSpec:
    """Make the specification of a trained model.

    Raises
    ------
    TrainingError
        If an option does not fit in one.
    ModelError
        If the architecture or its configuration is unknown.
    """
    names = tuple(dict.fromkeys(options.classes.values()))
    data = options.title_of_data
    trained_on = f"{data}, all but the {options.validation_fraction:.0%} held out by file hash"
    if options.synthetic:
        seeds = seeds_for(options.synthetic)
        trained_on += f"; tissue drawn by slideviewer, seeds {seeds[0]} to {seeds[-1]}"
    for folder in options.extra_data:
        trained_on += f"; {folder.name}"
    try:
        return ModelSpec(
            architecture=options.architecture,
            num_classes=len(names),
            class_names=names,
            patch_size_pixels=options.patch_size_pixels,
            spacing_um_px=options.spacing_um_px,
            transform=(Transform(name="Resize", arguments={"size": options.patch_size_pixels}),),
            name=options.name,
            title=options.title or options.name,
            licence=options.licence,
            intended_use=options.intended_use,
            trained_on=f"{trained_on}.",
            metrics=tuple(metric for report in reports for metric in _metrics(report)),
            target_class=options.target,
            threshold=threshold,
            temperature=temperature,
            architecture_config=full_config(options.architecture, options.architecture_config),
        )
    except ValidationError as error:
        raise TrainingError(
            f"No package can be described so: {first_fault(error)}.",
            remedy="Change that option.",
        ) from error


def settings_of(options: TrainTilesOptions) -> dict[str, str]:
    """How a model was trained, for its card."""
    fit = options.fit
    settings = {
        "epochs": str(fit.epochs),
        "batch": f"{fit.batch_size}, classes equally often",
        "optimiser": f"AdamW, {fit.learning_rate:g} after a warm-up, half cosine to 0,"
        f" weight decay {fit.weight_decay:g}",
        "weights kept": f"averaged with momentum {fit.ema:g}; none chosen by a validation score",
        "label smoothing, mixup": f"{fit.label_smoothing:g}, {fit.mixup:g}",
        "augmentation": str(fit.augmentation),
        "seed": str(fit.seed),
    }
    if options.synthetic:
        seeds = seeds_for(options.synthetic)
        settings["drawn tissue"] = (
            f"seeds {seeds[0]} to {seeds[-1]}, {fit.extra_share:.0%} of each class's draws"
        )
    return settings


def golden_sample(network: keras.Model, size: int) -> bytes:
    """Pack made-up tiles and the network's answers to them.

    The tiles are blobs in stain-like colours: no picture of the training data leaves with the
    package.
    """
    rng = np.random.default_rng(0)
    tiles = np.stack([_blobs(size, rng) for _ in range(_GOLDEN_TILES)])
    answers = np.asarray(network.predict_on_batch(tiles), np.float32)
    return pack_arrays({"tiles": tiles, "probabilities": answers})


def _blobs(size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    ground, ink = np.array([225.0, 180.0, 205.0]), np.array([90.0, 60.0, 130.0])
    noise = cv2.GaussianBlur(rng.normal(size=(size, size)), (0, 0), rng.uniform(1.5, 5.0))
    share = np.clip(noise / noise.std() - rng.uniform(-0.5, 1.0), 0, 1)[:, :, None]
    return np.asarray(np.rint(ground * (1 - share) + ink * share), np.uint8)


def _metrics(report: ClassificationReport) -> list[Metric]:
    figures: dict[str, Figure] = {
        "roc_auc": report.roc_auc,
        "balanced_accuracy": report.balanced_accuracy,
        "accuracy": report.accuracy,
        "f1": report.f1,
    }
    return [
        Metric(
            name=name,
            variant=report.variant,
            data=report.data,
            value=round(figure.value, 4),
            low=None if figure.low is None else round(figure.low, 4),
            high=None if figure.high is None else round(figure.high, 4),
            count=report.count,
        )
        for name, figure in figures.items()
        if figure.value is not None
    ]
