"""Run a model that answers for every pixel over a slide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from itertools import chain, islice, tee
from pathlib import Path

import numpy as np

from slideviewer.errors import PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference.clock import Clock, TimeUp
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.options import Options
from slideviewer.inference.segmentation.asking import Asking
from slideviewer.inference.segmentation.chunks import Chunk
from slideviewer.inference.segmentation.plan import MaskPlan, make_mask_plan
from slideviewer.inference.segmentation.prediction import (
    MaskBlock,
    MaskPrediction,
    MaskProbabilities,
)
from slideviewer.inference.segmentation.schedule import schedule
from slideviewer.inference.segmentation.store import MaskStore, Skipped
from slideviewer.inference.segmentation.tiling import OVERLAP, Answers, Tile
from slideviewer.inference.team import Team
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide.slide import Slide
from slideviewer.slide.tissue import TissueMask

CACHE_BYTES = 384 << 20
"""Of answers that are kept for neighbouring chunks; what was let go is predicted again."""


def predict_mask(
    slide: Slide,
    package: ModelPackage,
    *,
    store: Path,
    region: Rect | None = None,
    spacing: float | None = None,
    tissue: TissueMask | None = None,
    first: Rect | None = None,
    replace: bool = False,
    overlap: float = OVERLAP,
    progress: Progress = silent,
    on_start: Callable[[MaskPlan], None] | None = None,
    on_block: Callable[[MaskBlock], None] | None = None,
    before_write: Callable[[Chunk], None] | None = None,
    loader: ModelLoader | None = None,
    others: Sequence[ModelLoader] = (),
    options: Options = Options(),  # noqa: B008 - it never changes
    cache_bytes: int = CACHE_BYTES,
) -> MaskPrediction:
    """Predict every chunk with tissue, and keep what was predicted as it comes.

    A chunk holds what the slide and the model make of it, and nothing else: its tiles are summed
    in one order and predicted in batches of one size, so that neither the order of the chunks,
    nor threads, nor an interruption changes a byte of it. (This takes a network whose answer for a
    tile does not depend on its place in a batch.)

    Parameters
    ----------
    slide : Slide
        Read from several threads.
    package : ModelPackage
        Of the task "segmentation" or "nuclei".
    store : Path
        Folder of the `MaskStore`; one that a former run of the same kind left is resumed.
    region, spacing, tissue, overlap
        As in `make_mask_plan`.
    first : Rect, optional
        Chunks that meet it, such as those in view, come first. With a time limit the others come
        from all over the slide, so that the mask is scattered before it is whole.
    replace : bool
        Whether a store that was made otherwise gives way instead of being refused.
    progress : Progress
        Called several times a second; `Cancelled` raised from it ends the run, and what was
        predicted so far stays in the store.
    on_start : callable, optional
        Told the plan before anything is predicted.
    on_block : callable, optional
        Told the chunks that a former run had predicted, then each new one, once stored.
    before_write : callable, optional
        Told each new chunk before it is stored: what was made of those around it may no longer
        hold, whatever happens then.
    loader : ModelLoader, optional
        The package's model, loaded or not, kept for other runs; by default it is loaded here, while
        the first tiles are read.
    others : sequence of ModelLoader
        Models that answer together with the first one: of the same tiles and classes.
    options : Options
        A time limit in it ends the run early; the prediction then is not complete.
    cache_bytes : int
        Of answers that are kept; fewer cost time and change nothing.

    Raises
    ------
    PredictionError
        If the spacing is unknown, the region is off the slide, models or options do not go
        together, the store holds something else or cannot be written, or nothing at all can be
        read.
    SlideError, ModelError
        If the slide cannot be read at all, or the model is refused.
    """
    clock = Clock(options.time_limit_s)
    progress = clock.apart_from(progress)
    progress(Step(0, 0, "Finding tissue"))
    plan = make_mask_plan(
        slide,
        package,
        region=region,
        spacing=spacing,
        tissue=tissue,
        overlap=overlap,
        others=[other.package for other in others],
        options=options,
        progress=progress,
    )
    spec = package.spec
    kept = MaskStore.open_or_create(
        store,
        plan.frame,
        spec.class_names,
        plan.provenance,
        plan.tissue,
        target=spec.target,
        threshold=spec.threshold,
        exclusive=spec.exclusive,
        has_spread=bool(others) or options.turns != "none",
        replace=replace,
    )
    team = Team([loader or ModelLoader(package), *others], options)
    asking = Asking(plan, team, clock, progress, _noting(kept, team))
    run = _Run(plan, kept, asking, on_block, before_write)
    if on_start is not None:
        on_start(plan)
    complete, has_ended = False, False
    try:
        run.repeat_former(progress)
        with suppress(TimeUp):
            run.predict(first, cache_bytes, is_hurried=clock.has_limit)
        complete, has_ended = not run.left, True
    finally:
        skipped = run.skipped
        facts = {
            **clock.facts,
            "chunks": {
                "grid": plan.tissue.size,
                "tissue": int(plan.tissue.sum()),
                "predicted": int(kept.done.sum()),
                "not_reached": run.left,
            },
            "tiles": {"predicted": run.asking.predicted, "skipped": len(skipped)},
        }
        prediction = kept.finish(
            complete=complete and not skipped,
            skipped=skipped,
            ways=team.describe(),
            facts=facts,
            progress=progress if has_ended else None,
        )
    if skipped and not kept.done.any() and not run.asking.predicted:
        raise PredictionError(
            f"None of its {len(skipped)} tiles can be read: {skipped[0][-1]}", path=slide.path
        )
    return prediction


class _Run:
    """The loop from the models' answers into the store, and what is left to do."""

    def __init__(
        self,
        plan: MaskPlan,
        kept: MaskStore,
        asking: Asking,
        on_block: Callable[[MaskBlock], None] | None,
        before_write: Callable[[Chunk], None] | None,
    ) -> None:
        self.asking = asking
        self.left = int(plan.tissue.sum())
        self._plan, self._kept = plan, kept
        self._on_block, self._before_write = on_block, before_write

    @property
    def skipped(self) -> list[Skipped]:
        """The tiles that could not be read, in pixels of the plan's frame."""
        plan, side = self._plan, self._plan.tiling.patch
        return [
            (tile.x - plan.left, tile.y - plan.top, side, side, reason)
            for tile, reason in sorted(self.asking.unread.items())
        ]

    def repeat_former(self, progress: Progress) -> None:
        """Tell the listener what a former run had predicted."""
        total = self.left
        for chunk, channels in self._kept.former():
            self.left -= 1
            progress(Step(total - self.left, total, "Reading what was predicted"))
            self._show(chunk, channels, is_new=False)

    def predict(self, first: Rect | None, cache_bytes: int, *, is_hurried: bool) -> None:
        """Predict all that is left.

        Raises
        ------
        TimeUp
            Where there is no time for more.
        """
        plan, side = self._plan, self._plan.tiling.patch
        chunks = plan.chunks(plan.tissue & ~self._kept.done, first, is_hurried=is_hurried)
        most = max(1, cache_bytes // (side * side * self._kept.channels * 4))
        if not chunks:
            return
        self.asking.begin(sum(len(work.new) for work in schedule(chunks, plan, most)))
        works, to_read = tee(schedule(chunks, plan, most))
        wanted = chain.from_iterable(work.new for work in to_read)
        answers: dict[Tile, Answers] = {}
        with closing(self.asking.about(wanted)) as coming:
            for work in works:
                for tile, answer in islice(coming, len(work.new)):
                    if answer is not None:
                        answers[tile] = answer.copy()  # the rest of its batch is let go
                self._keep(work.chunk, answers)
                for tile in work.dropped:
                    answers.pop(tile, None)

    def _keep(self, chunk: Chunk, answers: Mapping[Tile, Answers]) -> None:
        x, y, width, height = chunk.box
        plan = self._plan
        merged = plan.tiling.merge(
            plan.left + x, plan.top + y, width, height, answers, self._kept.channels
        ).astype(np.float16)
        self.left -= 1
        if not np.isnan(merged).all():
            if self._before_write is not None:
                self._before_write(chunk)
            self._kept.write(chunk, merged)
            self._show(chunk, merged, is_new=True)

    def _show(self, chunk: Chunk, channels: MaskProbabilities, *, is_new: bool) -> None:
        if self._on_block is None:
            return
        x, y, *_ = chunk.box
        classes = len(self._kept.class_names)
        spread = channels[..., -1] if self._kept.channels > classes else None
        self._on_block(MaskBlock(x, y, channels[..., :classes], is_new, spread))


def _noting(kept: MaskStore, team: Team) -> Callable[[], None]:
    return lambda: kept.computing(team.describe())
