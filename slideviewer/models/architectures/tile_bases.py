"""Tile networks on a known base: InceptionV3, ResNet50V2, DenseNet121, MobileNetV3, EfficientNet.

The bases are those of `keras.applications`, built without weights; a package brings its own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from slideviewer.errors import ModelError
from slideviewer.models.architectures.shape import (
    NetworkConfig,
    NetworkShape,
    Share,
    Width,
    rescaled,
)

if TYPE_CHECKING:
    import keras

BASE = "base"
"""The name of the base within a network."""

# Mean and deviation of ImageNet's pixels, with which DenseNet's published weights were made.
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


class TileBaseConfig(NetworkConfig):
    """The head on a base.

    Attributes
    ----------
    batch_norm : bool
        Whether pooled features are normalised.
    dense : tuple of int
        Widths of the ReLU layers before the answer.
    dropout : float
        Share of the features dropped in training, before the answer.
    """

    batch_norm: bool = False
    dense: Annotated[tuple[Width, ...], Field(max_length=4)] = ()
    dropout: Share = 0.2


@dataclass(frozen=True)
class Base:
    """One of `keras.applications`.

    Attributes
    ----------
    application : str
        Its name there.
    least_patch : int
        Pixels of a tile's side that it needs.
    prepare : callable
        From pixels 0..255 to what it was made for.
    options : dict
        Further arguments.
    """

    application: str
    least_patch: int
    prepare: Callable[[Any], Any]
    options: dict[str, object]

    def build(self, config: TileBaseConfig, shape: NetworkShape) -> keras.Model:
        """Build the base and its head with fresh weights.

        Raises
        ------
        ModelError
            If tiles are too small for the base.
        """
        import keras
        from keras import layers

        if shape.patch_size_pixels < self.least_patch:
            raise ModelError(
                f"{self.application} needs tiles of {self.least_patch} pixels or more, "
                f"not {shape.patch_size_pixels}."
            )
        make = getattr(keras.applications, self.application)
        side = shape.patch_size_pixels
        base = make(include_top=False, weights=None, input_shape=(side, side, 3), **self.options)
        tiles = shape.tiles()
        x = _with_lasting_names(base)(self.prepare(tiles))
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        if config.batch_norm:
            x = layers.BatchNormalization(name="head_norm")(x)
        for number, width in enumerate(config.dense):
            x = layers.Dense(width, activation="relu", name=f"dense{number}")(x)
        x = layers.Dropout(config.dropout, name="dropout")(x)
        answer = layers.Dense(shape.num_classes, activation=shape.activation, name="probabilities")
        return keras.Model(tiles, answer(x), name=self.application.lower())

    def fill_from_imagenet(self, network: keras.Model) -> None:
        """Give a network's base the weights that Keras publishes for ImageNet.

        Keras downloads them once, checks their hash, and keeps them in its own cache.

        Raises
        ------
        ModelError
            If they cannot be had.
        """
        import keras

        make = getattr(keras.applications, self.application)
        base = network.get_layer(BASE)
        side = network.input_shape[1]
        try:
            with warnings.catch_warnings():
                # Weights of convolutions fit tiles of any size, whatever Keras warns of.
                warnings.simplefilter("ignore", UserWarning)
                known = make(
                    include_top=False,
                    weights="imagenet",
                    input_shape=(side, side, 3),
                    **self.options,
                )
        except Exception as error:  # Keras raises just that where a download fails
            raise ModelError(
                f"The ImageNet weights of {self.application} cannot be had:"
                f" {str(error).splitlines()[0][:200]}",
                remedy="Keras downloads them once. Without a network fetch the file that this names"
                " elsewhere, put it into the folder models of Keras's cache (~/.keras, or"
                " KERAS_HOME), or begin with --weights none.",
            ) from error
        base.set_weights(known.get_weights())


def _with_lasting_names(base: keras.Model) -> keras.Model:
    """The same network with layers named by their place.

    Keras numbers nameless layers through the whole life of a process, and weights are kept by
    their layer's name.
    """
    import keras

    names = {layer.name: f"base{place}" for place, layer in enumerate(base.layers)}

    def renamed(layer: Any) -> Any:
        name = names.get(layer.name, layer.name)  # a bare sum is no layer, and has no weights
        return layer.__class__.from_config({**layer.get_config(), "name": name})

    lasting = keras.models.clone_model(base, clone_function=renamed)
    lasting.name = BASE
    return lasting


def _float(tiles: Any) -> Any:
    from keras import layers

    return layers.Rescaling(1.0, name="rescale")(tiles)


def _as_imagenet(tiles: Any) -> Any:
    from keras import layers

    scale = [1 / (255 * deviation) for deviation in _IMAGENET_DEVIATION]
    offset = [
        -mean / deviation
        for mean, deviation in zip(_IMAGENET_MEAN, _IMAGENET_DEVIATION, strict=True)
    ]
    return layers.Rescaling(scale, offset=offset, name="rescale")(tiles)


BASES = {
    "tile-inception-v3": Base("InceptionV3", 75, rescaled, {}),
    "tile-resnet50-v2": Base("ResNet50V2", 32, rescaled, {}),
    "tile-densenet121": Base("DenseNet121", 32, _as_imagenet, {}),
    "tile-mobilenet-v3-small": Base(
        "MobileNetV3Small", 32, rescaled, {"include_preprocessing": False}
    ),
    "tile-mobilenet-v3-large": Base(
        "MobileNetV3Large", 32, rescaled, {"include_preprocessing": False}
    ),
    "tile-efficientnet-b0": Base("EfficientNetB0", 32, _float, {}),
}
