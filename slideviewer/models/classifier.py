"""A model ready to answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slideviewer.models.loading import apply_temperature, load_model
from slideviewer.models.network import KerasNetwork, Network, OutOfMemory, Way
from slideviewer.models.package import ModelPackage

if TYPE_CHECKING:
    import keras


class TileClassifier:
    """Class probabilities of tiles, or of their pixels, in batches of few sizes.

    Parameters
    ----------
    package : ModelPackage
    batch_size : int
    network : Network, optional
        What computes the package's network; Keras by default.
    fallback : callable, optional
        Loads the network anew where memory is no want: asked once not even one tile fits.
    notices : iterable of str
        What became known while the network was chosen.

    Attributes
    ----------
    package : ModelPackage
    notices : list of str
        What the user is to know of how the answers came about; grows while predicting.
    """

    def __init__(
        self,
        package: ModelPackage,
        batch_size: int = 32,
        network: Network | None = None,
        *,
        fallback: Callable[[], Network] | None = None,
        notices: Iterable[str] = (),
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"a batch needs at least one tile, not {batch_size}")
        self.package = package
        self.notices = list(notices)
        self._batch_size = batch_size
        self._most = math.inf
        self._network = network or KerasNetwork(load_model(package), Way("Keras"))
        self._fallback = fallback

    @property
    def batch_size(self) -> int:
        """Tiles the network sees at once; `predict` takes any number, powers of two cost least.

        What is set is cut to what fitted into the memory.
        """
        return self._batch_size

    @batch_size.setter
    def batch_size(self, size: int) -> None:
        self._batch_size = int(min(size, self._most))

    def describe(self) -> dict[str, object]:
        """Tell how answers are computed, as plain JSON values for a run's record."""
        way = self._network.way
        return {
            "engine": way.engine,
            "device": way.device,
            "precision": way.precision,
            "batch_size": self._batch_size,
            "notices": list(self.notices),
        }

    def predict(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Predict tiles of the model's size and spacing.

        Where memory is short, batches are halved, and one tile that does not fit is left to the
        fallback; `notices` says so.

        Parameters
        ----------
        tiles : ndarray (n, patch, patch, 3), uint8, RGB
            Any number, none included.

        Returns
        -------
        ndarray (n, *answer_shape), float32
            Calibrated; where classes exclude each other, they sum to one.

        Raises
        ------
        OutOfMemory
            If not even one tile fits anywhere.
        """
        spec = self.package.spec
        size = spec.patch_size_pixels
        if tiles.dtype != np.uint8 or tiles.shape[1:] != (size, size, 3):
            raise ValueError(
                f"tiles must be uint8 (n, {size}, {size}, 3), not {tiles.dtype} {tiles.shape}"
            )
        answers = np.empty((len(tiles), *spec.answer_shape), np.float32)
        start = 0
        while start < len(tiles):
            batch = tiles[start : start + self._batch_size]
            try:
                # Each size is planned anew, so there are to be few.
                power = 1 << (len(batch) - 1).bit_length()
                found = self._network.predict(_filled_up(batch, min(power, self._batch_size)))
            except OutOfMemory as error:
                self._need_less(error)
                continue
            answers[start : start + len(batch)] = found[: len(batch)]
            start += len(batch)
        return apply_temperature(answers, spec.temperature, exclusive=spec.exclusive)

    def _need_less(self, error: OutOfMemory) -> None:
        """Halve the batch, or else take the fallback; raises the error where there is none."""
        if self._batch_size > 1:
            self._batch_size //= 2
            self._most = self._batch_size
            self.notices.append(f"{error.problem} Batches are of {self._batch_size} now.")
        elif self._fallback is not None:
            # Another processor has its own memory, and was not asked yet.
            self._network, self._fallback = self._fallback(), None
            self._most = math.inf
            self.notices.append(f"{error.problem} It goes on with {self._network.way}.")
        else:
            raise error


def predict_in_batches(
    network: keras.Model, tiles: NDArray[np.uint8], batch_size: int
) -> NDArray[np.float32]:
    """Run a network over any number of tiles in batches of one size.

    Parameters
    ----------
    network : keras.Model
        From uint8 tiles to probabilities.
    tiles : ndarray (n, patch, patch, 3), uint8, RGB
    batch_size : int

    Returns
    -------
    ndarray (n, *answer_shape), float32
        Before calibration.
    """
    answers = np.empty((len(tiles), *network.output_shape[1:]), np.float32)
    for start in range(0, len(tiles), batch_size):
        batch = tiles[start : start + batch_size]
        found = network.predict_on_batch(_filled_up(batch, batch_size))
        answers[start : start + len(batch)] = found[: len(batch)]
    return answers


def _filled_up(batch: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Fill a batch with black: one of another size might be traced or planned anew."""
    if len(batch) == size:
        return batch
    black = np.zeros((size - len(batch), *batch.shape[1:]), np.uint8)
    return np.concatenate([batch, black])
