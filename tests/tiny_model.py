"""A real model package, small enough to be made and loaded in a moment."""

from functools import cache
from pathlib import Path

import numpy as np

from slideviewer.models.architectures import build_network
from slideviewer.models.arrays import pack_arrays
from slideviewer.models.loading import fill_weights, pack_weights
from slideviewer.models.package import ModelPackage, write_package
from slideviewer.models.spec import GOLDEN, WEIGHTS, ModelSpec

CONFIG = {"stem": 4, "stem_stride": 4}


def write_tiny_package(
    folder: Path, *, patch: int = 32, spacing_um_px: float = 1.0, seed: int = 1
) -> ModelPackage:
    """Write a package of random weights whose target is `Tumor`."""
    spec = ModelSpec(
        name=folder.name,
        title="Tiny model of a test",
        architecture="tile-small",
        architecture_config=CONFIG,
        num_classes=2,
        class_names=("Background", "Tumor"),
        target_class="Tumor",
        threshold=0.5,
        patch_size_pixels=patch,
        spacing_um_px=spacing_um_px,
        licence="CC0",
        intended_use="Tests.",
        trained_on="Nothing.",
    )
    return write_package(folder, spec, _files(patch, seed))


@cache
def _files(patch: int, seed: int) -> dict[str, bytes]:
    """Weights and golden answers, computed once: Keras takes half a second over them."""
    import keras

    keras.utils.set_random_seed(seed)
    network = build_network("tile-small", CONFIG, patch_size_pixels=patch, num_classes=2)
    weights = pack_weights(network)
    fill_weights(network, weights)
    tiles = np.random.default_rng(seed).integers(0, 256, (2, patch, patch, 3), np.uint8)
    golden = {"tiles": tiles, "probabilities": np.asarray(network.predict_on_batch(tiles))}
    return {WEIGHTS: weights, GOLDEN: pack_arrays(golden)}
