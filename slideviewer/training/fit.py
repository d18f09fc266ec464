"""Fit a tile network to labelled tiles: the feed, the schedule, the averaged weights."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from slideviewer.progress import Progress, silent
from slideviewer.training.album import TileAlbum
from slideviewer.training.augmentation import Augmentation
from slideviewer.training.batches import EQUAL, Batch, BatchSource
from slideviewer.training.checkpoints import Checkpoints, FitState
from slideviewer.training.examples import Examples
from slideviewer.training.forest import Forest
from slideviewer.training.measuring import answers, quality
from slideviewer.training.resumable import Patience, fit_resumably

if TYPE_CHECKING:
    import keras

_MOST_READERS = 8

Schedule = Literal["cosine", "constant"]
Trained = str
"""What is fitted: "all"; "head", the layers behind a base; or the base from a layer's number on."""


@dataclass(frozen=True)
class FitSettings:
    """How a network is fitted.

    Attributes
    ----------
    epochs : int
        Passes; one pass draws as many tiles as there are.
    batch_size : int
    epoch_tiles : int
        Tiles that one pass draws, in place of as many as there are; 0 for those.
    learning_rate : float
        The highest, after a short warm-up; it then falls along a half cosine to nothing, or stays.
    schedule : str
        "cosine" or "constant".
    weight_decay : float
        AdamW's (Loshchilov and Hutter 2019, arXiv:1711.05101); 0 makes it Adam.
    label_smoothing : float
    mixup : float
        Parameter of the beta distribution that two tiles are mixed by, 0 for none
        (Zhang et al. 2018, arXiv:1710.09412).
    extra_share : float
        Share of each class's draws that go to tiles marked as extra, where it has any.
    ratio : str
        How often each class is drawn, as in `slideviewer.training.batches.shares_of`.
    class_weights : str
        What each class weighs in the loss, as in `slideviewer.training.batches.weights_of`.
    ema : float
        Momentum of the averaged weights that are kept in the end; 0 for the last ones.
    patience : int
        Epochs without a smaller loss on the validation part that end the training; the weights of
        the best epoch are then kept in place of averaged ones. 0 for never.
    trained : str
        "all"; "head", which leaves the base as it is; or a number: the base's layers from there on.
    forest : float
        Share of each target that a `Forest` gives in place of the label; 0 for none.
    seed : int
        On a CPU the same seed and data give the same network.
    augmentation : Augmentation
    """

    epochs: int = 40
    batch_size: int = 16
    epoch_tiles: int = 0
    learning_rate: float = 2e-3
    schedule: Schedule = "cosine"
    weight_decay: float = 5e-2
    label_smoothing: float = 0.05
    mixup: float = 0.4
    extra_share: float = 0.4
    ratio: str = EQUAL
    class_weights: str = "none"
    ema: float = 0.99
    patience: int = 0
    trained: Trained = "all"
    forest: float = 0.0
    seed: int = 1
    augmentation: Augmentation = field(default_factory=Augmentation)

    @property
    def averages(self) -> bool:
        """Whether averaged weights are kept."""
        return self.ema > 0 and not self.patience


