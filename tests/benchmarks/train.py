"""Training: feeding the network, a plain loop beside, memory, epochs of each system, fewer bits."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks import child
from benchmarks.made_models import made_slide
from benchmarks.report import Table
from benchmarks.train_systems import SYSTEMS
from slideviewer.training.improving.fitting import Tiles, fit_best
from slideviewer.training.improving.head import Head

RUNS, QUICK_RUNS = 5, 2
BLOCKS, QUICK_BLOCKS = 6, 2
"""Side of the slide that tiles are taken from, in blocks of 1,024 px."""
TILES, QUICK_TILES = 1_000, 300
"""Of the smaller set whose memory is looked at; the larger one has ten times as many."""
ARCHITECTURE = "tile-small"
HEAD_TILES, QUICK_HEAD_TILES = 5_000, 500
HEADS = {"the bundled one": 448, "InceptionV3": 2048}
"""Networks, and how much each knows of a tile before it answers."""
PRECISIONS = ("float32", "mixed_bfloat16")


def feed(folder: Path, _: Path | None, quick: bool) -> list[Table]:
    """Making batches, beside what the network takes, and beside a plain loop."""
    slide = made_slide(folder, QUICK_BLOCKS if quick else BLOCKS)
    found = _measured("feed", slide=slide, runs=_runs(quick))
    fed, taken, both, plain = (
        median(found[name]) for name in ("fed", "taken", "together", "plain")
    )
    first = median(found["first"])
    columns = (
        *("tiles", "fed, tiles/s", "the network takes", "× (goal 2)"),
        *("fed and taken", "plain loop", "× (goal 2.5)"),
        *("first epoch, with looking for the tiles", "× plain"),
    )
    row = (found["tiles"], fed, taken, fed / taken, both, plain, both / plain, first, first / plain)
    notes = (
        f"{ARCHITECTURE} on {found['device']}, tiles of 128 px at 0.486 µm/px of a JPEG slide, "
        f"batches of {found['batch']}; medians of {len(found['fed'])} rounds in which all take "
        "turns.",
        "Fed: read, augmented and mixed as a training does by default, and nothing else. The "
        "network takes: the same batch again and again. Plain loop: OpenSlide's read_region and "
        "Keras' fit on what it gives, without augmentation, anew in each epoch. Ours keeps what "
        "was cut out of the slide, so that only its first epoch reads there.",
    )
    return [Table("Feeding", columns, (row,), notes)]


def memory(_folder: Path, _: Path | None, quick: bool) -> list[Table]:
    """A whole training on a set, and on one ten times larger."""
    small = QUICK_TILES if quick else TILES
    rows = []
    for tiles in (small, 10 * small):
        found = _measured("memory", tiles=tiles)
        rows.append((tiles, found["set_mb"], found["before_mb"], found["peak_mb"]))
    grown = (rows[1][3] - rows[0][3]) / (rows[1][1] - rows[0][1])
    columns = ("tiles", "set, MB", "memory before, MB", "memory at most, MB")
    notes = (
        "Memory of its own, without what of the mapped set the system keeps and may take back. "
        "One epoch of all tiles, with measuring and the card. Pictures in files keep up to 512 MB "
        "of decoded tiles besides.",
        f"Grown by {grown:.0%} of what the set grew by.",
    )
    return [Table("Memory of a training", columns, tuple(rows), notes)]


def epochs(folder: Path, data: Path | None, quick: bool) -> list[Table]:
    """An epoch of each system that the product replaces, on a small example."""
    rows, notes = [], []
    for name, system in SYSTEMS.items():
        found = _measured(
            "epochs",
            system=name,
            folder=folder,
            data=data or "",
            epochs=1 + _runs(quick, most=3),
            quick=quick,
        )
        seconds = median(found["seconds"])
        rows.append(
            (system.title, found["weights"], found["seen"], seconds, found["seen"] / seconds)
        )
        notes += [f"{system.title}: {found['of']}."]
    columns = ("system", "weights", "tiles an epoch", "seconds, median", "tiles/s")
    notes += [
        f"On {found['device']}. With measuring on what is held out, as a training does after each "
        "epoch; the first one, in which Keras traces, is left out.",
    ]
    return [Table("An epoch of each system", columns, tuple(rows), tuple(notes))]


def bits(_folder: Path, _: Path | None, quick: bool) -> list[Table]:
    """Fewer bits beside full precision, each in processes of its own, in turns."""
    networks = {ARCHITECTURE: 128, "unet": 128}
    speeds: dict[tuple[str, str], list[float]] = {}
    device = ""
    for _run in range(_runs(quick, most=3)):
        for network, patch in networks.items():
            for precision in PRECISIONS:
                found = _measured("bits", network=network, patch=patch, precision=precision)
                speeds.setdefault((network, precision), []).append(found["taken"])
                device = found["device"]
    rows = []
    for network in networks:
        full, fewer = (median(speeds[network, it]) for it in PRECISIONS)
        rows.append((network, full, fewer, fewer / full))
    columns = ("network", "float32, tiles/s", "bfloat16, mixed", "×")
    notes = (f"Fitting on {device}: the same batch again and again, tiles of 128 px.",)
    return [Table("Fewer bits", columns, tuple(rows), notes)]


def head(_folder: Path, _: Path | None, quick: bool) -> list[Table]:
    """What a correction fits: the last layer, on tiles of which all before it is known."""
    count = QUICK_HEAD_TILES if quick else HEAD_TILES
    rows = []
    for network, features in HEADS.items():
        parent, tiles = _review(count, features)
        took = []
        for _run in range(_runs(quick)):
            began = perf_counter()
            fit_best(parent, tiles)
            took.append(perf_counter() - began)
        rows.append((network, features, median(took), max(took)))
    columns = (f"{count:,} tiles", "features", "seconds, median", "worst")
    notes = ("Drawn features. Goal: 10 s. How strongly to stay with the parent is chosen in it.",)
    return [Table("Correcting", columns, tuple(rows), notes)]


def _review(count: int, features: int) -> tuple[Head, Tiles]:
    dice = np.random.default_rng(0)
    labels = dice.integers(0, 2, count)
    known = dice.random((count, features)) + 0.1 * labels[:, None] * dice.random(features)
    kernel = dice.normal(0, 0.05, (features, 2)).astype(np.float32)
    replayed, squares = dice.random(count) < 0.5, dice.integers(0, 40, count)
    tiles = Tiles(known.astype(np.float32), labels, replayed, squares)
    return Head(kernel, np.zeros(2, np.float32)), tiles


def _measured(what: str, **settings: object) -> dict[str, Any]:
    return child.measured("train_child", what=what, architecture=ARCHITECTURE, **settings)


def _runs(quick: bool, most: int = RUNS) -> int:
    return QUICK_RUNS if quick else most
