"""From a package to a network that has proved itself on the package's own sample."""

from __future__ import annotations

from collections.abc import Callable
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


def load_model(package: ModelPackage, tolerance: float | None = None) -> keras.Model:
    """Build a package's network, fill in its weights, and check it on its golden sample.

    Parameters
    ----------
    package : ModelPackage
    tolerance : float, optional
        How far the sample may be missed; as far as in full precision by default.

    Returns
    -------
    keras.Model
        From uint8 RGB tiles (n, patch, patch, 3) to float32 probabilities (n, *answer_shape),
        before the calibration that `apply_temperature` does.

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
            exclusive=spec.exclusive,
        )
        if spec.answer_shape != tuple(network.output_shape[1:]):
            raise ModelError(
                f'The architecture "{spec.architecture}" answers {network.output_shape[1:]} a tile,'
                f" where the task {spec.task} needs {spec.answer_shape}."
            )
        fill_weights(network, package.read(WEIGHTS))
        prove(network.predict_on_batch, package, tolerance or spec.golden_tolerance)
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
    probabilities: NDArray[np.float32], temperature: float, *, exclusive: bool = True
) -> NDArray[np.float32]:
    """Calibrate probabilities: power 1/temperature, then summed to one again.

    The same as dividing the logits (Guo et al. 2017, arXiv:1706.04599).

    Parameters
    ----------
    probabilities : ndarray (..., classes), float32
    temperature : float
        Above 1 makes the model less sure; 1 changes nothing.
    exclusive : bool
        As in `ModelSpec`; where classes overlap, each is weighed against its own absence.
    """
    if temperature == 1.0:
        return probabilities
    least = np.finfo(np.float32).tiny
    logits = np.log(np.maximum(probabilities, least)) / temperature
    if not exclusive:
        absent = np.log(np.maximum(1 - probabilities, least)) / temperature
        return np.asarray(1 / (1 + np.exp(absent - logits)), np.float32)
    logits -= logits.max(axis=-1, keepdims=True)
    powers = np.exp(logits)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)


def golden_sample(package: ModelPackage) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Read a package's sample: tiles and the answers that they must get, before calibration.

    Raises
    ------
    ModelError
        If it is no sample of this model.
    """
    spec, size = package.spec, package.spec.patch_size_pixels
    golden = unpack_arrays(package.read(GOLDEN))
    tiles, expected = golden.get("tiles"), golden.get("probabilities")
    if (
        tiles is None
        or expected is None
        or tiles.dtype != np.uint8
        or not 1 <= len(tiles) <= 64
        or tiles.shape[1:] != (size, size, 3)
        or expected.shape != (len(tiles), *spec.answer_shape)
    ):
        raise ModelError(f"The golden sample has not {size} px tiles and their probabilities.")
    return np.asarray(tiles, np.uint8), np.asarray(expected, np.float32)


def prove(
    answer: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
    package: ModelPackage,
    tolerance: float,
) -> None:
    """Make sure that a network answers the package's sample as it must.

    Raises
    ------
    ModelError
        If it does not.
    """
    tiles, expected = golden_sample(package)
    # One by one: a sample of many large tiles would fill the memory at once.
    found = np.concatenate([np.asarray(answer(tile[np.newaxis]), np.float32) for tile in tiles])
    difference = float(np.max(np.abs(found - expected)))
    if not difference <= tolerance:
        raise ModelError(
            f"The model misses its own golden sample by {difference:.2g}, where"
            f" {tolerance:.2g} is allowed.",
            remedy="Its file or this machine's Keras is not the one it was made with.",
        )
