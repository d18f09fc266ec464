"""From the start of the process to the window, and from opening a slide to its sharp picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import child
from benchmarks.coarse import coarse_picture
from benchmarks.report import Cell, Table
from benchmarks.slides import DEMO, LARGE, all_slides

STAGES = ("shown", "coarse", "sharp")


def tables(folder: Path, data: Path | None, quick: bool) -> list[Table]:
    """Start the program a few times for each slide."""
    runs = 2 if quick else 5
    rows: list[tuple[Cell, ...]] = []
    everything: list[dict[str, Any]] = []
    for name, path in all_slides(folder, data, quick).items():
        picture = coarse_picture(path, folder)
        child.measured("start_child", slide=path, coarse=picture)  # warms the disk's cache
        found = [
            child.measured("start_child", slide=path, coarse=picture)
            for _ in range(runs if name in (LARGE, DEMO) else min(runs, 3))
        ]
        everything += found
        cells = [cell for stage in STAGES for cell in _two([one[stage] for one in found])]
        rows.append((name, len(found), *cells))
    columns = (
        "slide", "runs", "start → window, ms", "worst", "open → coarse, ms", "worst",
        "open → sharp, ms", "worst",
    )  # fmt: skip
    notes = (
        "Fresh processes, warm disk, no screen, canvas 1920 × 1080, whole slide in view; "
        "median and worst.",
        "Coarse: the first frame in which no place of a grid over the tissue is one flat colour. "
        "Sharp: the first in which every tile in view is there and painted smoothly.",
    )
    return [
        Table("Starting and opening", columns, tuple(rows), notes + child.complaints(everything))
    ]


def _two(seconds: Sequence[float]) -> tuple[float, float]:
    return 1000 * median(seconds), 1000 * max(seconds)
