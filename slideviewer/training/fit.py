"""Fit a tile network to labelled tiles: the feed, the schedule, the averaged weights."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError
from slideviewer.progress import Progress, Step, silent
from slideviewer.training.augmentation import Augmentation

if TYPE_CHECKING:
    import keras

Tiles = NDArray[np.uint8]
"""Labelled tiles: shape (n, patch, patch, 3), uint8, RGB."""

Labels = NDArray[np.int64]
"""The class index of each tile: shape (n,), int64."""


@dataclass(frozen=True)
class FitSettings:
    """How a network is fitted.

    Attributes
    ----------
    epochs : int
        Passes; one pass draws as many tiles as there are.
    batch_size : int
    learning_rate : float
        The highest, after a short warm-up; it then falls along a half cosine to nothing.
    weight_decay : float
        AdamW's (Loshchilov and Hutter 2019, arXiv:1711.05101).
    label_smoothing : float
    mixup : float
        Parameter of the beta distribution that two tiles are mixed by, 0 for none
        (Zhang et al. 2018, arXiv:1710.09412).
    extra_share : float
        Share of each class's draws that go to tiles marked as extra, where it has any.
    ema : float
        Momentum of the averaged weights that are kept in the end.
    seed : int
        On a CPU the same seed and data give the same network.
    augmentation : Augmentation
    """

    epochs: int = 40
    batch_size: int = 16
    learning_rate: float = 2e-3
    weight_decay: float = 5e-2
    label_smoothing: float = 0.05
    mixup: float = 0.4
    extra_share: float = 0.4
    ema: float = 0.99
    seed: int = 1
    augmentation: Augmentation = field(default_factory=Augmentation)


class BatchSource:
    """Balanced, augmented batches, each a function of (seed, epoch, index) alone.

    Every class is drawn equally often, however few its tiles. No state passes from batch to
    batch, so threads may prepare them in any order.
    """

    def __init__(
        self,
        tiles: Tiles,
        labels: Labels,
        classes: int,
        settings: FitSettings,
        extra: NDArray[np.bool_] | None = None,
    ) -> None:
        marked = np.zeros(len(tiles), np.bool_) if extra is None else extra
        self._tiles, self._settings, self._classes = tiles, settings, classes
        self._main = [np.flatnonzero((labels == index) & ~marked) for index in range(classes)]
        self._extra = [np.flatnonzero((labels == index) & marked) for index in range(classes)]
        for index in range(classes):
            if not len(self._main[index]) and not len(self._extra[index]):
                raise TrainingError(f"Class number {index} has no tile to train on.")
        self.batches = max(1, int((~marked).sum()) // settings.batch_size)

    def batch(self, epoch: int, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return tiles (batch, patch, patch, 3), uint8, and targets (batch, classes), float32."""
        settings = self._settings
        rng = np.random.default_rng([settings.seed, epoch, index])
        count = settings.batch_size
        wanted = rng.permutation(np.arange(count) % self._classes)
        chosen = [self._draw(label, rng) for label in wanted]
        tiles = np.stack([settings.augmentation.apply(self._tiles[i], rng) for i in chosen])
        targets = np.eye(self._classes, dtype=np.float32)[wanted]
        if settings.mixup:
            share = rng.beta(settings.mixup, settings.mixup, count).astype(np.float32)
            other = rng.permutation(count)
            pixel_share = share[:, None, None, None]
            mixed = tiles * pixel_share + tiles[other] * (1 - pixel_share)
            tiles = np.rint(mixed).astype(np.uint8)
            targets = targets * share[:, None] + targets[other] * (1 - share[:, None])
        return tiles, targets

    def _draw(self, label: int, rng: np.random.Generator) -> int:
        main, extra = self._main[label], self._extra[label]
        wants_extra = len(extra) and rng.random() < self._settings.extra_share
        return int(rng.choice(extra if wants_extra or not len(main) else main))


def fit_network(
    network: keras.Model,
    tiles: Tiles,
    labels: Labels,
    settings: FitSettings,
    progress: Progress = silent,
    extra: NDArray[np.bool_] | None = None,
) -> list[float]:
    """Fit a network in place and leave the averaged weights in it.

    No weights are chosen by a validation score, so that one measured afterwards on held-out
    tiles is not flattered.

    Parameters
    ----------
    network : keras.Model
        From uint8 tiles to probabilities.
    tiles, labels
        At least one tile of each class.
    settings : FitSettings
    progress : Progress
        Called after every batch.
    extra : ndarray (n,), bool, optional
        Tiles of another source, drawn by `FitSettings.extra_share`; an epoch counts the others.

    Returns
    -------
    list of float
        The mean loss of each epoch.

    Raises
    ------
    TrainingError
        If a class has no tile, or the loss ceases to be a number.
    Cancelled
        Whatever `progress` raises to cancel.
    """
    import keras

    source = BatchSource(tiles, labels, int(network.output_shape[-1]), settings, extra)
    total = source.batches * settings.epochs
    feed, report = _keras_parts(source, total, settings.epochs, progress)
    rate = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate / 20,
        decay_steps=max(1, total - total // 20),
        warmup_target=settings.learning_rate,
        warmup_steps=total // 20,
    )
    network.compile(
        keras.optimizers.AdamW(
            rate, weight_decay=settings.weight_decay, use_ema=True, ema_momentum=settings.ema
        ),
        keras.losses.CategoricalCrossentropy(label_smoothing=settings.label_smoothing),
        jit_compile=False,
    )
    history = network.fit(feed, epochs=settings.epochs, callbacks=[report], verbose=0)
    losses = [float(loss) for loss in history.history["loss"]]
    if not np.isfinite(losses).all():
        raise TrainingError(
            "The training diverged: its loss is no longer a number.",
            remedy="Lower the learning rate.",
        )
    return losses


def _keras_parts(
    source: BatchSource, total: int, epochs: int, progress: Progress
) -> tuple[Any, Any]:
    """Make the data set and the callback; their base classes exist only once Keras is imported."""
    import keras

    class Feed(keras.utils.PyDataset):  # type: ignore[misc]
        epoch = 0

        def __len__(self) -> int:
            return source.batches

        def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
            return source.batch(self.epoch, index)

        def on_epoch_end(self) -> None:
            self.epoch += 1

    class Report(keras.callbacks.Callback):  # type: ignore[misc]
        done = 0
        start = 0.0

        def on_train_begin(self, logs: Any = None) -> None:
            self.start = time.monotonic()

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.done += 1
            epoch = min(epochs, self.done // source.batches + 1)
            elapsed = max(1e-6, time.monotonic() - self.start)
            progress(
                Step(
                    self.done,
                    total,
                    f"Training, epoch {epoch} of {epochs}",
                    "batches",
                    self.done / elapsed,
                )
            )

    return Feed(), Report()
