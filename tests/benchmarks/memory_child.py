"""In a process of its own: look everywhere, or open slide after slide, and weigh the process."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import child
from benchmarks.stage import Stage, collect_as_the_program
from slideviewer.geometry import Rect
from slideviewer.ui.launch import wait_until

LEVEL_SECONDS = 10


def main() -> None:
    """Measure as told."""
    told = child.settings()
    slides = [Path(name) for name in told["slides"]]
    with Stage() as stage:
        collect_as_the_program()
        if told.get("screens"):
            child.answer(look_everywhere(stage, slides[0], int(told["screens"])))
        else:
            child.answer(open_and_close(stage, slides, int(told["openings"])))


def look_everywhere(stage: Stage, path: Path, most: int) -> dict[str, Any]:
    """Visit a slide at the scale of every level, coarsest first, screen by screen.

    Parameters
    ----------
    stage : Stage
    path : Path
    most : int
        Screens of a level, spread evenly where it has more.
    """
    stage.open(path)
    slide, canvas = stage.window.session.slide, stage.window.canvas
    assert slide is not None
    weights = [resident_mb()]
    for level in reversed(slide.pyramid.levels):
        canvas.zoom_to(1 / level.downsample)
        wait_until(lambda: not canvas.is_moving, LEVEL_SECONDS)
        screen = canvas.viewpoint.visible
        for x, y in _spread(_middles(slide.pyramid.extent, screen), most):
            canvas.centre_on(x, y)
            stage.settle()
            weights.append(resident_mb())
    cache_mb = stage.window.sources.cache.limit_bytes / 1e6
    return {**_course(weights), "screens": len(weights) - 1, "cache_mb": cache_mb}


def open_and_close(stage: Stage, slides: Sequence[Path], times: int) -> dict[str, Any]:
    """Open slides in turn, each closed by the next one, and none at the end."""
    weights: list[float] = []
    for number, path in enumerate(itertools.islice(itertools.cycle(slides), len(slides) + times)):
        stage.open(path)
        if number >= len(slides) - 1:  # each has been open once
            weights.append(resident_mb())
    stage.window.session.set_slide(None)
    return _course([*weights, resident_mb()])


def _course(weights: Sequence[float]) -> dict[str, float]:
    return {
        "before_mb": weights[0],
        "half_mb": weights[len(weights) // 2],
        "after_mb": weights[-1],
        "worst_mb": max(weights),
    }


def resident_mb() -> float:
    """What this process has in memory, in millions of bytes; not-a-number where nobody says."""
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    if sys.platform == "darwin":
        command = ["ps", "-o", "rss=", "-p", str(os.getpid())]
        return int(subprocess.run(command, capture_output=True, check=True).stdout) * 1024 / 1e6
    return float("nan")


def _middles(extent: Rect, screen: Rect) -> list[tuple[float, float]]:
    """The middles of the screens that cover a slide, row by row."""
    columns = max(1, int(np.ceil(extent.width / screen.width)))
    rows = max(1, int(np.ceil(extent.height / screen.height)))
    return [
        ((column + 0.5) * screen.width, (row + 0.5) * screen.height)
        for row in range(rows)
        for column in range(columns)
    ]


def _spread(places: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """At the most so many of them, evenly."""
    chosen = np.linspace(0, len(places) - 1, min(most, len(places))).round().astype(int)
    return [places[number] for number in chosen]


if __name__ == "__main__":
    main()
