"""How fast a network is on this machine, by a moment's measuring."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.models.network import Network, OutOfMemory

BATCH_SECONDS = 0.2
"""How long a batch may take: the program hears nothing, cancelling included, meanwhile."""
LARGEST_BATCH = 256

_SIZES = (1, 8, 64)
_ENOUGH_SECONDS = 0.15
"""How long one size is measured, if one batch does not take longer."""


@dataclass(frozen=True)
class Measured:
    """What a trial found.

    Attributes
    ----------
    tiles_per_s : float
    batch_size : int
        A power of two that takes about as long as a batch may.
    """

    tiles_per_s: float
    batch_size: int


def measure(network: Network, sample: NDArray[np.uint8]) -> Measured:
    """Measure a network that has answered once; takes half a second, or a few single tiles.

    Parameters
    ----------
    network : Network
    sample : ndarray (n, patch, patch, 3), uint8, RGB
        Repeated as needed: what tiles show takes networks no longer or shorter.

    Raises
    ------
    OutOfMemory
        If not even one tile fits.
    """
    best, largest = 0.0, 1
    for size in _SIZES:
        batch = np.resize(sample, (size, *sample.shape[1:]))
        try:
            if size > 1:
                network.predict(batch)  # the first batch of a size also pays for what it needs
            seconds = _seconds(network, batch)
        except OutOfMemory:
            if size == 1:
                raise
            break
        best, largest = max(best, size / seconds), size
        following = 8 * size
        if following / best > BATCH_SECONDS:
            break
    fitting = 1 << max(0, int(np.log2(max(1.0, best * BATCH_SECONDS))))
    return Measured(best, min(fitting, 4 * largest, LARGEST_BATCH))


def _seconds(network: Network, batch: NDArray[np.uint8]) -> float:
    """The least that a batch took: whatever else the machine does only ever adds."""
    began, least = time.perf_counter(), np.inf
    while True:
        start = time.perf_counter()
        network.predict(batch)
        now = time.perf_counter()
        least = min(least, max(now - start, 1e-6))
        if now - began >= _ENOUGH_SECONDS:
            return float(least)
