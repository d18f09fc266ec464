"""The networks, built by our own code from a name and a checked configuration.

A package stores no graph and no code: it names one of `ARCHITECTURES` and gives its configuration,
so that nothing in a package can run. Every network takes uint8 RGB 0..255 and rescales inside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from slideviewer.errors import ModelError
from slideviewer.models.spec import first_fault

if TYPE_CHECKING:
    import keras

Width = Annotated[int, Field(ge=4, le=1024)]
Depth = Annotated[int, Field(ge=1, le=16)]


class TileSmallConfig(BaseModel):
    """Shape of `tile-small`.

    Attributes
    ----------
    stem : int
        Channels after the stem.
    stem_stride : int
        Pixels of the tile per pixel after the stem.
    widths, depths : tuple of int
        Channels and residual blocks of each stage; each stage halves the resolution.
    dropout : float
        Share of the pooled features dropped in training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    stem: Width = 32
    stem_stride: Annotated[int, Field(ge=1, le=4)] = 4
    widths: Annotated[tuple[Width, ...], Field(min_length=1, max_length=6)] = (48, 96)
    depths: Annotated[tuple[Depth, ...], Field(min_length=1, max_length=6)] = (1, 1)
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.4

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if len(self.widths) != len(self.depths):
            raise ValueError("give as many depths as widths")
        return self


def _tile_small(config: TileSmallConfig, patch_size_pixels: int, num_classes: int) -> keras.Model:
    """Build a small residual network: plain 3x3 convolutions, which CPUs run best.

    Blocks with the activation first, after He et al. 2016 (arXiv:1603.05027).
    """
    from keras import Input, Model, layers

    def norm_relu(x: Any, name: str) -> Any:
        x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
        return layers.ReLU(name=f"{name}_relu")(x)

    def convolution(x: Any, width: int, name: str, *, stride: int = 1, kernel: int = 3) -> Any:
        return layers.Conv2D(
            width,
            kernel,
            strides=stride,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name=name,
        )(x)

    tiles = Input((patch_size_pixels, patch_size_pixels, 3), dtype="uint8", name="tiles")
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(tiles)
    x = convolution(
        x, config.stem, "stem", stride=config.stem_stride, kernel=max(3, config.stem_stride + 1)
    )
    for stage, (width, depth) in enumerate(zip(config.widths, config.depths, strict=True)):
        for block in range(depth):
            name, stride = f"stage{stage}_block{block}", 2 if block == 0 else 1
            inner = norm_relu(x, f"{name}_a")
            shortcut = x
            if block == 0:
                pooled = layers.AveragePooling2D(2, padding="same", name=f"{name}_pool")(inner)
                shortcut = convolution(pooled, width, f"{name}_shortcut", kernel=1)
            inner = convolution(inner, width, f"{name}_conv_a", stride=stride)
            inner = norm_relu(inner, f"{name}_b")
            inner = convolution(inner, width, f"{name}_conv_b")
            x = layers.Add(name=f"{name}_add")([shortcut, inner])
    x = norm_relu(x, "head")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(config.dropout, name="dropout")(x)
    probabilities = layers.Dense(num_classes, activation="softmax", name="probabilities")(x)
    return Model(tiles, probabilities, name="tile_small")


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
        From (config, patch_size_pixels, num_classes) to a Keras model that maps uint8 tiles
        (n, patch, patch, 3) to float32 probabilities (n, classes).
    """

    title: str
    config: type[BaseModel]
    build: Callable[[Any, int, int], keras.Model]


ARCHITECTURES: Mapping[str, Architecture] = {
    "tile-small": Architecture(
        "small residual network for tiles, trained from scratch", TileSmallConfig, _tile_small
    ),
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
    name: str, config: Mapping[str, object], *, patch_size_pixels: int, num_classes: int
) -> keras.Model:
    """Build one of `ARCHITECTURES` with fresh weights.

    Raises
    ------
    ModelError
        If the architecture is unknown or the configuration is not one of its own.
    """
    checked = _checked(name, config)
    return ARCHITECTURES[name].build(checked, patch_size_pixels, num_classes)


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
