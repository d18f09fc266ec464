"""`tile-small`: a small residual network for tiles, quick on CPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from slideviewer.models.architectures.shape import (
    Depth,
    NetworkConfig,
    NetworkShape,
    Share,
    Width,
    refuse_too_large,
    rescaled,
)

if TYPE_CHECKING:
    import keras


class TileSmallConfig(NetworkConfig):
    """Shape of `tile-small`.

    Attributes
    ----------
    stem : int
        Channels after the stem.
    stem_stride : int
        Pixels of the tile per pixel after the stem.
    widths, depths : tuple of int
        Channels and residual blocks of each stage; each stage halves the resolution.
    pooling : str
        What becomes of the features of all places: "mean", of the last stage; or "statistics", mean
        and variance of what enters every stage and leaves the last one, and that one's maximum, so
        that the network sees how colours and textures are spread.
    dropout : float
        Share of the pooled features dropped in training.
    """

    stem: Width = 32
    stem_stride: Annotated[int, Field(ge=1, le=4)] = 4
    widths: Annotated[tuple[Width, ...], Field(min_length=1, max_length=6)] = (48, 96)
    depths: Annotated[tuple[Depth, ...], Field(min_length=1, max_length=6)] = (1, 1)
    pooling: Literal["mean", "statistics"] = "mean"
    dropout: Share = 0.4

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if len(self.widths) != len(self.depths):
            raise ValueError("give as many depths as widths")
        return self


def tile_small(config: TileSmallConfig, shape: NetworkShape) -> keras.Model:
    """Build a small residual network: plain 3x3 convolutions, which CPUs run best.

    Blocks with the activation first, after He et al. 2016 (arXiv:1603.05027).

    Raises
    ------
    ModelError
        If it would be too large.
    """
    refuse_too_large(*_size(config, shape))
    from keras import Model, layers

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

    def spread(x: Any, name: str, *more: Any) -> Any:
        mean = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_mean")(x)
        apart = layers.Subtract(name=f"{name}_apart")([x, mean])
        squared = layers.Multiply(name=f"{name}_squared")([apart, apart])
        variance = layers.GlobalAveragePooling2D(name=f"{name}_variance")(squared)
        parts = [layers.Flatten(name=f"{name}_flat")(mean), variance, *more]
        together = layers.Concatenate(name=f"{name}_spread")(parts)
        return layers.BatchNormalization(momentum=0.9, name=f"{name}_spread_norm")(together)

    spreads = []
    has_spreads = config.pooling == "statistics"
    tiles = shape.tiles()
    x = convolution(
        rescaled(tiles),
        config.stem,
        "stem",
        stride=config.stem_stride,
        kernel=max(3, config.stem_stride + 1),
    )
    for stage, (width, depth) in enumerate(zip(config.widths, config.depths, strict=True)):
        for block in range(depth):
            name, stride = f"stage{stage}_block{block}", 2 if block == 0 else 1
            inner = norm_relu(x, f"{name}_a")
            shortcut = x
            if block == 0:
                if has_spreads:
                    spreads.append(spread(inner, f"stage{stage}"))
                pooled = layers.AveragePooling2D(2, padding="same", name=f"{name}_pool")(inner)
                shortcut = convolution(pooled, width, f"{name}_shortcut", kernel=1)
            inner = convolution(inner, width, f"{name}_conv_a", stride=stride)
            inner = norm_relu(inner, f"{name}_b")
            inner = convolution(inner, width, f"{name}_conv_b")
            x = layers.Add(name=f"{name}_add")([shortcut, inner])
    x = norm_relu(x, "head")
    if has_spreads:
        spreads.append(spread(x, "last", layers.GlobalMaxPooling2D(name="last_most")(x)))
        x = layers.Concatenate(name="pool")(spreads)
    else:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(config.dropout, name="dropout")(x)
    answer = layers.Dense(shape.num_classes, activation=shape.activation, name="probabilities")(x)
    return Model(tiles, answer, name="tile_small")


def _size(config: TileSmallConfig, shape: NetworkShape) -> tuple[int, int]:
    """About how many weights there will be, and how many values in the largest layer."""
    side, before = -(-shape.patch_size_pixels // config.stem_stride), config.stem
    weights, values = 0, side * side * before
    for width, depth in zip(config.widths, config.depths, strict=True):
        side = -(-side // 2)
        weights += 9 * width * (before + width + 2 * width * (depth - 1))
        values = max(values, side * side * width)
        before = width
    return weights, values
