"""What a loaded network is to those who ask it, whichever engine computes it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import ModelError

if TYPE_CHECKING:
    import keras


class OutOfMemory(ModelError):
    """A batch does not fit into the memory of what computes it."""


@dataclass(frozen=True)
class Way:
    """How a network is computed.

    Attributes
    ----------
    engine : str
        Its title: "Keras", "OpenVINO".
    device : str
        "CPU" or "GPU".
    precision : str
        "float32", "bfloat16", "float16".
    """

    engine: str
    device: str = "CPU"
    precision: str = "float32"

    @property
    def is_reduced(self) -> bool:
        """Whether it computes in fewer bits than the package was made with."""
        return self.precision != "float32"

    def __str__(self) -> str:
        return f"{self.engine} on the {self.device} in {self.precision}"


class Network(Protocol):
    """A network that has reproduced its package's golden sample."""

    @property
    def way(self) -> Way:
        """How it is computed."""

    def predict(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give answers (n, *answer_shape), uncalibrated, for tiles (n, patch, patch, 3), RGB.

        Raises
        ------
        OutOfMemory
            If so many tiles at once do not fit.
        """


class KerasNetwork:
    """A network that Keras computes.

    Parameters
    ----------
    network : keras.Model
        From uint8 tiles to probabilities.
    way : Way
        The network was built on this device.
    """

    def __init__(self, network: keras.Model, way: Way) -> None:
        self.way = way
        self._network = network

    def predict(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Answer as `Network` promises."""
        import keras

        try:
            with keras.device(f"{self.way.device.lower()}:0"):
                return np.asarray(self._network.predict_on_batch(batch), np.float32)
        except exhausted() as error:
            raise out_of_memory(self.way, len(batch)) from error


def out_of_memory(way: Way, count: int) -> OutOfMemory:
    """Say that so many tiles at once are too many."""
    tiles = "One tile" if count == 1 else f"{count} tiles at once"
    return OutOfMemory(
        f"{tiles} do{'es' if count == 1 else ''} not fit into the memory of the {way.device}.",
        remedy="Close other programs, or use a smaller model.",
    )


def exhausted() -> tuple[type[Exception], ...]:
    """What a want of memory raises."""
    return (MemoryError, *_of_tensorflow("ResourceExhaustedError"))


def failures() -> tuple[type[Exception], ...]:
    """What a device raises that does not work, such as a GPU with another driver's libraries."""
    return _of_tensorflow("OpError")


def _of_tensorflow(name: str) -> tuple[type[Exception], ...]:
    """An exception of TensorFlow's, if Keras has loaded it: nobody else imports it here."""
    found = getattr(getattr(sys.modules.get("tensorflow"), "errors", None), name, None)
    return () if found is None else (found,)
