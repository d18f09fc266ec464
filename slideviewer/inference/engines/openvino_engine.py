"""OpenVINO, for CPUs and for graphics processors of Intel."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import ModelError
from slideviewer.inference.engines.converted import Converted, converted
from slideviewer.inference.engines.engine import gpus_allowed
from slideviewer.inference.engines.openvino_runtime import core
from slideviewer.models.loading import prove
from slideviewer.models.network import Network, Way, out_of_memory
from slideviewer.models.package import ModelPackage

if TYPE_CHECKING:
    import keras

TITLE = "OpenVINO"

_log = logging.getLogger(__name__)

_PRECISIONS: Mapping[str, str] = MappingProxyType(
    {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}
)
_CAPABILITIES: Mapping[str, str] = MappingProxyType(
    {"float32": "FP32", "bfloat16": "BF16", "float16": "FP16"}
)
"""What OpenVINO calls them as settings, and in the list of what a device can."""
_WANT_OF_MEMORY = ("bad_alloc", "out of memory", "out_of_resources", "allocat")
"""Its exceptions are all alike, and only their words tell."""


@dataclass(frozen=True)
class OpenVino:
    """OpenVINO on one device in one precision.

    Attributes
    ----------
    way : Way
    threads : int
        Of the CPU.
    reference : callable
        Builds a package's network in Keras, where it is not kept converted.
    """

    way: Way
    threads: int
    reference: Callable[[ModelPackage], keras.Model]
    name: ClassVar[str] = "openvino"

    def is_available(self) -> bool:
        """Whether it is installed, and finds a device that computes in this precision."""
        device = self.way.device
        if find_spec("openvino") is None or not (device == "CPU" or gpus_allowed()):
            return False
        return _CAPABILITIES[self.way.precision] in _capabilities(device)

    def load(self, package: ModelPackage) -> Network:
        """Load as `Engine` promises; nothing of Keras is imported where it is kept converted."""
        source, spec = converted(package, self.reference), package.spec
        allowed = spec.reduced_tolerance if self.way.is_reduced else spec.golden_tolerance
        try:
            network = OpenVinoNetwork(source, self.way, self.threads)
            prove(network.predict, package, allowed)
        except RuntimeError as error:
            raise ModelError(f"It cannot run this network: {_last_line(error)}.") from error
        return network


class OpenVinoNetwork:
    """A network that OpenVINO computes, one batch at a time."""

    def __init__(self, source: Converted, way: Way, threads: int) -> None:
        runtime = core()
        import openvino

        self.way = way
        settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": _PRECISIONS[way.precision],
            "PERFORMANCE_HINT": "LATENCY",
        }
        if way.device == "CPU":
            # Unpinned, or two programs would stand on the same processor while another idles.
            settings |= {
                "INFERENCE_NUM_THREADS": threads,
                "NUM_STREAMS": "1",
                "ENABLE_CPU_PINNING": False,
            }
        weights = openvino.Tensor(np.frombuffer(source.weights, np.uint8))
        model = runtime.read_model(source.xml, weights)
        self._request = runtime.compile_model(model, way.device, settings).create_infer_request()

    def predict(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Answer as `Network` promises."""
        try:
            answers = self._request.infer({0: np.ascontiguousarray(batch)}, share_inputs=True)
        except (MemoryError, RuntimeError) as error:
            is_want = any(word in str(error).lower() for word in _WANT_OF_MEMORY)
            if isinstance(error, MemoryError) or is_want:
                raise out_of_memory(self.way, len(batch)) from error
            raise
        return np.asarray(answers[0], np.float32)


def is_imitated(precision: str) -> bool:
    """Whether the processor is known to compute in other precisions alone.

    What computes in this one then does so by way of float32, and takes several times as long.
    """
    found = _capabilities("CPU") if find_spec("openvino") is not None else ()
    return bool(found) and _CAPABILITIES[precision] not in found


@cache
def _capabilities(device: str) -> tuple[str, ...]:
    try:
        if device not in core().available_devices:
            return ()
        return tuple(core().get_property(device, "OPTIMIZATION_CAPABILITIES"))
    except (ImportError, OSError, RuntimeError) as error:
        _log.warning("OpenVINO does not run here: %s", error)
        return ()


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1].rstrip(".") if lines else type(error).__name__
