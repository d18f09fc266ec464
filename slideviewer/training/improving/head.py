"""The last layer of a tile network as plain numbers, and the network that ends before it.

Whatever its base, a tile network ends in features, a dropout, and one linear layer whose softmax
is the answer. A map of answers whose mean is taken (`tile-fcn`) is the same as the answer to the
mean features, for both are linear.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError
from slideviewer.models.arrays import Arrays, unpack_arrays
from slideviewer.models.package import ModelPackage
from slideviewer.models.spec import WEIGHTS

if TYPE_CHECKING:
    import keras

Embeddings = NDArray[np.float32]
"""What a network knows of tiles before it answers: shape (n, features), float32."""

_BEFORE = "dropout"
_LAYERS = ("probabilities", "map")


@dataclass(frozen=True, eq=False)
class Head:
    """The linear layer that answers.

    Attributes
    ----------
    kernel : ndarray (features, classes), float32
    bias : ndarray (classes,), float32
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]

    def answers(self, embeddings: Embeddings) -> NDArray[np.float32]:
        """Probabilities (n, classes), float32, before calibration."""
        logits = embeddings @ self.kernel + self.bias
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)

    def as_stored(self) -> Head:
        """The same as a package keeps it: matrices in half precision."""
        return Head(self.kernel.astype(np.float16).astype(np.float32), self.bias)


@dataclass(frozen=True, eq=False)
class Weights:
    """All arrays of a package, and which of them are the head.

    Attributes
    ----------
    arrays : dict of str to ndarray
    layer : str
        The head's.
    """

    arrays: Arrays
    layer: str

    @property
    def head(self) -> Head:
        """The layer that answers."""
        kernel = self.arrays[f"{self.layer}/kernel"].astype(np.float32)
        bias = self.arrays[f"{self.layer}/bias"].astype(np.float32)
        return Head(kernel.reshape(kernel.shape[-2:]), bias)

    @property
    def base_hash(self) -> str:
        """SHA-256 of all but the head: the same for a parent and its corrected versions."""
        digest = hashlib.sha256()
        for name, array in sorted(self.arrays.items()):
            if not name.startswith(f"{self.layer}/"):
                digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def with_head(self, head: Head) -> Arrays:
        """All arrays with another head; the others are the same to the last bit."""
        kernel, bias = (self.arrays[f"{self.layer}/{name}"] for name in ("kernel", "bias"))
        changed: Mapping[str, NDArray[np.generic]] = {
            f"{self.layer}/kernel": head.kernel.reshape(kernel.shape).astype(kernel.dtype),
            f"{self.layer}/bias": head.bias.astype(bias.dtype),
        }
        return {name: changed.get(name, array) for name, array in self.arrays.items()}


def weights_of(package: ModelPackage) -> Weights:
    """Read a package's weights, and find its head among them.

    Raises
    ------
    TrainingError
        If it is no model of tiles, or ends otherwise.
    ModelError
        If they are damaged.
    """
    spec = package.spec
    if spec.task != "tile-classification":
        raise TrainingError(
            f'"{spec.name}" is for {spec.task}, and only models of tiles are corrected so.',
            remedy="Train it anew with the corrected annotations.",
        )
    arrays = unpack_arrays(package.read(WEIGHTS))
    for layer in _LAYERS:
        if f"{layer}/kernel" in arrays and f"{layer}/bias" in arrays:
            return Weights(arrays, layer)
    raise TrainingError(f'"{spec.name}" does not end in one linear layer.', path=package.folder)


def without_head(network: keras.Model) -> keras.Model:
    """The network up to its features: from uint8 tiles to float32 (n, features)."""
    import keras

    features = network.get_layer(_BEFORE).input
    if len(features.shape) == 4:
        features = keras.layers.GlobalAveragePooling2D(name="features")(features)
    return keras.Model(network.input, features, name="features")


def put_head(network: keras.Model, weights: Weights, head: Head) -> None:
    """Give a network another head."""
    layer = network.get_layer(weights.layer)
    shape = weights.arrays[f"{weights.layer}/kernel"].shape
    layer.set_weights([head.kernel.reshape(shape), head.bias])
