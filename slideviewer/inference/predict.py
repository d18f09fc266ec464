"""Run a tile model over a slide."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference.cells import CellsRead
from slideviewer.inference.loader import Classifier, ModelLoader
from slideviewer.inference.plan import Plan, make_plan
from slideviewer.inference.prediction import CellBatch, Prediction
from slideviewer.inference.provenance import now
from slideviewer.inference.rate import RecentRate
from slideviewer.inference.read_ahead import read_ahead, result_of
from slideviewer.inference.store import PredictionStore
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide.slide import Slide
from slideviewer.slide.tissue import TissueMask

READERS = 2
"""Threads that read; the model has the other cores."""

_BATCH_SECONDS = 0.4
"""How long a batch should take: the program hears nothing, cancelling included, meanwhile."""
_SMALLEST_BATCH, _FIRST_BATCH, _LARGEST_BATCH = 4, 32, 256


def predict_slide(
    slide: Slide,
    package: ModelPackage,
    *,
    store: Path,
    region: Rect | None = None,
    spacing: float | None = None,
    tissue: TissueMask | None = None,
    first: Rect | None = None,
    replace: bool = False,
    progress: Progress = silent,
    on_start: Callable[[Plan], None] | None = None,
    on_batch: Callable[[CellBatch], None] | None = None,
    loader: ModelLoader | None = None,
) -> Prediction:
    """Predict every cell with tissue, and keep what was predicted as it comes.

    Parameters
    ----------
    slide : Slide
        Read from several threads.
    package : ModelPackage
    store : Path
        Folder of the `PredictionStore`; one that a former run of the same kind left is resumed.
    region, spacing, tissue
        As in `make_plan`.
    first : Rect, optional
        Cells that meet it, such as those in view, come first.
    replace : bool
        Whether a store that was made otherwise gives way instead of being refused.
    progress : Progress
        Called several times a second; `Cancelled` raised from it ends the run, and what was
        predicted so far stays in the store.
    on_start : callable, optional
        Told the plan before anything is predicted.
    on_batch : callable, optional
        Told the cells that a former run had predicted, then each new batch, once stored.
    loader : ModelLoader, optional
        The package's model, loaded or not, kept for other runs; by default it is loaded here, while
        the first cells are read.

    Raises
    ------
    PredictionError
        If the spacing is unknown, the region is off the slide, the store holds something else or
        cannot be written, or no cell at all can be read.
    SlideError, ModelError
        If the slide cannot be read at all, or the model is refused.
    """
    began = time.monotonic()
    progress(Step(0, 0, "Finding tissue"))
    plan = make_plan(
        slide, package, region=region, spacing=spacing, tissue=tissue, progress=progress
    )
    spec = package.spec
    kept = PredictionStore.open_or_create(
        store,
        plan.grid,
        spec.class_names,
        plan.provenance,
        target=spec.target,
        threshold=spec.threshold,
        replace=replace,
    )
    run = _Run(plan, kept, progress, on_batch)
    if on_start is not None:
        on_start(plan)
    run.repeat_former()
    complete = False
    try:
        if run.left:
            run.predict((loader or ModelLoader(package)).load(), first)
        complete = True
    finally:
        facts = {
            "finished": now(),
            "seconds": round(time.monotonic() - began, 2),
            "cells": {
                "grid": plan.tissue.size,
                "tissue": run.total,
                "predicted": int(kept.done.sum()),
                "skipped": len(run.skipped),
            },
        }
        prediction = kept.finish(
            complete=complete and not run.skipped, skipped=run.skipped, facts=facts
        )
    if run.total and len(run.skipped) == run.total:
        raise PredictionError(
            f"None of its {run.total} tiles can be read: {run.skipped[0][2]}", path=slide.path
        )
    return prediction


class _Run:
    """One run's counts, and the loop from the slide through the model into the store."""

    def __init__(
        self,
        plan: Plan,
        kept: PredictionStore,
        progress: Progress,
        on_batch: Callable[[CellBatch], None] | None,
    ) -> None:
        self.plan = plan
        self.kept = kept
        self.skipped: list[tuple[int, int, str]] = []
        self.total = int(plan.tissue.sum())
        self._todo = plan.tissue & ~kept.done
        self.left = int(self._todo.sum())
        self._progress = progress
        self._on_batch = on_batch
        self._rate = RecentRate()

    def repeat_former(self) -> None:
        """Tell the listener what a former run had predicted."""
        rows, columns = np.nonzero(self.kept.done)
        if len(rows) and self._on_batch is not None:
            self._on_batch(
                CellBatch(
                    columns.astype(np.int32),
                    rows.astype(np.int32),
                    self.kept.probabilities[rows, columns],
                )
            )

    def predict(self, classifier: Future[Classifier], first: Rect | None) -> None:
        """Predict all that is left."""
        blocks = self.plan.reader.blocks(self._todo, first)
        with closing(
            read_ahead(
                blocks,
                self.plan.reader.read,
                threads=READERS,
                ahead=2 * READERS,
                waiting=lambda: self._tell("Predicting"),
            )
        ) as parts:
            buffer = _Buffer(parts, self.skipped)
            model: Classifier | None = None
            warm = False
            while cells := buffer.take(_FIRST_BATCH if model is None else model.batch_size):
                if model is None:
                    model = result_of(classifier, lambda: self._tell("Loading the model"))
                    self._rate.restart()
                started = time.monotonic()
                self._keep(cells, model.predict(cells.tiles))
                if warm and len(cells) == model.batch_size:
                    seconds, size = time.monotonic() - started, model.batch_size
                    model.batch_size = _batch_size(seconds, size)
                    warm = model.batch_size == size
                else:
                    warm = True  # the first batch of a size also pays for the making of its graph
                self._tell("Predicting")
        self._tell("Predicting")

    def _keep(self, cells: CellsRead, probabilities: NDArray[np.float32]) -> None:
        if not np.isfinite(probabilities).all():
            raise PredictionError(
                "The model gives values that are no numbers.",
                remedy="Its weights are damaged: install the model again.",
            )
        batch = CellBatch(cells.columns, cells.rows, probabilities)
        self.kept.write(batch)
        self.left -= len(cells)
        if self._on_batch is not None:
            self._on_batch(batch)

    def _tell(self, text: str) -> None:
        done = self.total - self.left + len(self.skipped)
        self._progress(Step(done, self.total, text, "tiles", self._rate.at(done)))


