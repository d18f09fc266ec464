"""The protocol of engines, and what they may take of the machine."""

from __future__ import annotations

import os
from typing import Protocol

from slideviewer.models.network import Network, Way
from slideviewer.models.package import ModelPackage


class Engine(Protocol):
    """One way to compute networks."""

    @property
    def name(self) -> str:
        """What the user calls it: "keras" or "openvino"."""

    @property
    def way(self) -> Way:
        """Its title, device and precision."""

    def is_available(self) -> bool:
        """Whether it is installed and this machine has what it needs."""

    def load(self, package: ModelPackage) -> Network:
        """Load a package's network and check it on its golden sample.

        Raises
        ------
        ModelError
            If it cannot compute this network, or misses the sample by more than the package allows.
        """


def threads_allowed() -> int:
    """How many threads may compute: as many as the process was told, else all processors it has.

    The environment says it, since TensorFlow too reads it there, once, before it is asked.
    """
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdecimal() and int(told) > 0:
        return int(told)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gpus_allowed() -> bool:
    """Whether graphics processors may be used: a worker that stays on the CPU says no."""
    return os.environ.get("CUDA_VISIBLE_DEVICES") != "-1"
