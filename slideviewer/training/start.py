"""What a network knows before it is trained, and which of its layers are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slideviewer.errors import ModelError, TrainingError
from slideviewer.evaluation.model_card import read_card_data
from slideviewer.models.architectures import build_network
from slideviewer.models.architectures.tile_bases import BASE, BASES
from slideviewer.models.arrays import unpack_arrays
from slideviewer.models.package import ModelPackage, open_package
from slideviewer.models.spec import WEIGHTS
from slideviewer.training.card_data import fingerprint
from slideviewer.training.options import TrainTilesOptions

if TYPE_CHECKING:
    import keras

NONE, IMAGENET = "none", "imagenet"
"""Where weights come from, if from no package: from chance, or from Keras's published ones."""

SEEN = (
    "which may have been trained on what is held out here: other tiles were held out from it, or"
    " nobody knows which, so that the figures may be flattered"
)

_HEADS = ("probabilities", "map")
"""Layers whose weights depend on the classes."""


def parent_of(options: TrainTilesOptions) -> ModelPackage | None:
    """The package that a training starts from.

    Raises
    ------
    ModelError
        If there is none of that name, or it is damaged.
    TrainingError
        If its network is another one.
    """
    if options.weights in (NONE, IMAGENET):
        return None
    package = open_package(options.weights)
    if package.spec.architecture != options.architecture:
        raise TrainingError(
            f'The model "{options.weights}" is a {package.spec.architecture}, and a'
            f" {options.architecture} cannot start from its weights.",
            remedy=f"Give --architecture {package.spec.architecture}.",
        )
    return package


def limits_of_start(parent: ModelPackage | None, held_out: Sequence[str]) -> tuple[str, ...]:
    """What is to be said where a parent may have learnt from what is held out now.

    Parameters
    ----------
    parent : ModelPackage or None
    held_out : sequence of str
        Hashes of the tiles that are measured on.
    """
    if parent is None:
        return ()
    try:
        card = read_card_data(parent)
    except ModelError:  # it tells nothing
        card = None
    is_same = card is not None and card.held_out == fingerprint(held_out)
    if is_same and card is not None and not any(SEEN in limit for limit in card.limits):
        return ()
    return (f'It starts from "{parent.spec.name}", {SEEN}.',)


def check_start(options: TrainTilesOptions) -> None:
    """Refuse, before anything is read, what cannot be started so.

    Raises
    ------
    TrainingError
        If the architecture has no base where one is needed.
    """
    has_base = options.architecture in BASES
    if options.weights == IMAGENET and not has_base:
        raise TrainingError(
            f"There are no ImageNet weights for {options.architecture}.",
            remedy=f"They exist for {', '.join(BASES)}.",
        )
    trained = options.fit.trained
    if trained != "all" and not has_base:
        raise TrainingError(
            f"{options.architecture} has no base that could stay as it is.",
            remedy=f"Leave out --train, or give an --architecture of {', '.join(BASES)}.",
        )
    if trained not in ("all", "head") and not trained.isdecimal():
        raise TrainingError(
            f'--train is all, head or the number of a layer of the base, not "{trained}".'
        )


def started_network(
    options: TrainTilesOptions, classes: int, parent: ModelPackage | None
) -> keras.Model:
    """Build the network with the weights it starts from, its layers frozen as wanted.

    Raises
    ------
    ModelError
        If the weights cannot be had.
    TrainingError
        If they do not fit, or there is no such layer.
    """
    network = build_network(
        options.architecture,
        options.architecture_config,
        patch_size_pixels=options.patch_size_pixels,
        num_classes=classes,
    )
    if options.weights == IMAGENET:
        BASES[options.architecture].fill_from_imagenet(network)
    elif parent is not None:
        _fill_from(parent, network, options.weights)
    freeze(network, options.fit.trained)
    return network


def freeze(network: keras.Model, trained: str) -> None:
    """Leave layers of the base as they are: all of them, or those before a number.

    Raises
    ------
    TrainingError
        If there is no such layer.
    """
    if trained == "all":
        return
    base = network.get_layer(BASE)
    if trained == "head":
        base.trainable = False
        return
    first = int(trained)
    if first >= len(base.layers):
        raise TrainingError(
            f"The base has no layer {first}.", remedy=f"Its layers are 0 to {len(base.layers) - 1}."
        )
    for layer in base.layers[:first]:
        layer.trainable = False


def _fill_from(parent: ModelPackage, network: keras.Model, name: str | Path) -> None:
    """Take over all weights but those of the answer where the classes are others."""
    arrays = unpack_arrays(parent.read(WEIGHTS))
    for variable in network.weights:
        value, layer = arrays.get(variable.path), variable.path.split("/")[0]
        if value is not None and value.shape == tuple(variable.shape):
            variable.assign(value.astype(np.float32))
        elif layer not in _HEADS:
            raise TrainingError(
                f'The weights of "{name}" do not fit the network: {variable.path}.',
                remedy="Give the same --architecture-config as that model has.",
            )
