"""Our engines beside each other: Keras as the reference, OpenVINO in each precision."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks import child
from benchmarks.made_models import ALL
from benchmarks.report import Cell, Table

ROUNDS, QUICK_ROUNDS = 5, 2
SECONDS, QUICK_SECONDS = 1.5, 0.5
SEGMENTED_AT_ONCE = 2
"""Tiles of 512 px in a batch, as in `slideviewer.inference.segmentation.plan`."""


def tables(_folder: Path, _data: Path | None, quick: bool) -> list[Table]:
    """Tiles a second and processor time of every engine on every network."""
    rows: list[tuple[Cell, ...]] = []
    notes: list[str] = []
    with TemporaryDirectory(prefix="slideviewer-bench-") as name:
        folder, names = Path(name), list(ALL)
        written = child.measured("rivals.ours", what="write", folder=folder, names=names)
        for made in ALL.values():
            found = child.measured(
                "engines_child",
                package=written[made.architecture],
                batch=SEGMENTED_AT_ONCE if made.segments else 0,
                rounds=QUICK_ROUNDS if quick else ROUNDS,
                seconds=QUICK_SECONDS if quick else SECONDS,
            )
            measured = found["engines"]
            reference = measured["Keras on the CPU in float32"]["tiles_per_s"]
            for engine, told in measured.items():
                rates = told["tiles_per_s"]
                ratios = [one / other for one, other in zip(rates, reference, strict=True)]
                rows.append(
                    (
                        made.name,
                        engine,
                        told["batch"],
                        median(rates),
                        f"{min(rates):.3g} to {max(rates):.3g}",
                        median(ratios),
                        median(told["processor_s_per_tile"]),
                        told["ready_s"],
                    )
                )
            notes += [f"{made.name}, {why}" for why in found["refused"].values()]
    columns = (
        "network", "engine", "batch", "tiles/s", "least to most", "× Keras", "processor-s a tile",
        "ready after, s",
    )  # fmt: skip
    about = (
        "The network alone, without reading and storing; random weights. Medians of rounds in "
        "which the engines take turns in one process. What is ready first converts the network."
    )
    return [Table("Engines", columns, tuple(rows), (about, *notes))]
