"""How much memory looking takes: all over a large slide, and many slides one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import child
from benchmarks.report import Table
from benchmarks.slides import all_slides, large_slide

SPARE_MB = 300
"""What the window may take beyond its store of tiles after looking everywhere."""

SCREENS, QUICK_SCREENS = 300, 60
"""At the most so many screens of each level are looked at, evenly spread."""

OPENINGS, QUICK_OPENINGS = 50, 10


def tables(folder: Path, data: Path | None, quick: bool) -> list[Table]:
    """Measure both in processes of their own."""
    screens = QUICK_SCREENS if quick else SCREENS
    looked = child.measured("memory_child", slides=[large_slide(folder)], screens=screens)
    slides = list(all_slides(folder, data, quick).values())
    openings = QUICK_OPENINGS if quick else OPENINGS
    opened = child.measured("memory_child", slides=slides, openings=openings)
    rows = (
        (
            f"{looked['screens']:,} screens of the large slide, all levels",
            *_figures(looked),
            looked["cache_mb"] + SPARE_MB,
        ),
        (f"{openings} slides opened and closed", *_figures(opened), None),
    )
    columns = (
        "", "before, MB", "half-way, MB", "after, MB", "worst, MB", "growth, MB",
        "limit on growth, MB",
    )  # fmt: skip
    notes = (
        "Resident memory of the window's process. Before: the whole slide is in view, or each "
        "slide has been open once and the last one still is.",
        f"Limit: the store of tiles ({looked['cache_mb']:,.0f} MB on this machine) and "
        f"{SPARE_MB} MB.",
    )
    return [Table("Memory", columns, rows, notes + child.complaints([looked, opened]))]


def _figures(found: dict[str, Any]) -> tuple[float, ...]:
    before, after = found["before_mb"], found["after_mb"]
    return before, found["half_mb"], after, found["worst_mb"], after - before
