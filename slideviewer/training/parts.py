"""What a training of tiles works with, and the networks that it fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slideviewer.models.loading import fill_weights, pack_weights
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Progress, Step
from slideviewer.training.baseline import baseline_probabilities
from slideviewer.training.drawn import drawn_examples
from slideviewer.training.examples import Examples
from slideviewer.training.fit import fit_network
from slideviewer.training.gathering import Gathered
from slideviewer.training.labelled_pictures import load_examples
from slideviewer.training.measuring import answers
from slideviewer.training.options import TrainTilesOptions
from slideviewer.training.slide_list import MarkedSlide
from slideviewer.training.start import started_network
from slideviewer.training.tile_readers import each_of
from slideviewer.training.work import Work

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False)
class Parts:
    """What is trained on and what is measured on.

    Attributes
    ----------
    options : TrainTilesOptions
    gathered : Gathered
        All of the set.
    training, validation : Examples
    extra : Examples or None
        For training only, of other sources.
    parent : ModelPackage or None
        What the network starts from.
    work : Work
    progress : Progress
    tell : callable
    started : keras.Model or None
        A network that was built already.
    """

    options: TrainTilesOptions
    gathered: Gathered
    training: Examples
    validation: Examples
    extra: Examples | None
    parent: ModelPackage | None
    work: Work
    progress: Progress
    tell: Callable[[str], None]
    started: keras.Model | None = None

    @property
    def target(self) -> int:
        """Index of the class of interest."""
        return self.options.class_names.index(self.options.target)

    @property
    def held_out_slides(self) -> list[MarkedSlide]:
        """The slides of the validation part."""
        sample, origins = self.gathered.sample, set(self.validation.origins)
        return [it for it in sample.slides if it.origin in origins] if sample is not None else []


def new_network(options: TrainTilesOptions, parent: ModelPackage | None, seed: int) -> keras.Model:
    """Build a network, the same for the same seed.

    Raises
    ------
    ModelError, TrainingError
        As `started_network`.
    """
    import keras

    keras.utils.set_random_seed(seed)
    return started_network(options, len(options.class_names), parent)


def extra_examples(options: TrainTilesOptions, progress: Progress) -> Examples | None:
    """Tiles of other sources, for training only: further folders, and drawn tissue."""
    size, names = options.patch_size_pixels, options.class_names
    parts = [load_examples(path, options.classes, size, progress) for path in options.extra_data]
    if options.synthetic:
        target = names.index(options.target)
        parts.append(
            drawn_examples(options.synthetic, names, target, size, options.spacing_um_px, progress)
        )
    return reduce(Examples.joined, parts) if parts else None


def without_held_out(extra: Examples | None, held_out: Examples) -> Examples | None:
    """Tiles of other sources, but for copies of those that are measured on."""
    if extra is None:
        return None
    measured = set(held_out.hashes)
    kept = np.array([it not in measured for it in extra.hashes], bool)
    return extra.take(kept) if kept.any() else None


def together(training: Examples, extra: Examples | None) -> tuple[Examples, NDArray[np.bool_]]:
    """Tiles to train on, and which of them are of other sources."""
    everything = training if extra is None else training.joined(extra)
    return everything, np.arange(len(everything)) >= len(training)


def out_of_fold(parts: Parts) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probabilities (n, classes) of every tile, by networks, and by colours, that never saw it."""
    options, examples = parts.options, parts.gathered.examples
    shape = (len(examples), len(examples.class_names))
    found, baseline = np.empty(shape, np.float32), np.empty(shape, np.float32)
    buckets = examples.buckets(options.folds)
    for fold in range(options.folds):
        held_out = buckets == fold
        training, validation = examples.take(~held_out), examples.take(held_out)
        if not len(validation):
            continue
        seed = options.fit.seed + 1 + fold
        network = new_network(options, parts.parent, seed)
        everything, marked = together(training, without_held_out(parts.extra, validation))
        fit_network(
            network,
            everything,
            # No weights are chosen here: there would be nothing left to measure on.
            replace(options.fit, seed=seed, patience=0),
            parts.work.checkpoints(f"fold{fold}"),
            extra=marked,
            progress=_named(parts.progress, fold, options.folds),
        )
        fill_weights(network, pack_weights(network))
        found[held_out] = answers(network, validation, parts.progress)
        baseline[held_out] = baseline_probabilities(
            each_of(training.tiles), training.labels, each_of(validation.tiles)
        )
    return found, baseline


def _named(progress: Progress, fold: int, folds: int) -> Progress:
    def report(step: Step) -> None:
        progress(replace(step, text=f"Fold {fold + 1} of {folds}: {step.text}"))

    return report
