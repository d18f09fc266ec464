"""The slides that are measured: two made ones and, where they are, public real ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

import openslide
from openslide import OpenSlideError

from benchmarks.made_slide import DISTINCT_BLOCKS, FULL_BLOCKS, make_large_slide
from benchmarks.report import Table
from slideviewer.cli.demo import DEMO_SEED, FULL_SIZE
from slideviewer.slide import open_slide
from slideviewer.slide.synthetic import generate_slide

LARGE = "made, 100,352²"
DEMO = "demo slide"

RECIPE = 1
"""Changes whenever the same arguments make another file."""

REAL = {
    "SVS, JPEG": "CMU-1-Small-Region.svs",
    "SVS, JPEG 2000": "tcga-cr-7395-01a-01-ts1.svs",
    "NDPI": "test3-DAPI-2-(387).ndpi",
    "TIFF, tiles of 512": "no_dzi.tif",
}
"""Public files, by what they are, in the folder ``slides`` of the test data."""


def large_slide(folder: Path) -> Path:
    """The slide of 100,352 × 100,352 px, made at the first call."""
    path = folder / f"large-{RECIPE}-{FULL_BLOCKS}-{DISTINCT_BLOCKS}.svs"
    return path if path.exists() else make_large_slide(path)


def demo_slide(folder: Path) -> Path:
    """The slide that `slideviewer demo` draws, made at the first call (a minute or two)."""
    path = folder / f"demo-{RECIPE}-{DEMO_SEED}.tif"
    return path if path.exists() else generate_slide(path, DEMO_SEED, FULL_SIZE).path


def all_slides(folder: Path, data: Path | None, quick: bool) -> dict[str, Path]:
    """Every slide there is, by its name in the tables.

    Parameters
    ----------
    folder : Path
        Where the made ones are kept.
    data : Path or None
        The folder of public test data.
    quick : bool
        Leave the demo slide out unless it was drawn before.
    """
    found = {LARGE: large_slide(folder)}
    if not quick or (folder / f"demo-{RECIPE}-{DEMO_SEED}.tif").exists():
        found[DEMO] = demo_slide(folder)
    if data is not None:
        real = {name: data / "slides" / file for name, file in REAL.items()}
        found |= {name: path for name, path in real.items() if path.exists()}
    return found


def tables(folder: Path, data: Path | None, quick: bool) -> list[Table]:
    """Make what is missing, and say what there is and how long opening takes."""
    rows = []
    for name, path in all_slides(folder, data, quick).items():
        with closing(open_slide(path)) as slide:
            levels, vendor = slide.pyramid.levels, slide.vendor
            tile = slide.pyramid.tile_size
        rows.append(
            (
                name,
                vendor,
                f"{levels[0].width:,} × {levels[0].height:,}",
                len(levels),
                tile,
                path.stat().st_size / 1e6,
                _median_ms(_open_by_openslide, path),
                _median_ms(_open_by_ours, path),
            )
        )
    columns = (
        "slide", "format", "pixels", "levels", "tile px", "file MB",
        "OpenSlide opens, ms", "open_slide, ms",
    )  # fmt: skip
    return [Table("Slides", columns, tuple(rows), (f"Kept in {folder}.",))]


def _open_by_openslide(path: Path) -> None:
    try:
        openslide.OpenSlide(path).close()
    except OpenSlideError:
        return  # then only the other column tells something


def _open_by_ours(path: Path) -> None:
    open_slide(path).close()


def _median_ms(work: Callable[[Path], None], path: Path, runs: int = 7) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work(path)
        times.append(1000 * (time.perf_counter() - start))
    return median(times)
