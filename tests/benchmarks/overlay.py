"""How long a threshold's step takes on a million cells."""

from __future__ import annotations

from pathlib import Path

from benchmarks import child
from benchmarks.gesture_script import CANVAS
from benchmarks.report import Table

CELLS, QUICK_CELLS = 1000, 200
"""Across and down."""

STEPS, QUICK_STEPS = 80, 10

GOAL_MS = 16.0


def tables(folder: Path, data: Path | None, quick: bool) -> list[Table]:
    """Measure in a process of its own."""
    side = QUICK_CELLS if quick else CELLS
    steps = QUICK_STEPS if quick else STEPS
    found = child.measured("overlay_child", side=side, steps=steps)
    rows = tuple(
        (look, place, spread["median"], spread["p95"], GOAL_MS)
        for look, places in found["looks"].items()
        for place, spread in places.items()
    )
    columns = ("colours", "in view", "median, ms", "95 %, ms", "goal, ms")
    notes = (
        f"{side:,} × {side:,} cells, canvas {CANVAS[0]} × {CANVAS[1]}: the slider of the Layers "
        f"panel is moved {steps} times, each time until all is painted. What the GUI thread "
        "computes for a step, painting and the panel included.",
    )
    return [Table("Threshold", columns, rows, notes + child.complaints([found]))]
