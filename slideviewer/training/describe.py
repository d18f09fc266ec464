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
from slideviewer.models.package import ModelPackage
from slideviewer.models.spec import Metric, ModelSpec, Transform, first_fault
from slideviewer.training.batches import EQUAL, OWN
from slideviewer.training.drawn import seeds_for
from slideviewer.training.examples import BY_FILE, BY_USER
from slideviewer.training.fit import FitSettings
from slideviewer.training.forest import FOREST
from slideviewer.training.options import TrainTilesOptions
from slideviewer.training.sampling import Sample
from slideviewer.training.start import IMAGENET
from slideviewer.training.start import NONE as NO_WEIGHTS

if TYPE_CHECKING:
    import keras

LIMITS = (
    "It knows the scanners, stains and tissue it was trained on; elsewhere its probabilities are"
    " guesses.",
    "Calibration and threshold were chosen on the validation part, so the figures at the"
    " threshold are slightly flattered there.",
)
_BY_FILE_LIMIT = (
    "Pictures are split by file, not by patient: tiles of one slide may stand on both sides."
)
_CHOSEN_LIMIT = (
    "The epoch whose weights were kept was chosen on the validation part, so all figures on it are"
    " flattered; measure on slides of your own."
)

_GOLDEN_TILES = 4
_LONGEST_HISTORY = 1500
_RATIOS = {EQUAL: "equally often", OWN: "as often as the set holds them"}
_SCHEDULES = {"cosine": "after a warm-up, half cosine to 0", "constant": "throughout"}


def limits_of(options: TrainTilesOptions, split_by: str) -> tuple[str, ...]:
    """What a card says against its model."""
    more = [_BY_FILE_LIMIT] if split_by == BY_FILE else []
    more += [_CHOSEN_LIMIT] if options.fit.patience else []
    return (*LIMITS, *more)


def specify(
    options: TrainTilesOptions,
    reports: Sequence[ClassificationReport] = (),
    temperature: float = 1.0,
    threshold: float = 0.5,
    *,
    split_by: str = BY_FILE,
    parent: ModelPackage | None = None,
) -> ModelSpec:
    """Make the specification of a trained model.

    Raises
    ------
    TrainingError
        If an option does not fit in one.
    ModelError
        If the architecture or its configuration is unknown.
    """
    names = options.class_names
    data = options.title_of_data
    share = "what is" if split_by == BY_USER else f"the {options.validation_fraction:.0%}"
    trained_on = f"{data}, all but {share} held out by {split_by}"
    if options.synthetic:
        seeds = seeds_for(options.synthetic)
        trained_on += f"; tissue drawn by slideviewer, seeds {seeds[0]} to {seeds[-1]}"
    for folder in options.extra_data:
        trained_on += f"; {folder.name}"
    if options.weights == IMAGENET:
        trained_on += "; begun from Keras's weights for ImageNet"
    elif parent is not None:
        trained_on += f"; begun from {parent.spec.name}, which was trained on {_short(parent)}"
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
            metrics=tuple(metric for report in reports for metric in metrics_of(report)),
            target_class=options.target,
            threshold=threshold,
            temperature=temperature,
            parent=parent.hash if parent is not None else None,
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
        "batch": f"{fit.batch_size}, classes {_RATIOS.get(fit.ratio, fit.ratio)}",
        "optimiser": f"AdamW, {fit.learning_rate:g} {_SCHEDULES[fit.schedule]},"
        f" weight decay {fit.weight_decay:g}",
        "weights kept": _kept(fit),
        "label smoothing, mixup": f"{fit.label_smoothing:g}, {fit.mixup:g}",
        "augmentation": str(fit.augmentation),
        "seed": str(fit.seed),
    }
    if fit.forest:
        settings["teacher"] = f"{FOREST}, {fit.forest:.0%} of what is learnt"
    if fit.class_weights != "none":
        settings["class weights"] = fit.class_weights
    if options.weights != NO_WEIGHTS or fit.trained != "all":
        settings["start"] = f"{options.weights}; trained: {fit.trained}"
    if options.synthetic:
        seeds = seeds_for(options.synthetic)
        settings["drawn tissue"] = (
            f"seeds {seeds[0]} to {seeds[-1]}, {fit.extra_share:.0%} of each class's draws"
        )
    return settings


def settings_of_slides(options: TrainTilesOptions, sample: Sample) -> dict[str, str]:
    """How tiles were taken from slides, for the card."""
    slides, kinds = options.slides, sample.kinds
    partial = sum(slide.partial for slide in sample.slides)
    return {
        "slides": f"{len(sample.slides)}, {partial} of them annotated in part",
        "tiles": f"at most {slides.per_slide} of a slide, classes alike; "
        + ", ".join(f"{count:,} {kind}" for kind, count in kinds.items()),
        "class of a tile": slides.rule.text,
        "tissue, ring": f"{slides.least_tissue:.0%} of a tile of the rest or more;"
        f" {slides.ring_share:.0%} of them within {slides.ring_um:g} µm of the target",
    }


def golden_sample(network: keras.Model, size: int) -> bytes:
    """Pack made-up tiles and the network's answers to them.

    The tiles are blobs in stain-like colours: no picture of the training data leaves with the
    package.
    """
    rng = np.random.default_rng(0)
    tiles = np.stack([_blobs(size, rng) for _ in range(_GOLDEN_TILES)])
    answers = np.asarray(network.predict_on_batch(tiles), np.float32)
    return pack_arrays({"tiles": tiles, "probabilities": answers})


def _kept(fit: FitSettings) -> str:
    if fit.patience:
        return f"those of the best validation loss, patience {fit.patience} epochs"
    if not fit.averages:
        return "the last ones; none chosen by a validation score"
    return f"averaged with momentum {fit.ema:g}; none chosen by a validation score"


def _short(parent: ModelPackage) -> str:
    words = parent.spec.trained_on.rstrip(".")
    return words if len(words) <= _LONGEST_HISTORY else f"{words[:_LONGEST_HISTORY]}…"


def _blobs(size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    ground, ink = np.array([225.0, 180.0, 205.0]), np.array([90.0, 60.0, 130.0])
    noise = cv2.GaussianBlur(rng.normal(size=(size, size)), (0, 0), rng.uniform(1.5, 5.0))
    share = np.clip(noise / noise.std() - rng.uniform(-0.5, 1.0), 0, 1)[:, :, None]
    return np.asarray(np.rint(ground * (1 - share) + ink * share), np.uint8)


def metrics_of(report: ClassificationReport) -> list[Metric]:
    """The figures of a report that are defined."""
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
