"""What a network takes and gives, and the pieces that configurations share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from slideviewer.errors import ModelError

if TYPE_CHECKING:
    import keras

Width = Annotated[int, Field(ge=4, le=2048)]
Depth = Annotated[int, Field(ge=1, le=16)]
Share = Annotated[float, Field(ge=0, lt=1)]

MOST_WEIGHTS = 1 << 29
"""As many as the largest file of a package holds in half precision."""
MOST_VALUES = 1 << 30
"""Numbers that one layer gives for one tile: 4 GiB in single precision."""


class NetworkConfig(BaseModel):
    """A configuration of a network: checked, frozen, and nothing in it unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


@dataclass(frozen=True)
class NetworkShape:
    """What the package says of a network's ends.

    Attributes
    ----------
    patch_size_pixels, num_classes, exclusive
        As in `slideviewer.models.spec.ModelSpec`.
    """

    patch_size_pixels: int
    num_classes: int
    exclusive: bool = True

    @property
    def activation(self) -> str:
        """What makes probabilities of the last layer's numbers."""
        return "softmax" if self.exclusive else "sigmoid"

    def tiles(self) -> keras.KerasTensor:
        """The input of every network: uint8 RGB (n, patch, patch, 3)."""
        from keras import Input

        side = self.patch_size_pixels
        return Input((side, side, 3), dtype="uint8", name="tiles")


def refuse_too_large(weights: int, values: int) -> None:
    """Stop before a network is built that would fill the memory: a few words can ask for that.

    Parameters
    ----------
    weights : int
        About how many the network has.
    values : int
        About how many numbers its largest layer gives for one tile.

    Raises
    ------
    ModelError
        If either is above what is allowed.
    """
    for count, most, what in (
        (weights, MOST_WEIGHTS, "weights"),
        (values, MOST_VALUES, "values for each tile in one layer"),
    ):
        if count > most:
            raise ModelError(
                f"The network would have {count:,} {what}, where {most:,} are allowed.",
                remedy="Make it narrower or less deep, or use smaller tiles.",
            )


def rescaled(tiles: Any) -> Any:
    """Pixels 0..255 as -1..1."""
    from keras import layers

    return layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(tiles)
