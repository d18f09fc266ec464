"""What the worker does for each task: how a model is run, and what is told of it meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.messages import (
    Batch,
    Finished,
    MaskPart,
    MaskStarted,
    NucleiPart,
    NucleiStarted,
    Reply,
    Request,
    Started,
)
from slideviewer.inference.nuclei.block import NucleiBlock
from slideviewer.inference.nuclei.nuclei import Nuclei
from slideviewer.inference.nuclei.predict import predict_nuclei
from slideviewer.inference.plan import Plan
from slideviewer.inference.predict import predict_slide
from slideviewer.inference.segmentation.chunks import CHUNK_PX
from slideviewer.inference.segmentation.coarse import coarse_steps
from slideviewer.inference.segmentation.plan import MaskPlan
from slideviewer.inference.segmentation.predict import predict_mask
from slideviewer.inference.segmentation.prediction import MaskBlock, positive_pixels
from slideviewer.models.spec import ModelSpec, Task
from slideviewer.progress import Progress
from slideviewer.slide.slide import Slide


@dataclass(frozen=True, eq=False)
class Work:
    """A request that is being served.

    Attributes
    ----------
    request : Request
    slide : Slide
        Open.
    loaders : sequence of ModelLoader
        Of the models that were asked for, the first one first.
    progress : Progress
    tell : callable
        Sends an answer.
    """

    request: Request
    slide: Slide
    loaders: Sequence[ModelLoader]
    progress: Progress
    tell: Callable[[Reply], None]

    @property
    def spec(self) -> ModelSpec:
        """Of the first model."""
        return self.loaders[0].package.spec

    @property
    def asked(self) -> dict[str, Any]:
        """What is asked of every task alike, as the functions that predict take it."""
        request = self.request
        return {
            "store": request.store,
            "region": request.region,
            "spacing": request.spacing,
            "tissue": request.tissue,
            "first": request.first,
            "replace": request.replace,
            "progress": self.progress,
            "options": request.options,
        }

    def do(self) -> Finished:
        """Predict, as the first model's task demands.

        Raises
        ------
        Cancelled
            From the progress.
        SlideviewerError
        """
        began = time.monotonic()
        counted = _RUNS[self.spec.task](self)
        return Finished(
            self.request.number,
            self.request.store,
            counted.predicted,
            counted.positive,
            tuple(counted.skipped),
            time.monotonic() - began,
        )


@dataclass(frozen=True)
class _Counted:
    """As in `Finished`."""

    predicted: int
    positive: int
    skipped: Sequence[tuple[int | str, ...]]


def _run_tiles(work: Work) -> _Counted:
    number, spec = work.request.number, work.spec

    def started(plan: Plan) -> None:
        total = int(plan.tissue.sum())
        names, target = spec.class_names, spec.target
        work.tell(Started(number, plan.grid, names, target, spec.threshold, total))

    first, *others = work.loaders
    prediction = predict_slide(
        work.slide,
        first.package,
        **work.asked,
        on_start=started,
        on_batch=lambda cells: work.tell(Batch(number, cells)),
        loader=first,
        others=others,
    )
    predicted = int((prediction.target_probabilities >= 0).sum())
    return _Counted(predicted, int(prediction.positive_cells().sum()), prediction.skipped)


class _MaskTeller:
    """Tells of a mask as it comes, and counts its pixels."""

    def __init__(self, work: Work, kind: type[MaskStarted]) -> None:
        self._work, self._kind = work, kind
        self.looked_at = self.positive = 0

    def start(self, plan: MaskPlan) -> None:
        spec, number = self._work.spec, self._work.request.number
        self._work.tell(
            self._kind(
                number, plan.frame, spec.class_names, spec.target, spec.threshold, spec.exclusive
            )
        )

    def take(self, block: MaskBlock) -> None:
        spec, probabilities = self._work.spec, block.probabilities
        positive = positive_pixels(
            probabilities, spec.threshold, spec.target if spec.exclusive else None
        )
        self.positive += int(positive[..., spec.target].sum())
        self.looked_at += int((~np.isnan(probabilities[..., spec.target])).sum())
        coarse = coarse_steps(probabilities)
        column, row = block.x // CHUNK_PX, block.y // CHUNK_PX
        self._work.tell(MaskPart(self._work.request.number, column, row, coarse))


def _run_mask(work: Work) -> _Counted:
    teller = _MaskTeller(work, MaskStarted)
    first, *others = work.loaders
    prediction = predict_mask(
        work.slide,
        first.package,
        **work.asked,
        on_start=teller.start,
        on_block=teller.take,
        loader=first,
        others=others,
    )
    return _Counted(teller.looked_at, teller.positive, prediction.skipped)


def _run_nuclei(work: Work) -> _Counted:
    teller = _MaskTeller(work, NucleiStarted)
    first, *others = work.loaders
    count = 0

    def found(block: NucleiBlock, nuclei: Nuclei) -> None:
        nonlocal count
        count += len(nuclei)
        work.tell(NucleiPart(work.request.number, block, nuclei.centres, nuclei.pixels))

    prediction = predict_nuclei(
        work.slide,
        first.package,
        **work.asked,
        on_start=teller.start,
        on_nuclei=found,
        loader=first,
        others=others,
    )
    return _Counted(count, count, prediction.mask.skipped)


_RUNS: Mapping[Task, Callable[[Work], _Counted]] = MappingProxyType(
    {"tile-classification": _run_tiles, "segmentation": _run_mask, "nuclei": _run_nuclei}
)
