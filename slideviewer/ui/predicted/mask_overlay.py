"""A segmentation over the slide: the class of interest in red, others in their own colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from slideviewer.geometry import Rect
from slideviewer.inference.messages import MaskPart
from slideviewer.inference.segmentation.chunks import Chunk
from slideviewer.inference.segmentation.coarse import COARSE_LEVEL
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.inference.segmentation.overlay import colours_for
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.inference.segmentation.store import read_mask_prediction
from slideviewer.progress import Progress
from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.ui import prediction_words, words
from slideviewer.ui.jobs import Job
from slideviewer.ui.predicted.answers import corners, probabilities_told
from slideviewer.ui.predicted.mask_parts import Counts, LiveMask, LiveParts, StoredParts, counted
from slideviewer.ui.predicted.mask_steps import MaskSteps
from slideviewer.ui.predicted.parts import Steps
from slideviewer.ui.predicted.raster import RasterOverlay


@dataclass(frozen=True)
class PixelAnswer:
    """What the model says of one pixel of a mask.

    Attributes
    ----------
    rect : Rect
        Level-0 pixels.
    probabilities : mapping of str to float
        By class.
    spread : float or None
        How much the answers for the class of interest differ, where there were several.
    """

    rect: Rect
    probabilities: Mapping[str, float]
    spread: float | None = None

    @property
    def outline(self) -> NDArray[np.float64]:
        """See `Answer`."""
        return corners(self.rect)

    def lines(self, spacing: Spacing | UnknownSpacing) -> tuple[str, ...]:
        """See `Answer`; the likeliest class first."""
        told = probabilities_told(self.probabilities)
        if self.spread is not None:
            told.append(f"± {self.spread:.3f} between the answers")
        return (
            *told,
            f"Pixel of {words.distance(self.rect.width, 0, spacing)}",
        )


class MaskOverlay(RasterOverlay):
    """A mask as it grows, or as it lies in its store."""

    title = "Predicted regions"

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mask: MaskPrediction | LiveMask | None = None
        self._origin: tuple[MaskFrame, tuple[str, ...], int, float] | None = None
        self._hidden: frozenset[str] = frozenset()
        self._counts: Counts | None = None
        self._job: Job | None = None
        self._problem = ""

    @property
    def classes(self) -> Mapping[str, tuple[str, bool]]:
        mask = self._mask
        if mask is None:
            return {}
        colours = colours_for(mask.class_names, mask.target)
        target = mask.class_names[mask.target]
        found = dict(zip(mask.class_names, colours, strict=True))
        in_order = [target, *(name for name in mask.class_names if name != target)]
        return {name: (found[name], name not in self._hidden) for name in in_order}

    def show_class(self, name: str, is_wanted: bool) -> None:
        self._hidden = self._hidden - {name} if is_wanted else self._hidden | {name}
        self._renew()

    @property
    def summary(self) -> str:
        mask, counts = self._mask, self._counts
        if mask is None:
            return super().summary
        if self._problem:
            return self._problem
        if counts is None:
            return "Measuring areas …"
        told = []
        for index, name in enumerate(mask.class_names):
            if name in self._hidden or (mask.exclusive and index != mask.target):
                continue
            positive, total = counts.share(index, self._threshold)
            if not total:
                return "Nothing has been looked at yet."
            area = ""
            if mask.spacing_um_px is not None:
                area = f", {words.short(positive * mask.spacing_um_px**2 / 1e6)} mm²"
            told.append(f"{name}: about {words.short(100 * positive / total)} %{area}")
        if not told:
            return "No class is painted."
        said = f"At or above {self._threshold:.3g}, of what was looked at. " + "; ".join(told)
        missed = "" if isinstance(mask, LiveMask) else prediction_words.mask_not_seen(mask)
        return f"{said}. {missed}" if missed else said

    def show_prediction(self, prediction: MaskPrediction | LiveMask) -> None:
        """Show a mask that is stored, or one that grows; a live one is grown by its owner.

        A threshold set by hand, and which classes are painted, stay for the same model and frame.
        """
        mask = prediction
        origin = mask.frame, mask.class_names, mask.target, mask.threshold
        if origin != self._origin:
            self._origin, self._threshold = origin, mask.threshold
            others = set(mask.class_names) - {mask.class_names[mask.target]}
            # What excludes the class of interest is what is around it.
            self._hidden = frozenset(others if mask.exclusive else ())
        self._stop()
        self._mask, self._counts = mask, None
        self._renew()
        if isinstance(mask, LiveMask):
            self._counts = Counts.none(len(mask.class_names), COARSE_LEVEL)
            for steps in mask.coarse.values():
                self._counts.add(steps)
            self._open(mask)
        else:
            self._count(mask)

    def add(self, news: MaskPart) -> None:
        """Show a chunk that the live mask was given."""
        if self._mask is None:
            return
        if self._counts is not None:
            self._counts.add(news.coarse)
        chunk = Chunk.of(self._mask.frame, news.column, news.row)
        self._mark(self._mask.frame.rect(*chunk.box))

    def clear(self) -> None:
        self._stop()
        self._mask = self._origin = self._counts = None
        self._set_source(None)
        self._recolour()

    def answer_at(self, x: float, y: float) -> PixelAnswer | None:
        mask = self._mask
        stored = mask.stored if isinstance(mask, LiveMask) else mask
        if stored is None:
            return None
        frame = stored.frame
        column, row = int((x - frame.x) // frame.scale), int((y - frame.y) // frame.scale)
        if not (0 <= column < frame.width and 0 <= row < frame.height):
            return None
        values = stored.read(0, column, row, 1, 1)[0, 0].tolist()
        if np.isnan(values[stored.target]):
            return None
        by_class = dict(zip(stored.class_names, values, strict=True))
        spread = stored.read_spread(0, column, row, 1, 1)
        known = None if spread is None else float(spread[0, 0])
        return PixelAnswer(frame.rect(column, row, 1, 1), by_class, known)

    def _renew(self) -> None:
        """Make everything anew, since other classes are painted."""
        mask = self._mask
        if mask is None:
            return
        shown = tuple(
            index for index, name in enumerate(mask.class_names) if name not in self._hidden
        )
        how = MaskSteps(len(mask.class_names), mask.target, mask.exclusive, shown)
        self._set_source(
            LiveParts(mask, how) if isinstance(mask, LiveMask) else StoredParts(mask, how)
        )
        self._recolour()

    def pixels(self, steps: Steps, opacity: float) -> NDArray[np.uint32]:
        """See `RasterOverlay.pixels`."""
        source, table = self._source, self._table(opacity)
        assert isinstance(source, LiveParts | StoredParts)
        how = source.how
        front = table[steps[0]]
        if not set(how.others).intersection(how.shown):
            return np.asarray(front)
        behind = table[how.steps + 1 :][steps[1]]
        return np.asarray(np.where(front, front, behind))

    def _made_table(self, opacity: float) -> NDArray[np.uint32]:
        source, mask = self._source, self._mask
        assert isinstance(source, LiveParts | StoredParts)
        assert mask is not None
        colours = colours_for(mask.class_names, mask.target)
        how, threshold, span = source.how, self._threshold, self.span
        front = how.front(threshold, span, self._look.palette, opacity)
        return np.concatenate([front, how.behind(colours, threshold, span, opacity)])

    def _open(self, mask: LiveMask) -> None:
        """Open the store of a mask that grows."""

        def opened(stored: MaskPrediction) -> None:
            mask.stored = stored
            if self._mask is mask:
                self._mark(mask.frame.extent)
                self.changed.emit(None)

        if mask.stored is None:
            self._begin(lambda _: read_mask_prediction(mask.store), opened)

    def _count(self, mask: MaskPrediction) -> None:
        """Measure areas, for the summary."""

        def done(counts: Counts) -> None:
            if self._mask is mask:
                self._counts = counts
                self.changed.emit(Rect(0, 0, 0, 0))  # in words alone

        self._begin(lambda progress: counted(mask, progress), done)

    def _begin(self, work: Callable[[Progress], object], done: Callable[[Any], None]) -> None:
        """Read in the background; where that fails, the summary says why."""

        def failed(problem: str) -> None:
            if self._job is job:
                self._problem = problem
                self.changed.emit(Rect(0, 0, 0, 0))  # in words alone

        self._job = job = Job(work, self)
        job.succeeded.connect(done)
        job.failed.connect(failed)
        job.start()

    def _stop(self) -> None:
        """Want no answer of what is being read."""
        if self._job is not None:
            self._job.cancel()
        self._job, self._problem = None, ""
