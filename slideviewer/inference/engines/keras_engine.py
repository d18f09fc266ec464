"""Keras on the back end that it is set to: the reference for every other engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from slideviewer.errors import ModelError
from slideviewer.inference.engines.engine import gpus_allowed
from slideviewer.models.loading import load_model
from slideviewer.models.network import (
    KerasNetwork,
    Network,
    Way,
    exhausted,
    failures,
    out_of_memory,
)
from slideviewer.models.package import ModelPackage

if TYPE_CHECKING:
    import keras

TITLE = "Keras"


class Reference:
    """A package's network on the CPU in full precision, built once for all who start from it."""

    def __init__(self) -> None:
        self._hash = ""
        self._built: keras.Model | ModelError | None = None

    def network(self, package: ModelPackage) -> keras.Model:
        """Build the network, or give the one that was built.

        Raises
        ------
        ModelError
            If the package is refused; the same one, whoever asks again.
        """
        if self._hash != package.hash:
            self._hash, self._built = package.hash, self._build(package)
        if isinstance(self._built, ModelError):
            raise self._built
        return self._built

    def _build(self, package: ModelPackage) -> keras.Model | ModelError:
        import keras

        try:
            with keras.device("cpu:0"):
                return load_model(package)
        except ModelError as error:
            return error


@dataclass(frozen=True)
class Keras:
    """Keras on one device, in full precision or in mixed.

    Attributes
    ----------
    way : Way
    reference : callable
        Builds a package's network on the CPU in full precision.
    """

    way: Way
    reference: Callable[[ModelPackage], keras.Model]
    name: ClassVar[str] = "keras"

    def is_available(self) -> bool:
        """Whether it finds the device."""
        if self.way.device == "CPU":
            return True
        if not gpus_allowed():
            return False
        import keras

        return bool(keras.distribution.list_devices("gpu"))

    def load(self, package: ModelPackage) -> Network:
        """Load as `Engine` promises."""
        if self.way == Way(TITLE):
            return KerasNetwork(self.reference(package), self.way)
        import keras

        former = keras.config.dtype_policy()
        spec = package.spec
        try:
            if self.way.is_reduced:
                keras.config.set_dtype_policy(f"mixed_{self.way.precision}")
            with keras.device(f"{self.way.device.lower()}:0"):
                allowed = spec.reduced_tolerance if self.way.is_reduced else spec.golden_tolerance
                return KerasNetwork(load_model(package, allowed), self.way)
        except exhausted() as error:
            raise out_of_memory(self.way, 1) from error
        except failures() as error:
            raise ModelError(f"It cannot run this network: {error}.") from error
        finally:
            keras.config.set_dtype_policy(former)
