"""Find the nuclei of a slide."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slideviewer.errors import PredictionError, SlideError
from slideviewer.geometry import Rect
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.nuclei.block import BLOCK_PX, NucleiBlock
from slideviewer.inference.nuclei.finding import instances_by
from slideviewer.inference.nuclei.nuclei import Nuclei, measured
from slideviewer.inference.nuclei.offsets import REACH_PX
from slideviewer.inference.nuclei.store import (
    LARGEST_NUCLEUS_UM,
    NucleiStore,
    Rules,
    stored_nuclei,
)
from slideviewer.inference.options import Options
from slideviewer.inference.segmentation.chunks import CHUNK_PX, Chunk, chunks_in
from slideviewer.inference.segmentation.plan import MaskPlan
from slideviewer.inference.segmentation.predict import predict_mask
from slideviewer.inference.segmentation.prediction import MaskBlock, MaskPrediction
from slideviewer.inference.segmentation.record import mask_identity
from slideviewer.inference.segmentation.store import read_mask_prediction
from slideviewer.inference.segmentation.tiling import OVERLAP
from slideviewer.models.package import ModelPackage
from slideviewer.models.spec import ModelSpec
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide.slide import Slide
from slideviewer.slide.tissue import TissueMask

SMALLEST_NUCLEUS_UM2 = 8.0
"""A disc of 3.2 µm: less is a piece of a nucleus, or dust."""


@dataclass(frozen=True, eq=False)
class NucleiPrediction:
    """The nuclei of a slide, which lie in a store, and the mask they were found in.

    Attributes
    ----------
    mask : MaskPrediction
    store : Path
    rules : Rules
    """

    mask: MaskPrediction
    store: Path
    rules: Rules

    def parts(self) -> Iterator[Nuclei]:
        """All of them, block by block from the top left."""
        return stored_nuclei(self.store)


def rules_for(
    spec: ModelSpec, threshold: float | None = None, smallest_um2: float = SMALLEST_NUCLEUS_UM2
) -> Rules:
    """What decides which nuclei are found, in pixels of the model."""
    margin = math.ceil(2 * LARGEST_NUCLEUS_UM / spec.spacing_um_px)
    if spec.offsets is not None:
        margin = max(margin, math.ceil(2 * REACH_PX))
    return Rules(
        threshold=spec.threshold if threshold is None else threshold,
        smallest_px=smallest_um2 / spec.spacing_um_px**2,
        margin_px=margin,
        inside=spec.target,
        border=1 - spec.target,
        offsets=spec.offsets,
    )


def predict_nuclei(
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
    threshold: float | None = None,
    smallest_um2: float = SMALLEST_NUCLEUS_UM2,
    progress: Progress = silent,
    on_start: Callable[[MaskPlan], None] | None = None,
    on_nuclei: Callable[[NucleiBlock, Nuclei], None] | None = None,
    loader: ModelLoader | None = None,
    others: Sequence[ModelLoader] = (),
    options: Options = Options(),  # noqa: B008 - it never changes
) -> NucleiPrediction:
    """Predict what tells nuclei apart as `predict_mask` does, and find them as it comes.

    A block is looked at with a margin, and owns the nuclei whose core begins in it, or whose votes
    have their top there: none is counted twice or lost where blocks meet. Its nuclei follow from
    the mask and the slide alone.

    Parameters
    ----------
    slide, store, region, spacing, tissue, first, replace, overlap, progress, on_start, loader
        As in `predict_mask`; so are ``others`` and ``options``. Where a time limit ended it, nuclei
        at the border of what was looked at are cut, until another run goes on.
    package : ModelPackage
        Of the task "nuclei".
    threshold : float, optional
        From which a pixel is of a nucleus; the model's own by default.
    smallest_um2 : float
        Smaller ones are left out.
    on_nuclei : callable, optional
        Told the block and its nuclei: those that a former run had found, then each new one's, once
        stored.

    Raises
    ------
    PredictionError, SlideError, ModelError
        As `predict_mask`; also where the model is for something else.
    """
    if package.spec.task != "nuclei":
        raise PredictionError(
            f"The model {package.spec.name} is for {package.spec.task}, not for nuclei."
        )
    rules = rules_for(package.spec, threshold, smallest_um2)
    finders: list[_Finder] = []

    def start(plan: MaskPlan) -> None:
        rules.mask = mask_identity(plan.provenance, plan.frame)
        finders.append(_Finder(plan, store, rules, on_nuclei))
        if on_start is not None:
            on_start(plan)

    mask = predict_mask(
        slide,
        package,
        store=store,
        region=region,
        spacing=spacing,
        tissue=tissue,
        first=first,
        replace=replace,
        overlap=overlap,
        progress=progress,
        on_start=start,
        on_block=lambda block: finders[0].take(block),
        before_write=lambda chunk: finders[0].forget(chunk),
        loader=loader,
        others=others,
        options=options,
    )
    finders[0].finish(progress)
    return NucleiPrediction(mask, store, rules)


class _Finder:
    """Finds the nuclei of each block as soon as all is predicted that it sees."""

    def __init__(
        self,
        plan: MaskPlan,
        store: Path,
        rules: Rules,
        on_nuclei: Callable[[NucleiBlock, Nuclei], None] | None,
    ) -> None:
        self._plan, self._rules, self._on_nuclei = plan, rules, on_nuclei
        self._mask = read_mask_prediction(store)
        self._kept = NucleiStore(store, rules)
        self._waiting = {block: set(self._seen_by(block)) for block in self._blocks()}
        self._begun: set[NucleiBlock] = set()  # something of it is predicted

    def forget(self, chunk: Chunk) -> None:
        """Drop the nuclei of blocks that see a chunk which will be written anew."""
        for block in self._seeing(chunk):
            self._kept.forget(block)

    def take(self, predicted: MaskBlock) -> None:
        """Note that a chunk of the mask is there."""
        chunk = Chunk.of(self._plan.frame, predicted.x // CHUNK_PX, predicted.y // CHUNK_PX)
        self._begun.add(_block_of(chunk))
        for block in self._seeing(chunk):
            left = self._waiting.get(block)
            if left is not None and chunk in left:
                left.discard(chunk)
                if not left:
                    self._find(block)

    def finish(self, progress: Progress) -> None:
        """Find those of blocks in whose sight something could not be predicted.

        Where nothing of a block itself was, it has none.
        """
        blocks = [block for block in self._waiting if block in self._begun]
        for number, block in enumerate(blocks):
            progress(Step(number, len(blocks), "Finding nuclei", "parts"))
            self._find(block)

    def _blocks(self) -> Iterator[NucleiBlock]:
        frame = self._plan.frame
        wanted = np.argwhere(self._plan.tissue).tolist()
        yield from dict.fromkeys(_block_of(Chunk.of(frame, c, r)) for r, c in wanted)

    def _seeing(self, chunk: Chunk) -> Iterator[NucleiBlock]:
        """The blocks that see something of a chunk."""
        margin = self._rules.margin_px
        x, y, width, height = chunk.box
        columns, rows = (
            range(max(0, (at - margin) // BLOCK_PX), (at + side + margin - 1) // BLOCK_PX + 1)
            for at, side in ((x, width), (y, height))
        )
        for row in rows:
            yield from (NucleiBlock(column, row) for column in columns)

    def _seen_by(self, block: NucleiBlock) -> Iterator[Chunk]:
        window = block.window(self._plan.frame, self._rules.margin_px)
        for chunk in chunks_in(self._plan.frame, window):
            if self._plan.tissue[chunk.row, chunk.column]:
                yield chunk

    def _find(self, block: NucleiBlock) -> None:
        del self._waiting[block]
        nuclei = self._kept.read(block)
        if nuclei is None:
            nuclei = self._found(block)
            self._kept.write(block, nuclei)
        if len(nuclei) and self._on_nuclei is not None:
            self._on_nuclei(block, nuclei)

    def _found(self, block: NucleiBlock) -> Nuclei:
        plan, rules = self._plan, self._rules
        x, y, width, height = block.window(plan.frame, rules.margin_px)
        seen = self._mask.read(0, x, y, width, height)
        instances = instances_by(rules, seen, (x, y))
        in_block = (np.add(instances.first, (x, y)) - block.corner) // BLOCK_PX == 0
        owned = in_block.all(axis=1)
        picture = None
        if owned.any():
            try:
                picture = plan.picture.read(plan.left + x, plan.top + y, width, height)
            except SlideError:
                picture = None  # predicted from what could be read; its stain is not known
        return measured(instances, picture, x, y, owned)


def _block_of(chunk: Chunk) -> NucleiBlock:
    x, y, *_ = chunk.box
    return NucleiBlock(x // BLOCK_PX, y // BLOCK_PX)
