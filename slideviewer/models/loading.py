"""From a package to a network that has proved itself on the package's own sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import ModelError
from slideviewer.models.architectures import build_network
from slideviewer.models.arrays import Arrays, pack_arrays, unpack_arrays
from slideviewer.models.package import ModelPackage
from slideviewer.models.spec import GOLDEN, WEIGHTS

if TYPE_CHECKING:
    import keras


def load_model(package: ModelPackage) -> keras.Model:
    """Build a package's network, fill in its weights, and check it on its golden sample.

    Returns
    -------
    keras.Model
        From uint8 RGB tiles (n, patch, patch, 3) to float32 probabilities (n, classes), before
        the calibration that `apply_temperature` does.

    Raises
    ------
    ModelError
        If the weights do not fit the network, or the sample is not reproduced.
    """
    spec = package.spec
    try:
        network = build_network(
            spec.architecture,
            spec.architecture_config,
            patch_size_pixels=spec.patch_size_pixels,
            num_classes=spec.num_classes,
        )
        fill_weights(network, package.read(WEIGHTS))
        _prove(network, package)
    except ModelError as error:
        if error.path is not None:
            raise
        raise ModelError(error.problem, path=package.folder, remedy=error.remedy) from error
    return network


def pack_weights(network: keras.Model) -> bytes:
    """Write a network's weights as `.npz`.

    Matrices go to float16, which halves them; vectors stay float32, since the variances of
    normalisation need the range.
    """
    arrays: Arrays = {}
    for variable in network.weights:
        value = np.asarray(variable.numpy(), np.float32)
        arrays[variable.path] = value.astype(np.float16) if value.ndim > 1 else value
    return pack_arrays(arrays)


def fill_weights(network: keras.Model, data: bytes) -> None:
    """Put weights written by `pack_weights` into a network.

    Raises
    ------
    ModelError
        If they are not this network's.
    """
    arrays = unpack_arrays(data)
    expected = {variable.path: tuple(variable.shape) for variable in network.weights}
    found = {name: array.shape for name, array in arrays.items()}
    if expected != found:
        wrong = sorted(
            name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
        )
        raise ModelError(
            f'The weights do not fit the network: "{wrong[0]}" should have shape'
            f" {expected.get(wrong[0])} and has {found.get(wrong[0])}."
        )
    for variable in network.weights:
        value = arrays[variable.path].astype(np.float32)
        if not np.isfinite(value).all():
            raise ModelError(f'The weights of "{variable.path}" are not all finite numbers.')
        variable.assign(value)


def apply_temperature(
    probabilities: NDArray[np.float32], temperature: float
) -> NDArray[np.float32]:
    """Calibrate probabilities: power 1/temperature, then summed to one again.

    The same as dividing the logits (Guo et al. 2017, arXiv:1706.04599).

    Parameters
    ----------
    probabilities : ndarray (n, classes), float32
    temperature : float
        Above 1 makes the model less sure; 1 changes nothing.
    """
    if temperature == 1.0:
        return probabilities
    logits = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    powers = np.exp(logits)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def _prove(network: keras.Model, package: ModelPackage) -> None:
    spec, size = package.spec, package.spec.patch_size_pixels
    golden = unpack_arrays(package.read(GOLDEN))
    tiles, expected = golden.get("tiles"), golden.get("probabilities")
    if (
        tiles is None
        or expected is None
        or tiles.dtype != np.uint8
        or not 1 <= len(tiles) <= 64
        or tiles.shape[1:] != (size, size, 3)
        or expected.shape != (len(tiles), spec.num_classes)
    ):
        raise ModelError(f"The golden sample has not {size} px tiles and their probabilities.")
    found = np.asarray(network.predict_on_batch(tiles), np.float32)
    difference = float(np.max(np.abs(found - expected.astype(np.float32))))
    if not difference <= spec.golden_tolerance:
        raise ModelError(
            f"The model misses its own golden sample by {difference:.2g}, where"
            f" {spec.golden_tolerance:.2g} is allowed.",
            remedy="Its file or this machine's Keras is not the one it was made with.",
        )
