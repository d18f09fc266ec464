"""What the annotations measure, got without holding up the window."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

from slideviewer.annotations import Annotation
from slideviewer.annotations.measures import (
    FIELDS,
    PIXELS,
    Measure,
    MeasureCache,
    Table,
    UmPerPixel,
    measured,
)
from slideviewer.progress import Progress, Step
from slideviewer.slide import Slide, Spacing
from slideviewer.ui.jobs import Job

MOST_POINTS = 5_000
"""Of annotations that are measured at once: takes a few milliseconds. More is left to a job."""

CHUNK = 2_000
"""Annotations between two looks at whether the job is still wanted; so many are measured at a time
of those that can wait, so that what is wanted meanwhile waits for little."""

LONGEST_WAIT_SECONDS = 2.0
"""How long closing waits for a shape of very many vertices to be measured."""


class Measuring(QObject):
    """Measures small annotations when asked, large or many ones in a job.

    Parameters
    ----------
    parent : QObject, optional
    """

    measured = Signal(frozenset)  # ids of annotations that a job has measured
    rescaled = Signal()  # everything measures something else: the pixels' size has changed
    progressed = Signal(object)  # Step of a job, or None when it has ended

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cache = MeasureCache()
        self._spacing: UmPerPixel | None = None
        self._wanted: dict[str, Annotation] = {}
        self._later: dict[str, Annotation] = {}
        self._job: Job | None = None

    @property
    def spacing(self) -> UmPerPixel | None:
        """Micrometres per pixel along x and y; None where the results are in pixels."""
        return self._spacing

    def set_slide(self, slide: Slide | None) -> None:
        """Measure with the spacing of this slide; in pixels without, or where it is unknown."""
        stated = slide.spacing if slide is not None else None
        spacing = (stated.x_um_px, stated.y_um_px) if isinstance(stated, Spacing) else None
        if spacing != self._spacing:
            self._spacing = spacing
            self.forget()
            self.rescaled.emit()

    def forget(self) -> None:
        """Start afresh: other annotations are shown."""
        self._cache = MeasureCache(self._spacing or PIXELS)
        self._wanted.clear()
        self._later.clear()
        if self._job is not None:
            self._job.cancel()

    def close(self) -> None:
        """Measure nothing more."""
        job = self._job
        self.forget()
        if job is not None:
            job.wait(LONGEST_WAIT_SECONDS)

    def get(self, annotation: Annotation) -> Measure | None:
        """What it measures; None where a job is finding out, and `measured` will tell."""
        if self._cache.knows(annotation) or len(annotation.points) <= MOST_POINTS:
            return self._cache.of(annotation)
        self.want([annotation])
        return None

    def has_all(self, annotations: Iterable[Annotation]) -> bool:
        """Whether these can be had at once; else a job is begun, and `measured` will tell."""
        unknown = self._cache.unknown(annotations)
        if sum(len(annotation.points) for annotation in unknown) <= MOST_POINTS:
            if unknown:
                self._cache.keep(unknown, measured(unknown, self._cache.spacing))
            return True
        self.want(unknown)
        return False

    def want(self, annotations: Iterable[Annotation]) -> None:
        """Have these measured in the background."""
        self._wanted.update({annotation.id: annotation for annotation in annotations})
        self._begin()

    def want_later(self, annotations: Iterable[Annotation]) -> None:
        """Have these measured once nothing else is wanted, unspoken of; `measured` will tell."""
        self._later.update({annotation.id: annotation for annotation in annotations})
        self._begin()

    def areas_px2(self, annotations: Sequence[Annotation]) -> list[float]:
        """What those that have been measured cover, in square level-0 pixels; 0 for no area."""
        areas = self._cache.column("area", annotations)
        covered: list[float] = np.nan_to_num(areas / math.prod(self._cache.spacing)).tolist()
        return covered

    def knows(self, annotation: Annotation) -> bool:
        """Whether it has been measured."""
        return self._cache.knows(annotation)

    def column(self, field: str, annotations: Sequence[Annotation]) -> NDArray[np.float64]:
        """What is known by now of one of the columns of `Measure`; NaN for what is not."""
        return self._cache.column(field, annotations)

    def _begin(self) -> None:
        if self._job is not None:
            return
        batch, is_spoken_of = self._cache.unknown(self._wanted.values()), True
        self._wanted.clear()
        if not batch:
            batch, is_spoken_of = self._next_of_later(), False
        if not batch:
            return
        cache = self._cache
        # The application owns the job: this object may be gone before it ends.
        job = Job(lambda progress: _measure(batch, cache, progress), QCoreApplication.instance())
        if is_spoken_of:
            job.progressed.connect(self.progressed)
        job.succeeded.connect(self._keep)
        job.ended.connect(self._on_end)
        self._job = job
        job.start()

    def _next_of_later(self) -> list[Annotation]:
        """Some of those that can wait and have not been measured by now."""
        while self._later:
            some = [self._later.pop(key) for key in [*islice(self._later, CHUNK)]]
            batch = self._cache.unknown(some)
            known = frozenset(it.id for it in some).difference(it.id for it in batch)
            if known:
                self.measured.emit(known)
            if batch:
                return batch
        return []

    @Slot(object)
    def _keep(self, result: tuple[MeasureCache, Sequence[Annotation], Table]) -> None:
        cache, batch, table = result
        if cache is self._cache:
            cache.keep(batch, table)
            self.measured.emit(frozenset(annotation.id for annotation in batch))

    @Slot()
    def _on_end(self) -> None:
        self._job = None
        self.progressed.emit(None)
        self._begin()


def _measure(
    batch: Sequence[Annotation], cache: MeasureCache, progress: Progress
) -> tuple[MeasureCache, Sequence[Annotation], Table]:
    """Measure for a cache, which is left to whoever owns it."""
    tables: list[Table] = [np.empty((0, len(FIELDS)))]
    for start in range(0, len(batch), CHUNK):
        progress(Step(start, len(batch), "Measuring", "annotations"))
        tables.append(measured(batch[start : start + CHUNK], cache.spacing))
    return cache, batch, np.concatenate(tables)
