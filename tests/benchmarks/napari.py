"""The same slide and the same drags in napari."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import child
from benchmarks.coarse import coarse_picture
from benchmarks.gestures import COLUMNS, cells_of
from benchmarks.report import Cell, Table
from benchmarks.screen import screen
from benchmarks.slides import LARGE, large_slide

SCALES = {"pixel for pixel": 1.0, "a tenth": 0.1}
"""Screen pixels per slide pixel while dragging."""

SECONDS, QUICK_SECONDS = 20, 8


def tables(folder: Path, quick: bool, python: Path) -> list[Table]:
    """Start both programs on one screen, then drag in both.

    Parameters
    ----------
    folder : Path
        Where made slides are kept.
    quick : bool
    python : Path
        An interpreter with napari, dask and tifffile on PySide6.
    """
    path = large_slide(folder)
    told = {"slide": path, "coarse": coarse_picture(path, folder)}
    seconds = QUICK_SECONDS if quick else SECONDS
    starts: list[tuple[Cell, ...]] = []
    drags: list[tuple[Cell, ...]] = []
    with screen() as display:
        environment = {**display, "NAPARI_CONFIG": str(folder / "napari.yaml")}
        ours = [
            child.measured("start_child", environment=environment, **told)
            for _ in range(2 if quick else 5)
        ]
        starts.append(("slideviewer", *_medians(ours)))
        theirs: list[dict[str, Any]] = []
        for name, scale in SCALES.items():
            settings = {**told, "scale": scale, "seconds": seconds, "drags_only": True}
            found = child.measured("gestures_child", environment=environment, **settings)
            drags.append((f"slideviewer, {name}", *cells_of(found)))
            found = child.measured("napari_child", python, environment, **settings)
            drags.append((f"napari, {name}", *cells_of(found)))
            theirs.append(found)
        starts.append((f"napari {theirs[0]['version']}", *_medians(theirs)))
    notes = (
        f"Slide: {LARGE}. napari shows dask arrays over tifffile's zarr store as a multiscale "
        f"image, as its documentation has it; OpenGL: {theirs[0]['renderer']}.",
        "Without a graphics card napari draws slower than its users see. Its settings are those "
        "of a first start; so it reads tiles in its event loop.",
        "Frame: paintEvent of the canvas, and the draw event of napari's. What is blurred or "
        "blank is looked for in slideviewer alone: napari reads what it shows before it goes on.",
    )
    heads = ("", "start → window, ms", "open → first picture, ms")
    return [
        Table("Beside napari: starting, on one screen (medians)", heads, tuple(starts)),
        Table(
            f"Beside napari: dragging, {seconds} s",
            COLUMNS,
            tuple(drags),
            notes + child.complaints([*ours, *theirs]),
        ),
    ]


def _medians(found: list[dict[str, Any]]) -> tuple[float, float]:
    shown, coarse = ([one[stage] for one in found] for stage in ("shown", "coarse"))
    return 1000 * median(shown), 1000 * median(coarse)
