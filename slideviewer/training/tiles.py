"""Train a tile classifier from labelled tiles and write it as a model package."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from slideviewer.evaluation.classification import ClassificationReport, best_threshold
from slideviewer.inference.scores import write_scores
from slideviewer.models.loading import apply_temperature, fill_weights, load_model, pack_weights
from slideviewer.models.package import ModelPackage, refuse_other_work, write_package
from slideviewer.models.spec import CARD, GOLDEN, WEIGHTS
from slideviewer.progress import Progress, silent
from slideviewer.training.baseline import baseline_probabilities
from slideviewer.training.calibration import best_temperature
from slideviewer.training.card import BY_TILE, CardFacts, write_card
from slideviewer.training.card_data import TileAnswers
from slideviewer.training.describe import (
    golden_sample,
    limits_of,
    settings_of,
    settings_of_slides,
    specify,
)
from slideviewer.training.drawn import MEASURED_SEEDS, drawn_examples
from slideviewer.training.gathering import gather
from slideviewer.training.hard_rounds import check_rounds, fit_in_rounds
from slideviewer.training.history import EpochRow
from slideviewer.training.measuring import Judge, answers, is_by_origin
from slideviewer.training.options import (
    TrainTilesOptions,
    check_folds,
    check_options,
    few_held_out,
)
from slideviewer.training.parts import (
    Parts,
    extra_examples,
    new_network,
    out_of_fold,
    together,
    without_held_out,
)
from slideviewer.training.running import running
from slideviewer.training.slide_scores import SlideScores, score_slides
from slideviewer.training.start import NONE, check_start, limits_of_start, parent_of
from slideviewer.training.tile_card import tile_card
from slideviewer.training.tile_readers import each_of
from slideviewer.training.work import Work

if TYPE_CHECKING:
    import keras

HELD_OUT = "held out by"
OUT_OF_FOLD = "out of fold"
"""Variants: one part never trained on; or every tile, each by a network that never saw it."""


def train_tiles(
    options: TrainTilesOptions,
    progress: Progress = silent,
    on_notice: Callable[[str], None] | None = None,
    on_epoch: Callable[[EpochRow], None] = lambda _: None,
) -> ModelPackage:
    """Train on one part of the data, measure on the other, and write a package with its card.

    The network that is written saw the training part only, and the figures are those of the
    weights as stored. Calibration and threshold come from the held-out part. A training that was
    broken off, however that came about, goes on from the last epoch if it is called again.

    Parameters
    ----------
    options : TrainTilesOptions
    progress : Progress
        Called after each batch.
    on_notice : callable, optional
        Told, before anything is trained, each sentence that the user should hear.
    on_epoch : callable, optional
        Told what became of each epoch.

    Raises
    ------
    TrainingError
        If the options or the data do not serve, or another training runs in this folder.
    SlideError, AnnotationError, PredictionError
        If a slide or its markup cannot be read.
    ModelError
        If the package cannot be written.
    Cancelled
        Whatever `progress` raises; no package is written then.
    """
    tell = on_notice or (lambda _: None)
    check_options(options)
    check_start(options)
    # A wrong name or architecture shows now, and not after the training.
    specify(options)
    refuse_other_work(options.out)
    facts = {"task": "tiles", "name": options.name, "epochs": options.fit.epochs}
    with running(options.work, **facts) as run:

        def on_row(row: EpochRow) -> None:
            run.diary.epoch(row)
            on_epoch(row)

        return _trained(options, run.progress(progress), run.tell(tell), on_row)


def _trained(
    options: TrainTilesOptions,
    progress: Progress,
    tell: Callable[[str], None],
    on_epoch: Callable[[EpochRow], None],
) -> ModelPackage:
    """Gather, fit, measure and write, alone in the folder."""
    parent = parent_of(options)
    started = None
    if options.weights != NONE or options.fit.trained != "all":
        # Weights that cannot be had, and layers that are not there, show before any slide is read.
        started = new_network(options, parent, options.fit.seed)
    gathered = gather(options, progress, tell)
    examples = gathered.examples
    check_folds(options.folds, examples.counts)
    check_rounds(options, gathered)
    training, validation = examples.split(options.validation_fraction)
    warnings = few_held_out(validation.counts) + limits_of_start(parent, validation.hashes)
    for warning in warnings:
        tell(warning)
    found = extra_examples(options, progress)
    extra = without_held_out(found, validation)
    copies = len(found or ()) - len(extra or ())
    if copies:
        tell(
            f"{copies:,} tiles of --extra-data are left out: the same ones are held out to measure"
            " on."
        )
    work = Work(options, examples, extra, on_epoch)
    if work.is_begun:
        tell("A training that was broken off goes on from its last epoch.")
    parts = Parts(
        options, gathered, training, validation, extra, parent, work, progress, tell, started
    )
    package, scores = _finished(parts, warnings)
    if scores is not None:
        write_scores(scores.features, ["max"], options.out)
        tell(scores.words)
    load_model(package)  # it must answer its own sample, as whoever installs it will see
    work.finish()
    return package


def _finished(parts: Parts, warnings: tuple[str, ...]) -> tuple[ModelPackage, SlideScores | None]:
    """Fit, measure, and write the package."""
    options, target, progress = parts.options, parts.target, parts.progress
    training, validation = parts.training, parts.validation
    split_by = training.split_by
    network = parts.started or new_network(options, parts.parent, options.fit.seed)
    everything, marked = together(training, parts.extra)
    mined = fit_in_rounds(
        network, parts.gathered, everything, marked, validation, options, parts.work, progress
    )
    weights = pack_weights(network)
    fill_weights(network, weights)
    raw = answers(network, validation, progress)
    temperature = best_temperature(raw, validation.labels)
    calibrated = apply_temperature(raw, temperature)
    threshold = round(best_threshold(validation.labels == target, calibrated[:, target]), 4)
    judge = Judge(target, threshold, options.title_of_data)
    baseline = baseline_probabilities(
        each_of(training.tiles), training.labels, each_of(validation.tiles)
    )
    held_out = f"{HELD_OUT} {split_by}"
    found = TileAnswers(raw, validation.labels, options.class_names, target, temperature, threshold)
    colour = baseline
    reports = [judge.report(calibrated, validation, held_out)]
    baselines = [judge.report(baseline, validation, held_out, threshold=0.5)]
    if options.folds:
        raw, baseline = out_of_fold(parts)
        variant = f"{OUT_OF_FOLD}, {options.folds} folds by {split_by}"
        calibrated = apply_temperature(raw, temperature)
        examples = parts.gathered.examples
        reports.append(judge.report(calibrated, examples, variant))
        baselines.append(judge.report(baseline, examples, variant, threshold=0.5))
    if options.synthetic:
        reports.append(_drawn_report(network, parts, judge, temperature))
    golden = golden_sample(network, options.patch_size_pixels)

    def written(folder: Path, scores: SlideScores | None = None) -> ModelPackage:
        spec = specify(
            options, reports, temperature, threshold, split_by=split_by, parent=parts.parent
        )
        facts = _facts(parts, reports, baselines, warnings, mined, scores)
        files = {WEIGHTS: weights, GOLDEN: golden, CARD: write_card(spec, facts).encode()}
        files |= tile_card(facts, found, colour, validation, parts.work.rows, options.data_licence)
        return write_package(folder, spec, files)

    scores = None
    if options.slides.slide_scores:
        # Slides are predicted with the package as everybody would, before its card is complete.
        with tempfile.TemporaryDirectory(prefix="slideviewer-") as passing:
            draft = written(Path(passing) / "model")
            scores = score_slides(draft, parts.held_out_slides, options.rules, progress, parts.tell)
    return written(options.out, scores), scores


def _facts(
    parts: Parts,
    reports: list[ClassificationReport],
    baselines: list[ClassificationReport],
    warnings: tuple[str, ...],
    mined: int,
    scores: SlideScores | None,
) -> CardFacts:
    options, examples = parts.options, parts.gathered.examples
    counts = {"training": parts.training.counts, "validation": parts.validation.counts}
    if parts.extra is not None:
        counts["training only, from elsewhere"] = parts.extra.counts
    settings = settings_of(options)
    if parts.gathered.sample is not None:
        settings |= settings_of_slides(options, parts.gathered.sample)
    if options.slides.hard_rounds:
        settings["hard negatives"] = f"{mined} in {options.slides.hard_rounds} rounds"
    if examples.copies:
        settings["copies of pictures left out"] = str(examples.copies)
    settings["epochs done"] = str(len(parts.work.rows))
    limits = limits_of(options, examples.split_by)
    slides = scores.words if scores is not None else ""
    intervals, whole = BY_TILE, f"by {examples.split_by}: whole ones are drawn"
    if is_by_origin(parts.validation):
        intervals = whole
    elif options.folds and is_by_origin(examples):
        intervals += f"; out of fold {whole}"
    return CardFacts(counts, reports, baselines, settings, limits + warnings, slides, intervals)


def _drawn_report(
    network: keras.Model, parts: Parts, judge: Judge, temperature: float
) -> ClassificationReport:
    """How the model does on drawn tissue that it never saw."""
    options, progress = parts.options, parts.progress
    drawn = drawn_examples(
        0,
        options.class_names,
        parts.target,
        options.patch_size_pixels,
        options.spacing_um_px,
        progress,
        MEASURED_SEEDS,
    )
    found = apply_temperature(answers(network, drawn, progress), temperature)
    variant = f"seeds {MEASURED_SEEDS[0]} to {MEASURED_SEEDS[-1]}, never trained on"
    return judge.report(found, drawn, variant, data="drawn tissue")