class _Buffer:
    """Cuts what is read block by block into batches for the model."""

    def __init__(self, parts: Iterator[CellsRead], skipped: list[tuple[int, int, str]]) -> None:
        self._parts = parts
        self._skipped = skipped
        self._held: CellsRead | None = None

    def take(self, count: int) -> CellsRead | None:
        """Up to so many cells, fewer only at the end; None where none is left."""
        while self._held is None or len(self._held) < count:
            part = next(self._parts, None)
            if part is None:
                break
            self._skipped.extend(part.skipped)
            self._held = part if self._held is None else _joined(self._held, part)
        held, self._held = self._held, None
        if held is None or not len(held):
            return None
        if len(held) > count:
            self._held = CellsRead(held.columns[count:], held.rows[count:], held.tiles[count:])
        return CellsRead(held.columns[:count], held.rows[:count], held.tiles[:count])


def _joined(one: CellsRead, two: CellsRead) -> CellsRead:
    return CellsRead(
        np.concatenate([one.columns, two.columns]),
        np.concatenate([one.rows, two.rows]),
        np.concatenate([one.tiles, two.tiles]),
    )


def _batch_size(seconds: float, size: int) -> int:
    """Choose a better batch size, a power of two, where a batch took far too long or short.

    Small differences change nothing, since a new size has its price too.
    """
    wanted = size * _BATCH_SECONDS / max(seconds, 1e-6)
    if size / 2 <= wanted < 4 * size:
        return size
    power = 1 << max(0, int(math.log2(wanted)))
    return min(max(power, _SMALLEST_BATCH), _LARGEST_BATCH)
