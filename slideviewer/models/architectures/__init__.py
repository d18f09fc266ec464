"""The networks, built by our own code from a name and a checked configuration.

A package stores no graph and no code: it names one of `ARCHITECTURES` and gives its configuration,
so that nothing in a package can run. Every network takes uint8 RGB 0..255 and rescales inside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from slideviewer.errors import ModelError
from slideviewer.models.architectures.shape import NetworkShape
from slideviewer.models.architectures.tile_bases import BASES, TileBaseConfig
from slideviewer.models.architectures.tile_fcn import TileFcnConfig, tile_fcn
from slideviewer.models.architectures.tile_small import TileSmallConfig, tile_small
from slideviewer.models.architectures.unet import UNetConfig, unet
from slideviewer.models.spec import first_fault

if TYPE_CHECKING:
    import keras

__all__ = ["ARCHITECTURES", "Architecture", "build_network", "full_config"]


@dataclass(frozen=True)
class Architecture:
    """A kind of network that packages may name.

    Attributes
    ----------
    title : str
        What it is, for the user.
    config : type of pydantic.BaseModel
        Its checked configuration.
    build : callable
        From a configuration and a `NetworkShape` to a Keras model that maps uint8 tiles
        (n, patch, patch, 3) to float32 probabilities: (n, classes), or of every pixel
        (n, patch, patch, classes).
    """

    title: str
    config: type[BaseModel]
    build: Callable[[Any, NetworkShape], keras.Model]


ARCHITECTURES: Mapping[str, Architecture] = {
    "tile-small": Architecture("small residual network for tiles", TileSmallConfig, tile_small),
    "tile-fcn": Architecture("small fully convolutional network", TileFcnConfig, tile_fcn),
    **{
        name: Architecture(f"{base.application} for tiles", TileBaseConfig, base.build)
        for name, base in BASES.items()
    },
    "unet": Architecture("U-Net: an answer for each pixel", UNetConfig, unet),
}


def full_config(name: str, config: Mapping[str, object]) -> dict[str, Any]:
    """Check a configuration and fill in what it leaves out, as plain JSON values.

    Packages store this, so that a later change of a default changes no package.

    Raises
    ------
    ModelError
        If the architecture is unknown or the configuration is not one of its own.
    """
    return _checked(name, config).model_dump(mode="json")


def build_network(
    name: str,
    config: Mapping[str, object],
    *,
    patch_size_pixels: int,
    num_classes: int,
    exclusive: bool = True,
) -> keras.Model:
    """Build one of `ARCHITECTURES` with fresh weights.

    Raises
    ------
    ModelError
        If the architecture is unknown, the configuration is not one of its own, or tiles of this
        size do not go through it.
    """
    checked = _checked(name, config)
    shape = NetworkShape(patch_size_pixels, num_classes, exclusive)
    return ARCHITECTURES[name].build(checked, shape)


def _checked(name: str, config: Mapping[str, object]) -> BaseModel:
    architecture = ARCHITECTURES.get(name)
    if architecture is None:
        known = ", ".join(ARCHITECTURES)
        raise ModelError(f'The architecture "{name}" is unknown.', remedy=f"Known are: {known}.")
    try:
        # As JSON, where strict checking takes a list for a tuple.
        return architecture.config.model_validate_json(json.dumps(dict(config)))
    except ValidationError as error:
        raise ModelError(
            f'The configuration of the network "{name}" is wrong: {first_fault(error)}.'
        ) from error
