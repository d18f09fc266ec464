"""Run a tile model, or several, over a slide."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

import numpy as np

from slideviewer.errors import PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference.batches import Batches
from slideviewer.inference.clock import Clock, TimeUp
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.options import Options
from slideviewer.inference.plan import Plan, make_plan
from slideviewer.inference.prediction import CellBatch, Prediction
from slideviewer.inference.rate import RecentRate
from slideviewer.inference.read_ahead import read_ahead
from slideviewer.inference.store import PredictionStore
from slideviewer.inference.team import Team
from slideviewer.inference.tissue_file import write_tissue
from slideviewer.inference.write_behind import WriteBehind
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide.slide import Slide
from slideviewer.slide.tissue import TissueMask

READERS = 2
"""Threads that read; the model has the other cores."""

_BATCH_SECONDS = 0.2
"""How long a batch should take: the program hears nothing, cancelling included, meanwhile."""
_LARGEST_BATCH = 256


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
    others: Sequence[ModelLoader] = (),
    options: Options = Options(),  # noqa: B008 - it never changes
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
        Cells that meet it, such as those in view, come first. The others come from all over the
        slide, so that the map is coarse before it is fine.
    replace : bool
        Whether a store that was made otherwise gives way instead of being refused.
    progress : Progress
        Called several times a second; `Cancelled` raised from it ends the run, and what was
        predicted so far stays in the store. While it does not return, the run stands still.
    on_start : callable, optional
        Told the plan before anything is predicted.
    on_batch : callable, optional
        Told the cells that a former run had predicted, then each new batch, once stored.
    loader : ModelLoader, optional
        The package's model, loaded or not, kept for other runs; by default it is loaded here, while
        the first cells are read.
    others : sequence of ModelLoader
        Models that answer together with the first one.
    options : Options
        A time limit in it ends the run early; the prediction then is not complete.

    Raises
    ------
    PredictionError
        If the spacing is unknown, the region is off the slide, models or options do not go
        together, the store holds something else or cannot be written, or no cell at all can be
        read.
    SlideError, ModelError
        If the slide cannot be read at all, or the model is refused.
    """
    clock = Clock(options.time_limit_s)
    progress = clock.apart_from(progress)
    progress(Step(0, 0, "Finding tissue"))
    plan = make_plan(
        slide,
        package,
        region=region,
        spacing=spacing,
        tissue=tissue,
        others=[other.package for other in others],
        options=options,
        progress=progress,
    )
    spec = package.spec
    looks_again = bool(others) or options.turns != "none"
    kept = PredictionStore.open_or_create(
        store,
        plan.grid,
        spec.class_names,
        plan.provenance,
        target=spec.target,
        threshold=spec.threshold,
        has_spread=looks_again,
        replace=replace,
    )
    write_tissue(store, plan.mask)
    team = Team([loader or ModelLoader(package), *others], options)
    run = _Run(plan, kept, clock, progress, on_batch)
    if on_start is not None:
        on_start(plan)
    run.repeat_former()
    complete = False
    try:
        if run.left:
            with suppress(TimeUp):
                run.predict(team, first)
        complete = True
    finally:
        not_done = int((plan.tissue & ~kept.done).sum())
        facts = {
            **clock.facts,
            "cells": {
                "grid": plan.tissue.size,
                "tissue": run.total,
                "predicted": int(kept.done.sum()),
                "skipped": len(run.skipped),
                "not_reached": not_done - len(run.skipped),
            },
        }
        prediction = kept.finish(
            complete=complete and not not_done,
            skipped=run.skipped,
            ways=team.describe(),
            facts=facts,
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
        clock: Clock,
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
        self._clock = clock
        self._rate = RecentRate()

    def repeat_former(self) -> None:
        """Tell the listener what a former run had predicted."""
        rows, columns = np.nonzero(self.kept.done)
        if len(rows) and self._on_batch is not None:
            spread = self.kept.spread
            self._on_batch(
                CellBatch(
                    columns.astype(np.int32),
                    rows.astype(np.int32),
                    self.kept.probabilities[rows, columns],
                    None if spread is None else spread[rows, columns],
                )
            )

    def predict(self, team: Team, first: Rect | None) -> None:
        """Predict all that is left, or what there is time for.

        Raises
        ------
        TimeUp
            Where there is none even for loading the models.
        """
        team.begin()
        hurry = self._clock.has_limit
        blocks = self.plan.reader.blocks(self._todo, first, is_hurried=hurry)
        reading = read_ahead(
            blocks,
            self.plan.reader.read,
            threads=READERS,
            ahead=2 * READERS,
            waiting=lambda: self.tell("Predicting"),
        )
        with closing(reading) as parts, closing(WriteBehind(self._written)) as writing:
            batches = Batches(parts, self.skipped)
            held = batches.take(1)  # how many a model takes in reasonable time is not known yet
            if held is not None:
                self._make_ready(team)
            is_warm = False
            while held is not None and not self._clock.is_up:
                started, size = time.monotonic(), team.batch_size
                answer = team.answer(held.tiles)
                batch = CellBatch(held.columns, held.rows, answer.probabilities, answer.spread)
                writing.put(self._write, batch)
                if is_warm and len(held) == size:
                    wanted = _batch_size(time.monotonic() - started, size)
                    is_warm = wanted == size
                    team.batch_size = wanted
                else:
                    is_warm = True  # a size's first batch also pays for the making of its graph
                self.tell("Predicting")
                held = batches.take(team.batch_size)
            writing.finish(lambda: self.tell("Predicting"))
        self.tell("Predicting")

    def _make_ready(self, team: Team) -> None:
        def waiting() -> None:
            self.tell("Loading the model")
            self._clock.check()

        team.wait(waiting)
        self.kept.computing(team.describe())
        self._rate.restart()

    def tell(self, text: str) -> None:
        """Tell how far the run is."""
        done = self.total - self.left + len(self.skipped)
        self._progress(Step(done, self.total, text, "tiles", self._rate.at(done)))

    def _write(self, batch: CellBatch) -> CellBatch:
        self.kept.write(batch)
        return batch

    def _written(self, batch: CellBatch) -> None:
        self.left -= len(batch.rows)
        if self._on_batch is not None:
            self._on_batch(batch)


def _batch_size(seconds: float, size: int) -> int:
    """Choose a better batch size, a power of two, where a batch took far too long or short.

    Small differences change nothing, since a new size has its price too.
    """
    wanted = size * _BATCH_SECONDS / max(seconds, 1e-6)
    if size / 2 <= wanted < 4 * size:
        return size
    power = 1 << max(0, int(math.log2(wanted)))
    return min(power, _LARGEST_BATCH)
