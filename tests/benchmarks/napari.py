"""The same slide and the same drags in napari."""

from __future__ import annotations

import subprocess
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
RUNS, QUICK_RUNS = 5, 2
BRIEF_SECONDS = 1
"""Of dragging where only the start is measured."""

NEEDED = ("napari", "dask", "imagecodecs", "PySide6", "tifffile", "zarr")
HOW = """napari is measured with --napari PYTHON, an interpreter that has it. To make one:
    python3 -m venv napari-venv
    napari-venv/bin/python -m pip install "napari[pyside6]" dask imagecodecs tifffile zarr
    python3 packaging/dev.py bench view --napari napari-venv/bin/python
It needs OpenGL: a screen, or Xvfb."""
"""What to do where napari is missing."""


def problem_with(python: Path) -> str:
    """Why an interpreter cannot show slides in napari; empty where it can."""
    code = (
        "import importlib.util as util, sys;"
        "print(*(name for name in sys.argv[1:] if util.find_spec(name) is None))"
    )
    try:
        done = subprocess.run(
            [python, "-c", code, *NEEDED], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        return f"{python} does not run as a Python ({error})."
    missing = done.stdout.split()
    return f"{python} lacks {', '.join(missing)}." if missing else ""


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
    told: dict[str, Any] = {"slide": path, "coarse": coarse_picture(path, folder)}
    seconds, runs = (QUICK_SECONDS, QUICK_RUNS) if quick else (SECONDS, RUNS)
    starts: list[tuple[Cell, ...]] = []
    drags: list[tuple[Cell, ...]] = []
    with screen() as display:
        environment = {**display, "NAPARI_CONFIG": str(folder / "napari.yaml")}
        ours: list[dict[str, Any]] = []
        theirs: list[dict[str, Any]] = []
        brief = {**told, "scale": 1.0, "seconds": BRIEF_SECONDS}
        for _ in range(1 + runs):  # in turn; the first ones warm the disk's cache
            ours.append(child.measured("start_child", environment=environment, **told))
            theirs.append(child.measured("napari_child", python, environment, **brief))
        version = theirs[0]["version"]
        starts.append(("slideviewer", *_medians(ours[1:])))
        starts.append((f"napari {version}", *_medians(theirs[1:])))
        for name, scale in SCALES.items():
            settings = {**told, "scale": scale, "seconds": seconds, "drags_only": True}
            found = child.measured("gestures_child", environment=environment, **settings)
            drags.append((f"slideviewer, {name}", *cells_of(found)))
            ours.append(found)
            found = child.measured("napari_child", python, environment, **settings)
            drags.append((f"napari, {name}", *cells_of(found)))
            theirs.append(found)
    notes = (
        f"Slide: {LARGE}. napari shows dask arrays over tifffile's zarr store as a multiscale "
        f"image, as its documentation has it; OpenGL: {theirs[0]['renderer']}.",
        "Without a graphics card napari draws slower than its users see. Its settings are those "
        "of a first start; so it reads tiles in its event loop.",
        "Frame: paintEvent of the canvas, and the draw event of napari's. What is blurred or "
        "blank is looked for in slideviewer alone: napari reads what it shows before it goes on.",
    )
    title = f"Beside napari: starting, on one screen (medians of {runs}, warm disk)"
    heads = ("", "start → window, ms", "open → first picture, ms")
    return [
        Table(title, heads, tuple(starts)),
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
