"""One measurement of predicting, in a process of its own."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import openslide
from openslide import OpenSlideError

from benchmarks import child
from slideviewer.geometry import Rect
from slideviewer.inference.cells import CellReader, TileView
from slideviewer.inference.grid import Grid
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.messages import LAST_WORDS, Batch, Died, Failed, Finished, Request
from slideviewer.inference.plan import Plan, make_plan
from slideviewer.inference.predict import READERS, predict_slide
from slideviewer.inference.read_ahead import read_ahead
from slideviewer.inference.worker import InferenceWorker
from slideviewer.models.package import ModelPackage, open_package
from slideviewer.slide import Slide, Spacing, open_slide
from slideviewer.slide.tissue import TissueMask, find_tissue

MODEL = "tumour-camelyon"
ASSUMED_UM_PX = 0.25
MOST_TILES = 1_500
PATCH_PX = 128
"""Side of the tiles that are read."""


def main() -> None:
    """Measure what is asked for."""
    told = child.settings()
    what: dict[str, Callable[[dict[str, Any]], dict[str, object]]] = {
        "tissue": _tissue,
        "reading": _reading,
        "pipeline": _pipeline,
        "vast": _vast,
        "first": _first,
    }
    child.answer(what[told["what"]](told))


def _tissue(told: dict[str, Any]) -> dict[str, object]:
    seconds = []
    for _ in range(told["runs"]):
        with closing(open_slide(child.path_of(told, "slide"))) as slide:
            began = time.perf_counter()
            mask = find_tissue(slide).mask
            seconds.append(time.perf_counter() - began)
    return {"seconds": seconds, "mask": mask.shape[::-1]}


def _reading(told: dict[str, Any]) -> dict[str, object]:
    path, threads = child.path_of(told, "slide"), told["threads"]
    ours, theirs, tiles = [], [], 0
    for _ in range(told["runs"]):
        with closing(open_slide(path)) as slide:
            reader = _reader(slide, told["spacing"])
            tiles = reader.grid.columns * reader.grid.rows
            ours.append(_timed(partial(_read_all, reader, threads)))
        try:
            with closing(openslide.OpenSlide(path)) as other:
                theirs.append(_timed(partial(_read_by_openslide, other, reader, threads)))
        except OpenSlideError:
            continue  # it does not open such files
    return {"ours": ours, "openslide": theirs, "tiles": tiles}


def _pipeline(told: dict[str, Any]) -> dict[str, object]:
    import zarr  # noqa: F401 - paid once for a process, as is loading the model

    package = open_package(MODEL)
    loader = ModelLoader(package)
    model = loader.load().result()
    with closing(open_slide(child.path_of(told, "slide"))) as slide:
        plan = _plan(slide, told["tiles"], package)
        tiles = int(plan.tissue.sum())
        block = plan.reader.read(plan.reader.blocks(plan.tissue)[0]).tiles[0]
        batch = np.resize(block, (model.batch_size, *block.shape[1:]))
        model.predict(batch)
        began, count = time.perf_counter(), max(1, tiles // len(batch))
        for _ in range(count):
            model.predict(batch)
        predicting = count * len(batch) / (time.perf_counter() - began)
    with closing(open_slide(child.path_of(told, "slide"))) as slide:
        reader = _plan(slide, told["tiles"], package).reader
        reading = tiles / _timed(partial(_read_all, reader, READERS))[0]
    with (
        closing(open_slide(child.path_of(told, "slide"))) as slide,
        TemporaryDirectory() as folder,
    ):
        began = time.perf_counter()
        predict_slide(
            slide,
            package,
            store=Path(folder) / "store",
            region=_region(slide, package.spec.patch_um, told["tiles"]),
            tissue=_everything(slide),
            loader=loader,
        )
        whole = tiles / (time.perf_counter() - began)
    return {"read": reading, "predict": predicting, "whole": whole}


def _vast(told: dict[str, Any]) -> dict[str, object]:
    began = time.perf_counter()
    package = open_package(MODEL)
    with (
        closing(open_slide(child.path_of(told, "slide"))) as slide,
        TemporaryDirectory() as folder,
    ):
        found = predict_slide(
            slide,
            package,
            store=Path(folder) / "store",
            region=_region(slide, package.spec.patch_um, told["tiles"]),
            tissue=_everything(slide),
        )
    seconds = time.perf_counter() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tiles = int((~np.isnan(found.target_probabilities)).sum())
    return {"tiles": tiles, "seconds": seconds, "peak_mb": peak_mb}


def _first(told: dict[str, Any]) -> dict[str, object]:
    worker = InferenceWorker()
    times = {}
    with TemporaryDirectory() as folder:
        for name in ("cold", "warm"):
            began = time.perf_counter()
            view = Rect(50_000, 50_000, 1920, 1080)
            asked = Request(child.path_of(told, "slide"), MODEL, Path(folder) / name, first=view)
            worker.predict(asked)
            while not isinstance(reply := worker.receive(120), Batch):
                if isinstance(reply, Failed | Died | Finished | None):
                    raise RuntimeError(f"no tile came: {reply}")
            times[name] = time.perf_counter() - began
            worker.stop()
            while not isinstance(worker.receive(120), LAST_WORDS):
                pass
        worker.close()
    return dict(times)


def _plan(slide: Slide, tiles: int, package: ModelPackage) -> Plan:
    spacing = None if isinstance(slide.spacing, Spacing) else ASSUMED_UM_PX
    region = _region(slide, package.spec.patch_um, tiles)
    return make_plan(slide, package, region=region, spacing=spacing, tissue=_everything(slide))


def _reader(slide: Slide, spacing: float) -> CellReader:
    """Reads as for a model of `PATCH_PX` at some micrometres per pixel."""
    side = PATCH_PX * spacing / _um_px(slide)
    grid = Grid.covering(_region(slide, PATCH_PX * spacing, MOST_TILES), side)
    return CellReader(slide, grid, (TileView(PATCH_PX, side),))


def _um_px(slide: Slide) -> float:
    return slide.spacing.um_px if isinstance(slide.spacing, Spacing) else ASSUMED_UM_PX


def _region(slide: Slide, tile_um: float, tiles: int) -> Rect:
    """A square of so many tiles, from the middle of the slide as far as there is room."""
    side = round(tiles**0.5) * tile_um / _um_px(slide)
    whole = slide.pyramid.extent
    width, height = min(side, whole.width), min(side, whole.height)
    return Rect((whole.width - width) // 2, (whole.height - height) // 2, width, height)


def _everything(slide: Slide) -> TissueMask:
    return TissueMask(np.ones((8, 8), np.bool_), slide.pyramid.extent, None)


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    """The seconds that passed, and those that the processor worked."""
    began, worked = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - worked


def _read_all(reader: CellReader, threads: int) -> None:
    blocks = reader.blocks(np.ones((reader.grid.rows, reader.grid.columns), np.bool_))
    parts = read_ahead(
        blocks, reader.read, threads=threads, ahead=2 * threads, waiting=lambda: None
    )
    for _ in parts:
        pass


def _read_by_openslide(slide: openslide.OpenSlide, reader: CellReader, threads: int) -> None:
    """Read the same tiles one by one, each resized, in as many threads."""
    grid, patch = reader.grid, reader.views[0].patch
    level = slide.get_best_level_for_downsample(grid.cell / patch * 1.001)
    side = max(1, round(grid.cell / slide.level_downsamples[level]))

    def read(cell: tuple[int, int]) -> None:
        at = grid.rect(*cell)
        picture = slide.read_region((round(at.x), round(at.y)), level, (side, side))
        pixels = cv2.cvtColor(np.asarray(picture), cv2.COLOR_RGBA2RGB)
        cv2.resize(pixels, (patch, patch), interpolation=cv2.INTER_AREA)

    cells = [(column, row) for row in range(grid.rows) for column in range(grid.columns)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(read, cells))


if __name__ == "__main__":
    main()
