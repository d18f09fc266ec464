"""`unet`: an answer for each pixel (Ronneberger et al. 2015, arXiv:1505.04597)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from slideviewer.errors import ModelError
from slideviewer.models.architectures.shape import (
    NetworkConfig,
    NetworkShape,
    Share,
    Width,
    refuse_too_large,
)

if TYPE_CHECKING:
    import keras


class UNetConfig(NetworkConfig):
    """Shape of `unet`.

    Attributes
    ----------
    filters : tuple of int
        Channels of each level, the finest first; each further level halves the resolution.
    convolutions : int
        In each level, on the way down and again on the way up.
    convolutions_up : int
        On the way up, where there are not as many as on the way down; 0 for as many.
    kernel : int
        Side of a convolution, odd.
    last_channels : int
        Of one convolution more before the last, which mixes them to probabilities; 0 for none.
    pooling : str
        How the resolution is halved.
    activation : str
    batch_norm : bool
        Whether each convolution is normalised.
    dropout : float
        Share of the coarsest features dropped in training.
    upsampling : str
        "bilinear", "nearest" or "transpose": a learned one.
    """

    filters: Annotated[tuple[Width, ...], Field(min_length=2, max_length=9)] = (
        32,
        64,
        128,
        256,
        512,
    )
    convolutions: Annotated[int, Field(ge=1, le=4)] = 2
    convolutions_up: Annotated[int, Field(ge=0, le=4)] = 0
    kernel: Literal[1, 3, 5, 7] = 3
    last_channels: Annotated[int, Field(ge=0, le=64)] = 0
    pooling: Literal["max", "average"] = "max"
    activation: Literal["relu", "elu", "leaky_relu", "swish"] = "relu"
    batch_norm: bool = False
    dropout: Share = 0.0
    upsampling: Literal["bilinear", "nearest", "transpose"] = "bilinear"


def unet(config: UNetConfig, shape: NetworkShape) -> keras.Model:
    """Build a U-Net that answers at the size of its tiles.

    Raises
    ------
    ModelError
        If tiles cannot be halved as often as there are levels, or it would be too large.
    """
    halvings = len(config.filters) - 1
    if shape.patch_size_pixels % (1 << halvings):
        raise ModelError(
            f"Tiles of {shape.patch_size_pixels} pixels cannot be halved {halvings} times.",
            remedy=f"Use a multiple of {1 << halvings}, or fewer levels.",
        )
    refuse_too_large(*_size(config, shape))
    from keras import Model, layers

    def level(x: Any, width: int, name: str, convolutions: int = config.convolutions) -> Any:
        for number in range(convolutions):
            x = layers.Conv2D(
                width,
                config.kernel,
                padding="same",
                use_bias=not config.batch_norm,
                kernel_initializer="he_normal",
                name=f"{name}_conv{number}",
            )(x)
            if config.batch_norm:
                x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm{number}")(x)
            x = layers.Activation(config.activation, name=f"{name}_act{number}")(x)
        return x

    def finer(x: Any, width: int, name: str) -> Any:
        if config.upsampling == "transpose":
            return layers.Conv2DTranspose(width, 2, strides=2, name=f"{name}_up")(x)
        return layers.UpSampling2D(2, interpolation=config.upsampling, name=f"{name}_up")(x)

    halve = layers.MaxPooling2D if config.pooling == "max" else layers.AveragePooling2D
    tiles = shape.tiles()
    x = layers.Rescaling(1 / 255, name="rescale")(tiles)
    skipped: list[Any] = []
    for number, width in enumerate(config.filters[:-1]):
        x = level(x, width, f"down{number}")
        skipped.append(x)
        x = halve(2, name=f"down{number}_pool")(x)
    x = level(x, config.filters[-1], "bottom")
    if config.dropout:
        x = layers.Dropout(config.dropout, name="bottom_dropout")(x)
    for number in reversed(range(halvings)):
        width, name = config.filters[number], f"up{number}"
        x = layers.Concatenate(name=f"{name}_join")([finer(x, width, name), skipped[number]])
        x = level(x, width, name, config.convolutions_up or config.convolutions)
    if config.last_channels:
        x = level(x, config.last_channels, "last", 1)
    # Whatever the others compute in: in sixteen bits what is nearly sure would be sure.
    answer = layers.Conv2D(
        shape.num_classes, 1, activation=shape.activation, dtype="float32", name="probabilities"
    )(x)
    return Model(tiles, answer, name="unet")


def _size(config: UNetConfig, shape: NetworkShape) -> tuple[int, int]:
    """About how many weights there will be, and how many values in the largest layer."""
    area, most = config.kernel**2, max(config.convolutions, config.convolutions_up)
    again = most - 1
    before, weights, values = 3, 0, shape.patch_size_pixels**2 * shape.num_classes
    for level, width in enumerate(config.filters):
        side = shape.patch_size_pixels >> level
        coarser = config.filters[level + 1 : level + 2]
        down = area * width * (before + again * width)
        up = sum(area * width * (width + below + again * width) for below in coarser)
        weights += down + up
        values = max(values, side * side * (width + sum(coarser)))
        before = width
    return weights, values
