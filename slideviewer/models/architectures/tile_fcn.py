"""`tile-fcn`: a small fully convolutional network, whose answer is the mean over a map of answers.

After Long et al. 2015 (arXiv:1411.4038) and, for the mean, Lin et al. 2014 (arXiv:1312.4400).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from slideviewer.models.architectures.shape import (
    NetworkConfig,
    NetworkShape,
    Share,
    Width,
    refuse_too_large,
    rescaled,
)

if TYPE_CHECKING:
    import keras


class TileFcnConfig(NetworkConfig):
    """Shape of `tile-fcn`.

    Attributes
    ----------
    widths : tuple of int
        Channels of each stage; each halves the resolution.
    convolutions : int
        In each stage.
    dropout : float
        Share of the last features dropped in training.
    """

    widths: Annotated[tuple[Width, ...], Field(min_length=1, max_length=7)] = (32, 64, 96, 128)
    convolutions: Annotated[int, Field(ge=1, le=4)] = 1
    dropout: Share = 0.2


def tile_fcn(config: TileFcnConfig, shape: NetworkShape) -> keras.Model:
    """Build a small fully convolutional network for tiles.

    Raises
    ------
    ModelError
        If it would be too large.
    """
    refuse_too_large(*_size(config, shape))
    from keras import Model, layers

    tiles = shape.tiles()
    x = rescaled(tiles)
    for stage, width in enumerate(config.widths):
        for number in range(config.convolutions):
            name = f"stage{stage}_conv{number}"
            x = layers.Conv2D(
                width,
                3,
                padding="same",
                use_bias=False,
                kernel_initializer="he_normal",
                name=name,
            )(x)
            x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
            x = layers.ReLU(name=f"{name}_relu")(x)
        x = layers.MaxPooling2D(2, padding="same", name=f"stage{stage}_pool")(x)
    x = layers.Dropout(config.dropout, name="dropout")(x)
    x = layers.Conv2D(shape.num_classes, 1, name="map")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    answer = layers.Activation(shape.activation, name="probabilities")(x)
    return Model(tiles, answer, name="tile_fcn")


def _size(config: TileFcnConfig, shape: NetworkShape) -> tuple[int, int]:
    """About how many weights there will be, and how many values in the largest layer."""
    side, before, weights, values = shape.patch_size_pixels, 3, 0, 0
    for width in config.widths:
        weights += 9 * width * (before + width * (config.convolutions - 1))
        values = max(values, side * side * width)
        side, before = -(-side // 2), width
    return weights, values
