"""Engines in turns over the same batches, in one process."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks import child
from slideviewer.errors import ModelError
from slideviewer.inference.engines.choosing import engines
from slideviewer.inference.engines.engine import threads_allowed
from slideviewer.inference.engines.trial import measure
from slideviewer.models.loading import golden_sample
from slideviewer.models.network import Network
from slideviewer.models.package import open_package


def main() -> None:
    """Measure every engine that this machine has on one package."""
    told = child.settings()
    package = open_package(child.path_of(told, "package"))
    tiles = np.random.default_rng(1).integers(
        0, 256, (told["batch"] or 1, *golden_sample(package)[0].shape[1:]), np.uint8
    )
    loaded: dict[str, tuple[Network, int]] = {}
    refused: dict[str, str] = {}
    ready: dict[str, float] = {}
    for engine in engines(threads_allowed()):
        name = str(engine.way)
        if not engine.is_available():
            continue
        try:
            began = time.perf_counter()
            network = engine.load(package)
            ready[name] = time.perf_counter() - began
            batch = told["batch"] or measure(network, tiles[:1]).batch_size
            loaded[name] = network, batch
        except ModelError as error:
            refused[name] = error.problem
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in loaded}
    for _ in range(told["rounds"]):
        for name, (network, batch) in loaded.items():
            found[name].append(
                _measured(network, np.resize(tiles, (batch, *tiles.shape[1:])), told)
            )
    child.answer(
        {
            "engines": {
                name: {
                    "batch": batch,
                    "ready_s": ready[name],
                    "tiles_per_s": [count for count, _ in found[name]],
                    "processor_s_per_tile": [spent for _, spent in found[name]],
                }
                for name, (_, batch) in loaded.items()
            },
            "refused": refused,
        }
    )


def _measured(network: Network, batch: Any, told: dict[str, Any]) -> tuple[float, float]:
    """Tiles a second, and seconds of processors for each."""
    network.predict(batch)  # the first batch of a size also pays for what it needs
    tiles, began, worked = 0, time.perf_counter(), time.process_time()
    while (seconds := time.perf_counter() - began) < told["seconds"]:
        network.predict(batch)
        tiles += len(batch)
    return tiles / seconds, (time.process_time() - worked) / tiles


if __name__ == "__main__":
    main()