def fit_network(
    network: keras.Model,
    training: Examples,
    settings: FitSettings,
    checkpoints: Checkpoints,
    *,
    extra: NDArray[np.bool_] | None = None,
    validation: Examples | None = None,
    target: int = 0,
    repeat: int = 1,
    progress: Progress = silent,
    on_epoch: Callable[[FitState], None] | None = None,
    on_resumed: Callable[[FitState], None] | None = None,
    album: TileAlbum | None = None,
) -> FitState:
    """Fit a network in place, from where it was left, and leave the weights to be kept in it.

    Without `FitSettings.patience` no weights are chosen by a validation score, so that one
    measured afterwards on held-out tiles is not flattered.

    Parameters
    ----------
    network : keras.Model
        From uint8 tiles to probabilities.
    training : Examples
        At least one tile of each class.
    settings : FitSettings
    checkpoints : Checkpoints
    extra : ndarray (n,), bool, optional
        Tiles of another source, drawn by `FitSettings.extra_share`; an epoch counts the others.
    validation : Examples, optional
        Looked at after each epoch.
    target : int
        Index of the class of interest.
    repeat : int
        For the rows of the history.
    progress : Progress
        Called after every batch.
    on_epoch, on_resumed : callable, optional
        As in `fit_resumably`.
    album : TileAlbum, optional
        Draws a batch and answers of each epoch.

    Raises
    ------
    TrainingError
        If a class has no tile, the loss ceases to be a number, or the disk is full.
    Cancelled
        Whatever `progress` raises to cancel; what was done is kept in the checkpoints.
    """
    classes = len(training.class_names)
    teacher = None
    if settings.forest:
        own = training if extra is None else training.take(~extra)
        teacher = Forest.of(own, settings.seed, progress).answers
    source = BatchSource(
        training.tiles, training.labels, classes, settings, extra, training.groups, teacher
    )
    compile_network(network, settings, source.batches * settings.epochs)

    done = 0  # epochs, that under way among them

    def feed_of(epoch: int) -> Any:
        nonlocal done
        done = epoch + 1
        if album is not None:
            album.show_batch(done, source.batch(epoch, 0))
        return _feed(source, epoch)

    def validate() -> Mapping[str, float]:
        if validation is None:
            return {}
        with _averaged(network, settings):
            found = answers(network, validation)
        if album is not None:
            album.show_answers(done, found)
        return quality(found, validation, target)

    return fit_resumably(
        network,
        feed_of,
        settings.epochs,
        checkpoints,
        validate=validate,
        patience=Patience(
            "-val_loss" if settings.patience else "", settings.patience, least=-math.inf
        ),
        repeat=repeat,
        progress=progress,
        on_epoch=on_epoch,
        on_resumed=on_resumed,
    )


def compile_network(network: keras.Model, settings: FitSettings, steps: int) -> None:
    """Give a network its optimiser and loss.

    Parameters
    ----------
    network : keras.Model
    settings : FitSettings
    steps : int
        Batches of the whole training.
    """
    import keras

    rate: Any = settings.learning_rate
    if settings.schedule == "cosine":
        rate = falling(settings.learning_rate, steps)
    averaging = {"use_ema": True, "ema_momentum": settings.ema} if settings.averages else {}
    optimizer = keras.optimizers.AdamW(rate, weight_decay=settings.weight_decay, **averaging)
    # Left to itself it makes its variables in the first step, which TensorFlow then traces twice.
    optimizer.build(network.trainable_variables)
    network.compile(
        optimizer,
        keras.losses.CategoricalCrossentropy(label_smoothing=settings.label_smoothing),
        metrics=[keras.metrics.CategoricalAccuracy("accuracy")],
        jit_compile=False,
    )


def falling(rate: float, steps: int) -> Any:
    """A rate that falls along a half cosine to nothing, after a warm-up of a twentieth."""
    import keras

    return keras.optimizers.schedules.CosineDecay(
        rate / 20,
        decay_steps=max(1, steps - steps // 20),
        warmup_target=rate,
        warmup_steps=steps // 20,
    )


@contextmanager
def _averaged(network: keras.Model, settings: FitSettings) -> Iterator[None]:
    """Put the averaged weights in place for a while."""
    if not settings.averages:
        yield
        return
    variables = network.trainable_variables
    before = [np.array(variable.numpy()) for variable in variables]
    network.optimizer.finalize_variable_values(variables)
    try:
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)


def _feed(source: BatchSource, epoch: int) -> Any:
    """Make the data set of an epoch; its base class exists only once Keras is imported."""
    import keras

    class Feed(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return source.batches

        def __getitem__(self, index: int) -> Batch:
            return source.batch(epoch, index)

    return Feed(workers=min(_MOST_READERS, os.cpu_count() or 1), max_queue_size=2 * _MOST_READERS)
