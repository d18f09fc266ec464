"""Train a tile classifier from labelled pictures and write it as a model package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.classification import (
    ClassificationReport,
    best_threshold,
    classification_report,
)
from slideviewer.models.architectures import build_network
from slideviewer.models.classifier import predict_in_batches
from slideviewer.models.loading import apply_temperature, fill_weights, pack_weights
from slideviewer.models.package import ModelPackage, refuse_other_work, write_package
from slideviewer.models.spec import CARD, GOLDEN, WEIGHTS
from slideviewer.progress import Progress, Step, silent
from slideviewer.training.baseline import baseline_probabilities
from slideviewer.training.calibration import best_temperature
from slideviewer.training.card import CardFacts, write_card
from slideviewer.training.describe import LIMITS, golden_sample, settings_of, specify
from slideviewer.training.drawn import MEASURED_SEEDS, drawn_examples
from slideviewer.training.examples import Examples, load_examples
from slideviewer.training.fit import fit_network
from slideviewer.training.options import (
    TrainTilesOptions,
    check_folds,
    check_options,
    few_held_out,
)

if TYPE_CHECKING:
    import keras

_BATCH = 32

HELD_OUT = "held out by file hash"
OUT_OF_FOLD = "out of fold"
"""Variants: one part never trained on; or every tile, each by a network that never saw it."""


def train_tiles(
    options: TrainTilesOptions,
    progress: Progress = silent,
    on_notice: Callable[[str], None] | None = None,
) -> ModelPackage:
    """Train on one part of the data, measure on the other, and write a package with its card.

    The network that is written saw the training part only, and the figures are those of the
    weights as stored. Calibration and threshold come from the held-out part.

    Parameters
    ----------
    options : TrainTilesOptions
    progress : Progress
        Called after each batch.
    on_notice : callable, optional
        Told, before anything is trained, each sentence that the user should hear.

    Raises
    ------
    TrainingError
        If the options or the data do not serve.
    ModelError
        If the package cannot be written.
    Cancelled
        Whatever `progress` raises; nothing is written then.
    """
    check_options(options)
    # A wrong name or architecture shows now, and not after the training.
    specify(options, [], 1.0, 0.5)
    refuse_other_work(options.out)
    examples = load_examples(options.data, options.classes, options.patch_size_pixels, progress)
    check_folds(options.folds, examples.counts)
    training, validation = examples.split(options.validation_fraction)
    warnings = few_held_out(validation.counts)
    if on_notice is not None:
        for warning in warnings:
            on_notice(warning)
    target = examples.class_names.index(options.target)
    extra = _extra(options, examples.class_names, target, progress)

    network, weights = _fitted(training, extra, options, options.fit.seed, progress)
    raw = predict_in_batches(network, validation.tiles, _BATCH)
    temperature = best_temperature(raw, validation.labels)
    calibrated = apply_temperature(raw, temperature)
    threshold = round(best_threshold(validation.labels == target, calibrated[:, target]), 4)
    baseline = baseline_probabilities(training.tiles, training.labels, validation.tiles)
    data = options.title_of_data
    reports = [_report(calibrated, validation, target, threshold, HELD_OUT, data)]
    baselines = [_report(baseline, validation, target, 0.5, HELD_OUT, data)]
    if options.folds:
        raw, baseline = _out_of_fold(examples, extra, options, progress)
        variant = f"{OUT_OF_FOLD}, {options.folds} folds by file hash"
        calibrated = apply_temperature(raw, temperature)
        reports.append(_report(calibrated, examples, target, threshold, variant, data))
        baselines.append(_report(baseline, examples, target, 0.5, variant, data))
    if options.synthetic:
        drawn = drawn_examples(
            0,
            examples.class_names,
            target,
            options.patch_size_pixels,
            options.spacing_um_px,
            progress,
            MEASURED_SEEDS,
        )
        answers = apply_temperature(predict_in_batches(network, drawn.tiles, _BATCH), temperature)
        variant = f"seeds {MEASURED_SEEDS[0]} to {MEASURED_SEEDS[-1]}, never trained on"
        reports.append(_report(answers, drawn, target, threshold, variant, "drawn tissue"))
    parts = {"training": training.counts, "validation": validation.counts}
    if extra is not None:
        parts["training only, from elsewhere"] = extra.counts
    spec = specify(options, reports, temperature, threshold)
    settings = settings_of(options)
    if examples.copies:
        settings["copies of pictures left out"] = str(examples.copies)
    card = write_card(spec, CardFacts(parts, reports, baselines, settings, LIMITS + warnings))
    golden = golden_sample(network, options.patch_size_pixels)
    files = {WEIGHTS: weights, GOLDEN: golden, CARD: card.encode()}
    return write_package(options.out, spec, files)


def _extra(
    options: TrainTilesOptions, class_names: tuple[str, ...], target: int, progress: Progress
) -> Examples | None:
    size = options.patch_size_pixels
    parts = [load_examples(path, options.classes, size, progress) for path in options.extra_data]
    if options.synthetic:
        parts.append(
            drawn_examples(
                options.synthetic, class_names, target, size, options.spacing_um_px, progress
            )
        )
    return reduce(Examples.joined, parts) if parts else None


def _fitted(
    training: Examples,
    extra: Examples | None,
    options: TrainTilesOptions,
    seed: int,
    progress: Progress,
) -> tuple[keras.Model, bytes]:
    """Train a network; it comes back holding the weights as they are stored."""
    import keras

    keras.utils.set_random_seed(seed)
    network = build_network(
        options.architecture,
        options.architecture_config,
        patch_size_pixels=options.patch_size_pixels,
        num_classes=len(training.class_names),
    )
    everything = training if extra is None else training.joined(extra)
    marked = np.arange(len(everything)) >= len(training)
    settings = replace(options.fit, seed=seed)
    fit_network(network, everything.tiles, everything.labels, settings, progress, marked)
    weights = pack_weights(network)
    fill_weights(network, weights)
    return network, weights


def _out_of_fold(
    examples: Examples, extra: Examples | None, options: TrainTilesOptions, progress: Progress
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probabilities of every tile, by networks (and by colours) that never saw it."""
    shape = (len(examples), len(examples.class_names))
    found, baseline = np.empty(shape, np.float32), np.empty(shape, np.float32)
    buckets = examples.buckets(options.folds)
    for fold in range(options.folds):
        held_out = buckets == fold
        training, validation = examples.take(~held_out), examples.take(held_out)
        if not len(validation):
            continue
        seed = options.fit.seed + 1 + fold
        network, _ = _fitted(training, extra, options, seed, _named(progress, fold, options.folds))
        found[held_out] = predict_in_batches(network, validation.tiles, _BATCH)
        baseline[held_out] = baseline_probabilities(
            training.tiles, training.labels, validation.tiles
        )
    return found, baseline


def _named(progress: Progress, fold: int, folds: int) -> Progress:
    def report(step: Step) -> None:
        progress(replace(step, text=f"Fold {fold + 1} of {folds}: {step.text}"))

    return report


def _report(
    probabilities: NDArray[np.float32],
    part: Examples,
    target: int,
    threshold: float,
    variant: str,
    data: str,
) -> ClassificationReport:
    return classification_report(
        probabilities,
        part.labels,
        class_names=part.class_names,
        target=target,
        threshold=threshold,
        variant=variant,
        data=data,
    )
