"""Fit a network epoch by epoch, so that it can be killed at any moment and goes on.

Each epoch is a call of ``fit`` with a feed of its own: its batches are a function of the epoch's
number, and nothing that Keras read ahead for one epoch ends in another.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from slideviewer.errors import TrainingError
from slideviewer.progress import Progress, Step, silent
from slideviewer.training.checkpoints import Checkpoints, FitState
from slideviewer.training.history import EpochRow

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Patience:
    """When a training has learnt enough, and which of its weights are kept.

    Attributes
    ----------
    watched : str
        The value that is looked at; the larger the better, or, with "-" before its name, the
        smaller. Where it is empty, the last weights are kept and all epochs done.
    epochs : int
        So many without a better one end it; 0 for none.
    least_gain : float
        What counts as better.
    least : float
        Up to this nothing was learnt yet: the newest weights are then the best, and the waiting
        has not begun.
    """

    watched: str = ""
    epochs: int = 0
    least_gain: float = 1e-4
    least: float = 0.0


def fit_resumably(
    network: keras.Model,
    feed_of: Callable[[int], keras.utils.PyDataset],
    epochs: int,
    checkpoints: Checkpoints,
    *,
    validate: Callable[[], Mapping[str, float]] | None = None,
    patience: Patience = Patience(),
    repeat: int = 1,
    progress: Progress = silent,
    on_epoch: Callable[[FitState], None] | None = None,
    on_resumed: Callable[[FitState], None] | None = None,
) -> FitState:
    """Fit a network in place, from where it was left; the best weights are in it at the end.

    Parameters
    ----------
    network : keras.Model
        Compiled with an optimiser that is built.
    feed_of : callable
        The batches of an epoch, from 0: a data set whose items depend on that number and their
        own alone.
    epochs : int
        At most, those done before the training was broken off among them.
    checkpoints : Checkpoints
    validate : callable, optional
        Measures the network after each epoch: values by name, ``val_…``.
    patience : Patience
    repeat : int
        For the rows of the history.
    progress : Progress
        Called after each batch. What it raises ends the training, which can be gone on with.
    on_epoch : callable, optional
        Told the state after each epoch, once it is on the disk.
    on_resumed : callable, optional
        Told the state that it goes on from, where epochs were done already.

    Raises
    ------
    TrainingError
        If the loss ceases to be a number, the disk is full, or another training was begun there.
    """
    state = checkpoints.load(network)
    if state.rows and on_resumed is not None:
        on_resumed(state)
    while state.epochs < epochs and not state.is_finished:
        began = time.monotonic()
        values = _one_epoch(network, feed_of(state.epochs), state, epochs, progress)
        if validate is not None:
            values |= validate()
        row = EpochRow.ended_now(repeat, state.epochs + 1, time.monotonic() - began, values)
        state = _judged(replace(state, rows=(*state.rows, row)), network, patience)
        checkpoints.save(network, state)
        if on_epoch is not None:
            on_epoch(state)
    if state.best_weights:
        for variable, value in zip(network.weights, state.best_weights, strict=True):
            variable.assign(value)
    elif network.optimizer.use_ema:
        network.optimizer.finalize_variable_values(network.trainable_variables)
    return state


def _judged(state: FitState, network: keras.Model, patience: Patience) -> FitState:
    """Keep the weights if they are the best so far, and say whether it is time to end."""
    if not patience.watched:
        return state
    sign = -1 if patience.watched.startswith("-") else 1
    value = sign * state.rows[-1].values[patience.watched.removeprefix("-")]
    is_first = not state.best_epoch or state.best_value <= patience.least <= value
    if is_first or value > state.best_value + patience.least_gain:
        weights = tuple(np.array(it.numpy()) for it in network.weights)
        return replace(
            state, best_epoch=state.epochs, best_value=float(value), best_weights=weights
        )
    waited = state.epochs - state.best_epoch
    is_enough = bool(patience.epochs) and waited >= patience.epochs
    return replace(state, is_finished=is_enough)


def _one_epoch(
    network: keras.Model,
    feed: keras.utils.PyDataset,
    state: FitState,
    epochs: int,
    progress: Progress,
) -> dict[str, float]:
    epoch = state.epochs
    report = _report(len(feed), state, epochs, progress)
    # Left to itself Keras shuffles the batches by Python's own random numbers, which nobody saves.
    fitted = network.fit(
        feed,
        initial_epoch=epoch,
        epochs=epoch + 1,
        callbacks=[report],
        shuffle=False,
        verbose=0,
    )
    for variable, value in report.before_averaging:
        variable.assign(value)
    return {name: float(values[-1]) for name, values in fitted.history.items()}


def _report(batches: int, state: FitState, epochs: int, progress: Progress) -> Any:
    """Make the callback; its base class exists only once Keras is imported."""
    import keras

    class Report(keras.callbacks.Callback):  # type: ignore[misc]
        """Tells how far it is, and stops at once where the loss is no number."""

        def __init__(self) -> None:
            super().__init__()
            self.before_averaging: list[tuple[Any, Any]] = []
            self._start = time.monotonic()

        def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
            logs = logs or {}
            if not math.isfinite(float(logs.get("loss", 0.0))):
                raise TrainingError(
                    f"The training diverged in epoch {state.epochs + 1}: its loss is no longer a"
                    " number.",
                    remedy="Lower the learning rate.",
                )
            done = batch + 1
            rate = done / max(1e-6, time.monotonic() - self._start)
            words = f"Training, epoch {state.epochs + 1} of {epochs}{_told(logs)}"
            total = epochs * batches
            progress(Step(state.epochs * batches + done, total, words, "batches", rate))

        def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
            # Keras puts averaged weights in place at the end of each fit; the next epoch goes on
            # with what was learnt.
            if self.model.optimizer.use_ema:
                variables = self.model.trainable_variables
                self.before_averaging = [(it, np.array(it.numpy())) for it in variables]

    return Report()


def _told(values: Mapping[str, float]) -> str:
    """Loss and metrics in a few words."""
    return "".join(f", {name} {float(value):.3f}" for name, value in values.items())
