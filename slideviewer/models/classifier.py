"""A tile model ready to answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slideviewer.models.loading import apply_temperature, load_model
from slideviewer.models.package import ModelPackage

if TYPE_CHECKING:
    import keras


class TileClassifier:
    """Class probabilities of tiles, in batches of one fixed size.

    Attributes
    ----------
    package : ModelPackage
    batch_size : int
        Tiles the network sees at once; `predict` takes any number, multiples of this cost least.
    """

    def __init__(self, package: ModelPackage, batch_size: int = 32) -> None:
        if batch_size < 1:
            raise ValueError(f"a batch needs at least one tile, not {batch_size}")
        self.package, self.batch_size = package, batch_size
        self._network = load_model(package)

    def predict(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Predict tiles of the model's size and spacing.

        Parameters
        ----------
        tiles : ndarray (n, patch, patch, 3), uint8, RGB
            Any number, none included.

        Returns
        -------
        ndarray (n, classes), float32
            Calibrated; each row sums to one.
        """
        spec = self.package.spec
        size = spec.patch_size_pixels
        if tiles.dtype != np.uint8 or tiles.shape[1:] != (size, size, 3):
            raise ValueError(
                f"tiles must be uint8 (n, {size}, {size}, 3), not {tiles.dtype} {tiles.shape}"
            )
        answers = predict_in_batches(self._network, tiles, self.batch_size)
        return apply_temperature(answers, spec.temperature)


def predict_in_batches(
    network: keras.Model, tiles: NDArray[np.uint8], batch_size: int
) -> NDArray[np.float32]:
    """Run a network over any number of tiles in batches of one size.

    A batch of another size would make the back end trace or compile anew, so the last one is
    filled up with black.

    Parameters
    ----------
    network : keras.Model
        From uint8 tiles to probabilities.
    tiles : ndarray (n, patch, patch, 3), uint8, RGB
    batch_size : int

    Returns
    -------
    ndarray (n, classes), float32
        Before calibration.
    """
    answers = np.empty((len(tiles), int(network.output_shape[-1])), np.float32)
    for start in range(0, len(tiles), batch_size):
        batch = tiles[start : start + batch_size]
        count = len(batch)
        if count < batch_size:
            padding = np.zeros((batch_size - count, *tiles.shape[1:]), np.uint8)
            batch = np.concatenate([batch, padding])
        answers[start : start + count] = network.predict_on_batch(batch)[:count]
    return answers
