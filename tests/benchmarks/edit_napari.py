"""The same outlines in napari's shapes layer."""

from __future__ import annotations

import subprocess
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import child
from benchmarks.edit_made import VERTICES, many
from benchmarks.report import Cell, Table
from benchmarks.screen import screen
from benchmarks.slides import large_slide

COUNTS, QUICK_COUNTS = (5_000, 100_000), (1_000,)
RUNS = 3
SCALE = 0.05
SECONDS, QUICK_SECONDS = 10, 4


def tables(folder: Path, quick: bool, python: Path) -> list[Table]:
    """Show, select, recolour and drag in both programs on one screen.

    Parameters
    ----------
    folder : Path
        Where made files are kept.
    quick : bool
    python : Path
        An interpreter with napari.
    """
    slide, seconds = large_slide(folder), QUICK_SECONDS if quick else SECONDS
    rows: list[tuple[Cell, ...]] = []
    with screen() as display:
        environment = {**display, "NAPARI_CONFIG": str(folder / "napari.yaml")}
        for count in QUICK_COUNTS if quick else COUNTS:
            told: dict[str, Any] = {"slide": slide, "file": many(folder, count)}
            told |= {"scale": SCALE, "seconds": seconds, "runs": RUNS}
            edits = child.measured(
                "edit_window_child", environment=environment, what="edit", **told
            )
            pans = child.measured("edit_window_child", environment=environment, what="pan", **told)
            took = {name: median(it[0] for it in all_) for name, all_ in edits["edits"].items()}
            rows.append(
                (
                    f"slideviewer, {count:,}",
                    1000 * edits["opened"],
                    took["select a shape"],
                    took["recolour a group"],
                    took["drag a vertex, each move"],
                    pans["frame_ms"]["median"],
                    pans["frame_ms"]["p99"],
                )
            )
            rows.append((f"napari, {count:,}", *_napari(python, environment, told)))
    columns = (
        "outlines", "show, ms", "select one, ms", "recolour half of them, ms", "move a vertex, ms",
        "frame ms when dragging, median", "99 %",
    )  # fmt: skip
    notes = (
        f"Outlines of {VERTICES} vertices; {SCALE} screen pixels per slide pixel while dragging. "
        f"slideviewer reads the XML to show them, and shows the slide below; napari gets arrays.",
        f"–: not within {child.PATIENCE_SECONDS} s, or it gave up.",
    )
    return [Table("Beside napari: many outlines", columns, tuple(rows), notes)]


def _napari(
    python: Path, environment: dict[str, str], told: dict[str, Any]
) -> tuple[float | None, ...]:
    try:
        found = child.measured("edit_napari_child", python, environment, **told)
    except (subprocess.TimeoutExpired, RuntimeError):
        return (None,) * 6
    frame = found["frame_ms"]
    own = ("shown", "select", "recolour", "move")
    return (*(found[name] for name in own), frame["median"], frame["p99"])
