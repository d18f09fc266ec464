"""Predicting: tissue, reading, all the way from slide to store, a vast slide, and being killed."""

from __future__ import annotations

from itertools import product
from math import nan
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import child
from benchmarks.predict_kills import run_kills
from benchmarks.report import Cell, Table
from benchmarks.slides import LARGE, all_slides, large_slide

RUNS, QUICK_RUNS = 3, 1
TILES, QUICK_TILES = 100_000, 5_000
KILLS, QUICK_KILLS = 50, 3
SPACINGS_UM_PX = (0.486, 0.5)
"""What models want: the bundled one, and half the resolution of a slide of 0.25 µm/px."""
THREADS = (1, 2)


def tissue(folder: Path, data: Path | None, quick: bool) -> list[Table]:
    """How long finding the tissue takes."""
    rows = []
    for name, path in all_slides(folder, data, quick).items():
        found = child.measured("predict_child", what="tissue", slide=path, runs=_runs(quick))
        rows.append((name, *found["mask"], median(found["seconds"])))
    columns = ("slide", "mask columns", "rows", "seconds, median")
    return [Table("Finding tissue", columns, tuple(rows), (f"Goal for {LARGE}: 3 s.",))]


def reading(folder: Path, data: Path | None, quick: bool) -> list[Table]:
    """Reading tiles as a model wants them, beside OpenSlide doing the same."""
    rows = []
    for (name, path), spacing, threads in product(
        all_slides(folder, data, quick).items(), SPACINGS_UM_PX, THREADS
    ):
        found = child.measured(
            "predict_child",
            what="reading",
            slide=path,
            spacing=spacing,
            threads=threads,
            runs=_runs(quick),
        )
        (ours, our_work), (theirs, their_work) = (
            [median(times) for times in zip(*(found[who] or [(nan, nan)]), strict=True)]
            for who in ("ours", "openslide")
        )
        tiles = found["tiles"]
        speed = tiles / ours, tiles / theirs, theirs / ours, their_work / our_work
        rows.append((name, spacing, threads, tiles, *speed))
    columns = (
        *("slide", "model's µm/px", "threads", "tiles", "slideviewer, tiles/s"),
        *("OpenSlide, tiles/s", "×", "× by processor time"),
    )
    notes = (
        "Tiles of 128 px; where a slide's spacing is unknown, it is taken to be 0.25 µm/px.",
        "Goal: 3 × on JPEG tiles, nowhere slower.",
    )
    return [Table("Reading for a model", columns, tuple(rows), notes)]


def pipeline(folder: Path, _: Path | None, quick: bool) -> list[Table]:
    """The whole way beside its parts."""
    rows = []
    for _run in range(_runs(quick)):
        found = child.measured(
            "predict_child", what="pipeline", slide=large_slide(folder), tiles=QUICK_TILES
        )
        read, predict, whole = (found[name] for name in ("read", "predict", "whole"))
        in_turn = 1 / (1 / read + 1 / predict)
        rows.append((read, predict, whole, whole / min(read, predict), whole / in_turn))
    columns = (
        *("reading alone, tiles/s", "predicting alone", "end to end"),
        *("× the slower", "× one after the other"),
    )
    notes = (
        f"tumour-camelyon on {LARGE}, {QUICK_TILES:,} tiles. Goal: 0.9 × the slower.",
        "Where each part alone keeps all cores busy, end to end cannot be faster than one after "
        "the other.",
    )
    return [Table("Reading, predicting and storing at once", columns, tuple(rows), notes)]


def vast(folder: Path, _: Path | None, quick: bool) -> list[Table]:
    """The bundled model over a whole slide."""
    tiles = QUICK_TILES if quick else TILES
    found = child.measured("predict_child", what="vast", slide=large_slide(folder), tiles=tiles)
    row = (found["tiles"], found["seconds"], found["tiles"] / found["seconds"], found["peak_mb"])
    columns = ("tiles", "seconds", "tiles/s", "peak memory, MB")
    notes = ("tumour-camelyon, model loading and reading included. Goal: 100,000 in 300 s.",)
    return [Table("A whole slide", columns, (row,), notes)]


def first(folder: Path, _: Path | None, quick: bool) -> list[Table]:
    """From the request to the first predicted tile, in a worker process."""
    rows: list[tuple[Cell, ...]] = []
    found: list[dict[str, Any]] = [
        child.measured("predict_child", what="first", slide=large_slide(folder))
        for _run in range(_runs(quick))
    ]
    for name, goal in (("cold", 8), ("warm", 3)):
        times = [one[name] for one in found]
        rows.append((name, median(times), max(times), goal))
    columns = ("worker", "seconds, median", "worst", "goal")
    return [Table("Until the first tile", columns, tuple(rows), child.complaints(found))]


def kill(folder: Path, _: Path | None, quick: bool) -> list[Table]:
    """A worker killed again and again, and what it leaves in the end."""
    found = run_kills(folder, QUICK_KILLS if quick else KILLS)
    columns = ("kills", "runs until done", "bytes that differ from an undisturbed run")
    return [Table("Killed", columns, ((found.kills, found.runs, found.differing),))]


def _runs(quick: bool) -> int:
    return QUICK_RUNS if quick else RUNS
