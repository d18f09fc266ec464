"""Real model packages, small enough to be made and loaded in a moment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slideviewer.models.architectures import build_network, full_config
from slideviewer.models.arrays import pack_arrays
from slideviewer.models.loading import fill_weights, pack_weights
from slideviewer.models.package import ModelPackage, write_package
from slideviewer.models.spec import GOLDEN, WEIGHTS, ModelSpec

if TYPE_CHECKING:
    import keras

CONFIG = {"stem": 4, "stem_stride": 4}
UNET = {"filters": [4, 8]}

DARK_IN_RED, DARK_IN_GREEN, NOWHERE = (0, 0.55), (1, 0.8), (2, -1.0)
"""A class is below so much of a channel, 0 to 1."""

SHARPNESS = 30.0
"""Of the step from one side of that to the other."""


def write_tiny_package(
    folder: Path, *, patch: int = 32, spacing_um_px: float = 1.0, seed: int = 1, **changes: object
) -> ModelPackage:
    """Write a package of random weights whose target is `Tumor`; fields of the spec as wanted."""
    values = {
        "architecture": "tile-small",
        "architecture_config": CONFIG,
        "class_names": ("Background", "Tumor"),
        "target_class": "Tumor",
        "title": "Tiny model of a test",
        **changes,
    }
    return _write(folder, values, patch, spacing_um_px, seed)


def write_tiny_segmentation(
    folder: Path, *, patch: int = 32, spacing_um_px: float = 1.0, seed: int = 1, **changes: object
) -> ModelPackage:
    """Write a U-Net of random weights for two overlapping targets, or for nuclei."""
    values = {
        "task": "segmentation",
        "exclusive": False,
        "architecture": "unet",
        "architecture_config": UNET,
        "class_names": ("Parenchyma", "Inflammation"),
        "target_class": "Inflammation",
        "title": "Tiny segmentation of a test",
        **changes,
    }
    return _write(folder, values, patch, spacing_um_px, seed)


def write_colour_segmentation(
    folder: Path, *, patch: int = 64, spacing_um_px: float = 1.0, **changes: object
) -> ModelPackage:
    """Write a U-Net that tells by colour alone: what is dark in green, and in red, in that order.

    Of the made slide that is all tissue, and the nuclei of its cells.
    """
    values = {
        "task": "segmentation",
        "exclusive": False,
        "architecture": "unet",
        "architecture_config": UNET,
        "class_names": ("Tissue", "Dark"),
        "target_class": "Dark",
        "title": "Colours of a test",
        **changes,
    }
    return _write(folder, values, patch, spacing_um_px, 1, (DARK_IN_GREEN, DARK_IN_RED))


def write_colour_nuclei(
    folder: Path, *, patch: int = 64, spacing_um_px: float = 0.5, **changes: object
) -> ModelPackage:
    """Write a U-Net that takes for the inside of a nucleus what is dark in red."""
    values = {
        "task": "nuclei",
        "exclusive": False,
        "architecture": "unet",
        "architecture_config": UNET,
        "class_names": ("Inside", "Border"),
        "target_class": "Inside",
        "title": "Nuclei of a test",
        **changes,
    }
    return _write(folder, values, patch, spacing_um_px, 1, (DARK_IN_RED, NOWHERE))


def _write(
    folder: Path,
    values: Mapping[str, object],
    patch: int,
    spacing_um_px: float,
    seed: int,
    seen: tuple[tuple[int, float], ...] | None = None,
) -> ModelPackage:
    given = {
        "name": folder.name,
        "patch_size_pixels": patch,
        "spacing_um_px": spacing_um_px,
        "licence": "CC0",
        "intended_use": "Tests.",
        "trained_on": "Nothing.",
        **values,
    }
    given.setdefault("num_classes", len(given["class_names"]))
    architecture = str(given["architecture"])
    given["architecture_config"] = full_config(architecture, given["architecture_config"])
    spec = ModelSpec.model_validate(given)
    config = json.dumps(spec.architecture_config)
    files = _files(architecture, config, patch, spec.num_classes, spec.exclusive, seed, seen)
    return write_package(folder, spec, files)


@cache
def _files(
    architecture: str,
    config: str,
    patch: int,
    classes: int,
    exclusive: bool,
    seed: int,
    seen: tuple[tuple[int, float], ...] | None = None,
) -> dict[str, bytes]:
    """Weights and golden answers, computed once: Keras takes half a second over them."""
    import keras

    keras.utils.set_random_seed(seed)
    network = build_network(
        architecture,
        json.loads(config),
        patch_size_pixels=patch,
        num_classes=classes,
        exclusive=exclusive,
    )
    if seen is not None:
        _look_at_colours(network, seen)
    weights = pack_weights(network)
    fill_weights(network, weights)
    tiles = np.random.default_rng(seed).integers(0, 256, (2, patch, patch, 3), np.uint8)
    golden = {"tiles": tiles, "probabilities": np.asarray(network.predict_on_batch(tiles))}
    return {WEIGHTS: weights, GOLDEN: pack_arrays(golden)}


def _look_at_colours(network: keras.Model, seen: tuple[tuple[int, float], ...]) -> None:
    """Have a U-Net of one halving answer for each pixel with its own colour."""
    for layer in network.layers:
        layer.set_weights([np.zeros_like(it) for it in layer.get_weights()])
    below = network.get_layer("bottom_conv1").filters
    for name, first in (
        *(("down0_conv0", 0), ("down0_conv1", 0)),
        *(("up0_conv0", below), ("up0_conv1", 0)),
    ):
        kernel, bias = network.get_layer(name).get_weights()
        for channel in range(3):
            kernel[1, 1, first + channel, channel] = 1
        network.get_layer(name).set_weights([kernel, bias])
    kernel, bias = network.get_layer("probabilities").get_weights()
    for number, (channel, limit) in enumerate(seen):
        kernel[0, 0, channel, number] = -SHARPNESS
        bias[number] = SHARPNESS * limit
    network.get_layer("probabilities").set_weights([kernel, bias])
