"""Fit a network for pixels, as often as it is wanted, and keep the best."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.engines.openvino_engine import is_imitated
from slideviewer.models.architectures import build_network
from slideviewer.progress import Progress, Step
from slideviewer.training.checkpoints import FitState
from slideviewer.training.fit import falling
from slideviewer.training.pair_augmentation import parse_pair_augmentation
from slideviewer.training.pictures.cache import PixelCache
from slideviewer.training.resumable import Patience, fit_resumably
from slideviewer.training.run_folder import RunFolder
from slideviewer.training.segmentation.album import PixelAlbum
from slideviewer.training.segmentation.losses import LOSSES, Loss, dice, of_masks, with_offsets
from slideviewer.training.segmentation.measuring import measure_squares
from slideviewer.training.segmentation.options import PRECISIONS, TrainPixelsOptions
from slideviewer.training.segmentation.tiles import Square, SquareSource

if TYPE_CHECKING:
    import keras

WATCHED, WATCHED_OF_OFFSETS = "val_dice", "-val_loss"
"""What says which epoch is the best. Offsets have no Dice."""


@dataclass
class Fitting:
    """The repeats of a training, and the network of the best one.

    Attributes
    ----------
    options : TrainPixelsOptions
    targets : sequence of str
        Those that are masks.
    cache : PixelCache
    squares, validation : sequence of Square
        What is trained on, and what chooses the epoch.
    folder : RunFolder
    known : mapping
        What the data are known by: a checkpoint of others is not gone on with.
    tell : callable
        Told each sentence that the user should hear.
    network : keras.Model
        Of the repeat under way.
    """

    options: TrainPixelsOptions
    targets: Sequence[str]
    cache: PixelCache
    squares: Sequence[Square]
    validation: Sequence[Square]
    folder: RunFolder
    known: Mapping[str, object]
    tell: Callable[[str], None]
    network: Any = None

    def best(self, progress: Progress, on_epoch: Callable[[FitState], None]) -> FitState:
        """Fit each repeat as far as it is wanted; `network` has the best weights of all then.

        It computes in float32, as whoever loads it does.
        """
        best = FitState()
        for repeat in range(1, self.options.repeats + 1):
            state = self._fitted(repeat, progress, on_epoch)
            if not best.rows or state.best_value > best.best_value:
                best = state
        if self.options.precision != "float32":
            whole = replace(self.options, precision="float32")
            cache = self.cache
            self.network = built(whole, cache.targets, cache.masks, self.options.seed)
        for variable, value in zip(self.network.weights, best.best_weights, strict=True):
            variable.assign(value)
        return best

    def _fitted(
        self, repeat: int, progress: Progress, on_epoch: Callable[[FitState], None]
    ) -> FitState:
        options, cache = self.options, self.cache
        watched = WATCHED if cache.masks == cache.targets else WATCHED_OF_OFFSETS
        loss = _loss_of(options, cache.targets, cache.masks)
        seed = options.seed + repeat - 1
        steps = -(-len(self.squares) // options.batch_size) * options.epochs
        network = self.network = built(options, cache.targets, cache.masks, seed, steps)
        source = SquareSource(
            self.cache,
            self.squares,
            options.tile_pixels,
            options.batch_size,
            seed,
            parse_pair_augmentation(options.augmentation),
            0 if options.augmentation == "none" else options.tile_pixels // 4,
        )
        checkpoints = self.folder.checkpoints(repeat, {**options.identity(), "data": self.known})
        if options.overwrite:
            checkpoints.discard_another()

        album = PixelAlbum(
            self.folder.folder, self.cache, self.validation, self.targets, options.tile_pixels
        )

        def feed_of(epoch: int) -> keras.utils.PyDataset:
            album.show_batch(epoch + 1, source.batch(epoch, 0))
            return _feed(source, epoch, options.workers)

        def show(state: FitState) -> None:
            self.folder.show(state)
            album.show_answers(state.epochs)
            on_epoch(state)

        def go_on(state: FitState) -> None:
            self.folder.show(state)
            where = f"repeat {repeat}, " if options.repeats > 1 else ""
            self.tell(f"Goes on after {where}epoch {state.epochs}.")

        return fit_resumably(
            network,
            feed_of,
            options.epochs,
            checkpoints,
            validate=lambda: measure_squares(
                network,
                self.cache,
                self.validation,
                self.targets,
                loss,
                options.batch_size,
                album.look,
            ),
            patience=Patience(watched, options.patience),
            repeat=repeat,
            progress=_named(progress, repeat, options.repeats),
            on_epoch=show,
            on_resumed=go_on,
        )


def built(
    options: TrainPixelsOptions, targets: int, masks: int, seed: int, steps: int = 1
) -> keras.Model:
    """A network with fresh weights of this seed, compiled for a training of so many batches."""
    import keras

    keras.utils.set_random_seed(seed)
    with _computing_in(PRECISIONS[options.precision]):
        network = build_network(
            "unet",
            options.architecture_config,
            patch_size_pixels=options.tile_pixels,
            num_classes=targets,
            exclusive=False,
        )
    rate: Any = options.learning_rate
    if options.schedule == "cosine":
        rate = falling(rate, steps)
    optimizer = keras.optimizers.Adam(rate)
    # Left to itself it makes its variables in the first step; those of a checkpoint go there.
    optimizer.build(network.trainable_variables)
    loss = _loss_of(options, targets, masks)
    network.compile(optimizer, loss, metrics=[of_masks(dice, masks)], jit_compile=False)
    return network


def _loss_of(options: TrainPixelsOptions, targets: int, masks: int) -> Loss:
    loss = LOSSES[options.loss]
    return loss if masks == targets else with_offsets(loss, masks)


def slow_precision(options: TrainPixelsOptions) -> tuple[str, ...]:
    """A sentence where what should be quicker takes longer."""
    import keras

    if options.precision == "float32" or keras.distribution.list_devices("gpu"):
        return ()
    if not is_imitated(options.precision):
        return ()
    return (
        f"This processor does not compute in {options.precision} and imitates it: the training"
        " takes several times as long as with --precision float32.",
    )


@contextmanager
def _computing_in(policy: str) -> Iterator[None]:
    """Layers that are made within compute so; their weights are of float32 all the same."""
    import keras

    former = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(former)


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
