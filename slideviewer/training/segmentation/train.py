"""Train a network for pixels, and write it as a model package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.models.architectures import build_network
from slideviewer.models.install import verify_package
from slideviewer.models.loading import fill_weights, load_model, pack_weights
from slideviewer.models.package import ModelPackage, refuse_other_work, write_package
from slideviewer.models.spec import CARD, GOLDEN, WEIGHTS
from slideviewer.progress import Progress, Step, silent
from slideviewer.training.card_data import may_be_shown
from slideviewer.training.checkpoints import FitState
from slideviewer.training.pair_augmentation import AUGMENTATIONS
from slideviewer.training.pictures.cache import PixelCache, cached
from slideviewer.training.pictures.data import TrainingData
from slideviewer.training.resumable import Patience, fit_resumably
from slideviewer.training.run_folder import RunFolder
from slideviewer.training.segmentation.baseline import BASELINE, ColourBaseline
from slideviewer.training.segmentation.card import Extra, Measured, measure, pixel_card
from slideviewer.training.segmentation.describe import (
    LIMITS,
    CardFacts,
    golden_sample,
    settings_of,
    specify,
    write_card,
)
from slideviewer.training.segmentation.losses import LOSSES, dice
from slideviewer.training.segmentation.measuring import measure_squares, whole_pictures
from slideviewer.training.segmentation.options import TrainPixelsOptions, check_options
from slideviewer.training.segmentation.parts import Part, few_held_out, split
from slideviewer.training.segmentation.rival import network_of, refuse_other_part, rival_of
from slideviewer.training.segmentation.tiles import Square, SquareSource, squares_of

if TYPE_CHECKING:
    import keras

WATCHED = "val_dice"


def train_pixels(
    options: TrainPixelsOptions,
    data: TrainingData,
    progress: Progress = silent,
    on_notice: Callable[[str], None] | None = None,
    on_epoch: Callable[[FitState], None] | None = None,
    extra: Callable[[], Extra] | None = None,
) -> ModelPackage:
    """Train on some cases, measure on the others, and write a package with its card.

    The epoch with the best Dice on the held-out part is kept, and the figures are those of its
    weights as stored. In `options.out` there is a folder ``training`` with the history, its curves
    and the network in words; there the training also keeps where it stands, so that the same call
    goes on where one was broken off.

    Parameters
    ----------
    options : TrainPixelsOptions
    data : TrainingData
    progress : Progress
        What it raises ends the training, which can be gone on with.
    on_notice : callable, optional
        Told each sentence that the user should hear.
    on_epoch : callable, optional
        Told the state after each epoch.
    extra : callable, optional
        Makes what measures the answers of one model further.

    Raises
    ------
    TrainingError
        If the options or the data do not serve, the loss ceases to be a number, or the disk is
        full.
    ModelError
        If the package cannot be written, or does not reproduce its own sample.
    SlideError
        If a picture cannot be read.
    """
    check_options(options)
    rival = rival_of(options, data.targets)
    targets, title = data.targets, options.data_name or data.title
    specify(options, targets, title)  # a wrong name shows now, and not after the training
    refuse_other_work(options.out)
    folder = RunFolder(options.out)
    folder.refuse_package(overwrite=options.overwrite)
    network = _built(options, len(targets), options.seed)
    folder.refuse_little_room(network.count_params())
    folder.describe(network)
    known = data.identity()
    cache = cached(folder.cache, known, len(targets), data.items(progress))
    parts = split(cache, targets, options.validation_fraction, options.seed)
    names = [cache.pictures[number].name for number in parts[1].pictures]
    if rival is not None:
        refuse_other_part(rival, names)
    warnings = few_held_out(parts[1])
    tell = on_notice or (lambda _: None)
    for warning in warnings:
        tell(warning)
    side, coverage = options.tile_pixels, options.coverage
    squares = squares_of(cache, parts[0].pictures, side, coverage, flat=False)
    validation = squares_of(cache, parts[1].pictures, side, coverage)
    fitting = _Fitting(options, targets, cache, squares, validation, folder, known, tell)
    state = fitting.best(progress, on_epoch)
    network = fitting.network

    weights = pack_weights(network)
    fill_weights(network, weights)
    held_out = parts[1].pictures
    show = may_be_shown(options.data_licence)
    measured = measure(
        whole_pictures(network, cache, held_out, options.batch_size, progress),
        cache,
        targets,
        title,
        extra() if extra is not None else None,
        show=show,
    )
    baseline = _baseline(rival, options, targets, cache, parts, title, extra, progress)
    spec = specify(options, targets, title, measured.metrics)
    chosen = f"{state.epochs} done, weights of epoch {state.best_epoch}"
    facts = CardFacts(
        parts,
        {"training": len(squares), "validation": len(validation)},
        settings_of(options, network.count_params(), chosen),
        (*LIMITS, *warnings),
        baseline[0],
        baseline[1].metrics,
    )
    files = {
        WEIGHTS: weights,
        GOLDEN: golden_sample(network),
        CARD: write_card(spec, facts).encode(),
    }
    files |= pixel_card(facts, measured, baseline, targets, state.rows, names, options.data_licence)
    progress(Step(0, 0, "Writing the model package"))
    write_package(options.out, spec, files)
    package = verify_package(options.out)
    folder.finish()
    return package


def _baseline(
    rival: ModelPackage | None,
    options: TrainPixelsOptions,
    targets: Sequence[str],
    cache: PixelCache,
    parts: tuple[Part, Part],
    title: str,
    extra: Callable[[], Extra] | None,
    progress: Progress,
) -> tuple[str, Measured]:
    """What the network is compared with, measured on the same pictures."""
    if rival is None:
        progress(Step(0, 0, "Measuring what colour alone can tell"))
        colour = ColourBaseline(cache, parts[0].pictures, options.seed)
        answered = colour.answers(cache, parts[1].pictures)
        return BASELINE, measure(answered, cache, targets, title)
    answered = whole_pictures(
        load_model(rival), cache, parts[1].pictures, options.batch_size, progress
    )
    measured = measure(answered, cache, targets, title, extra() if extra is not None else None)
    return f"{rival.spec.name}, {network_of(rival)}"[:500], measured


@dataclass
class _Fitting:
    """The repeats of a training, and the network of the best one."""

    options: TrainPixelsOptions
    targets: Sequence[str]
    cache: PixelCache
    squares: Sequence[Square]
    validation: Sequence[Square]
    folder: RunFolder
    known: Mapping[str, object]
    tell: Callable[[str], None]
    network: Any = None

    def best(self, progress: Progress, on_epoch: Callable[[FitState], None] | None) -> FitState:
        """Fit each repeat as far as it is wanted; `network` has the best weights of all then."""
        best = FitState()
        for repeat in range(1, self.options.repeats + 1):
            state = self._fitted(repeat, progress, on_epoch)
            if not best.rows or state.best_value > best.best_value:
                best = state
        for variable, value in zip(self.network.weights, best.best_weights, strict=True):
            variable.assign(value)
        return best

    def _fitted(
        self, repeat: int, progress: Progress, on_epoch: Callable[[FitState], None] | None
    ) -> FitState:
        options, loss = self.options, LOSSES[self.options.loss]
        seed = options.seed + repeat - 1
        network = self.network = _built(options, len(self.targets), seed)
        source = SquareSource(
            self.cache,
            self.squares,
            options.tile_pixels,
            options.batch_size,
            seed,
            AUGMENTATIONS[options.augmentation],
            0 if options.augmentation == "none" else options.tile_pixels // 4,
        )
        checkpoints = self.folder.checkpoints(repeat, {**options.identity(), "data": self.known})
        if options.overwrite:
            checkpoints.discard_another()

        def show(state: FitState) -> None:
            self.folder.show(state)
            if on_epoch is not None:
                on_epoch(state)

        def go_on(state: FitState) -> None:
            self.folder.show(state)
            where = f"repeat {repeat}, " if options.repeats > 1 else ""
            self.tell(f"Goes on after {where}epoch {state.epochs}.")

        return fit_resumably(
            network,
            lambda epoch: _feed(source, epoch, options.workers),
            options.epochs,
            checkpoints,
            validate=lambda: measure_squares(
                network, self.cache, self.validation, self.targets, loss, options.batch_size
            ),
            patience=Patience(WATCHED, options.patience),
            repeat=repeat,
            progress=_named(progress, repeat, options.repeats),
            on_epoch=show,
            on_resumed=go_on,
        )


def _built(options: TrainPixelsOptions, targets: int, seed: int) -> keras.Model:
    """A network with fresh weights of this seed, compiled."""
    import keras

    keras.utils.set_random_seed(seed)
    network = build_network(
        "unet",
        options.architecture_config,
        patch_size_pixels=options.tile_pixels,
        num_classes=targets,
        exclusive=False,
    )
    optimizer = keras.optimizers.Adam(options.learning_rate)
    # Left to itself it makes its variables in the first step; those of a checkpoint go there.
    optimizer.build(network.trainable_variables)
    network.compile(optimizer, LOSSES[options.loss], metrics=[dice], jit_compile=False)
    return network


def _feed(source: SquareSource, epoch: int, workers: int) -> keras.utils.PyDataset:
    """Make the data set of an epoch; its base class exists only once Keras is imported."""
    import keras

    class Feed(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return source.batches

        def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
            return source.batch(epoch, index)

    return Feed(workers=workers, max_queue_size=2 * workers)


def _named(progress: Progress, repeat: int, repeats: int) -> Progress:
    if repeats == 1:
        return progress

    def report(step: Step) -> None:
        progress(replace(step, text=f"Repeat {repeat} of {repeats}: {step.text}"))

    return report
