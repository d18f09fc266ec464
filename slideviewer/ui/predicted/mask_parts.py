"""Where the parts of a mask come from: its store, or a run that still writes into it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.messages import MaskPart, MaskStarted
from slideviewer.inference.segmentation.chunks import Chunk
from slideviewer.inference.segmentation.coarse import (
    COARSE_LEVEL,
    COARSE_PX,
    CoarseSteps,
    from_coarse,
)
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.progress import Progress, Step, silent
from slideviewer.ui.predicted.mask_steps import MaskSteps
from slideviewer.ui.predicted.parts import PART_PX, PartGrid, PartKey, Steps

MOST_COUNTED_PX = 1 << 22
"""Pixels of the level that is counted to say how much of the tissue is of a class."""

BAND_PX = 512


class LiveMask:
    """A mask that is being predicted: its chunks at an eighth, and the store for the rest.

    The GUI thread adds to it, while other threads read.
    """

    def __init__(self, started: MaskStarted, store: Path) -> None:
        self.frame, self.class_names = started.frame, started.class_names
        self.target, self.threshold = started.target, started.threshold
        self.exclusive, self.store = started.exclusive, store
        self.stored: MaskPrediction | None = None
        """The store, once it is open."""
        self.coarse: dict[tuple[int, int], CoarseSteps] = {}

    @property
    def spacing_um_px(self) -> float | None:
        """As in `MaskPrediction`; not known before the store is open."""
        return self.stored.spacing_um_px if self.stored is not None else None

    def add(self, part: MaskPart) -> None:
        """Note that a chunk is there."""
        self.coarse[part.column, part.row] = part.coarse


@dataclass(frozen=True, eq=False)
class StoredParts:
    """Reads the parts of a mask that nobody writes."""

    prediction: MaskPrediction
    how: MaskSteps

    @property
    def grid(self) -> PartGrid:
        """See `PartSource`."""
        return PartGrid(self.prediction.frame)

    @property
    def manner(self) -> object:
        """See `PartSource`."""
        return self.grid, self.how

    def make(self, key: PartKey) -> Steps | None:
        """See `PartSource`."""
        chunk = Chunk.of(self.prediction.frame_at(key.level), key.column, key.row)
        return _steps(self.how, self.prediction.read_chunk(key.level, chunk))


@dataclass(frozen=True, eq=False)
class LiveParts:
    """Makes the parts of a mask that grows.

    Far ones are made of what is in memory, near ones of the finest level of the store, for its
    coarser ones are not there yet.
    """

    mask: LiveMask
    how: MaskSteps

    @property
    def grid(self) -> PartGrid:
        """See `PartSource`."""
        return PartGrid(self.mask.frame)

    @property
    def manner(self) -> object:
        """See `PartSource`."""
        return self.grid, self.how

    def make(self, key: PartKey) -> Steps | None:
        """See `PartSource`."""
        if key.level >= COARSE_LEVEL:
            return _steps(self.how, self._shrunk(key))
        stored = self.mask.stored
        if stored is None:
            return None
        chunk = Chunk.of(stored.frame_at(key.level), key.column, key.row)
        return _steps(self.how, stored.read_chunk(key.level, chunk, afresh=True))

    def _shrunk(self, key: PartKey) -> NDArray[np.floating]:
        """The chunks of a part, each as small as it is there."""
        halvings = key.level - COARSE_LEVEL
        side = max(1, COARSE_PX >> halvings)  # of a chunk in this part
        _, _, width, height = self.grid.box(key)
        made = np.full((PART_PX, PART_PX, len(self.mask.class_names)), np.nan, np.float32)
        for (column, row), steps in self._chunks_of(key):
            x = (column * COARSE_PX >> halvings) - key.column * PART_PX
            y = (row * COARSE_PX >> halvings) - key.row * PART_PX
            made[y : y + side, x : x + side] = _mean(steps, COARSE_PX // side)
        return made[:height, :width]

    def _chunks_of(self, key: PartKey) -> Iterator[tuple[tuple[int, int], CoarseSteps]]:
        for place, steps in list(self.mask.coarse.items()):
            if place[0] >> key.level == key.column and place[1] >> key.level == key.row:
                yield place, steps


@dataclass(frozen=True, eq=False)
class Counts:
    """How often each probability occurs.

    Attributes
    ----------
    by_class : ndarray (classes, 256), int64
        By steps, as `from_coarse` reads them.
    pixel_px2 : float
        What one that is counted stands for, in pixels of the mask.
    """

    by_class: NDArray[np.int64]
    pixel_px2: float

    @classmethod
    def none(cls, classes: int, level: int) -> Counts:
        """Nothing counted yet, of pixels of a level."""
        return cls(np.zeros((classes, 256), np.int64), 4.0**level)

    def add(self, steps: CoarseSteps) -> None:
        """Count some more pixels: shape (height, width, classes)."""
        for index, counts in enumerate(self.by_class):
            counts += np.bincount(steps[..., index].ravel(), minlength=256)

    def share(self, index: int, threshold: float) -> tuple[float, float]:
        """How many pixels of the mask are of a class from a threshold, and how many there are."""
        counts = self.by_class[index]
        first = 1 + round(254 * min(max(threshold, 0.0), 1.0))
        return float(counts[first:].sum()) * self.pixel_px2, counts[1:].sum() * self.pixel_px2


def counted(prediction: MaskPrediction, progress: Progress = silent) -> Counts:
    """Count a level of a stored mask that is not too large; slow."""
    level = 0
    while (
        level + 1 < prediction.level_count and prediction.frame_at(level).pixels > MOST_COUNTED_PX
    ):
        level += 1
    frame = prediction.frame_at(level)
    counts = Counts.none(len(prediction.class_names), level)
    for y in range(0, frame.height, BAND_PX):
        progress(Step(y, frame.height, "Measuring areas", "rows"))
        band = prediction.read(level, 0, y, frame.width, min(BAND_PX, frame.height - y))
        known = ~np.isnan(band)
        steps = 1 + np.rint(254 * np.clip(np.where(known, band, 0), 0, 1).astype(np.float32))
        counts.add(np.where(known, steps, 0).astype(np.uint8))
    return counts


def _steps(how: MaskSteps, probabilities: NDArray[np.floating]) -> Steps | None:
    steps = how.of(probabilities)
    return steps if steps.any() else None


def _mean(steps: CoarseSteps, times: int) -> NDArray[np.float32]:
    """Average so many by so many pixels, of those the ones that are known."""
    values = from_coarse(steps).astype(np.float32)
    if times == 1:
        return values
    side = COARSE_PX // times
    blocks = values.reshape(side, times, side, times, -1)
    known = ~np.isnan(blocks)
    count = known.sum(axis=(1, 3)).astype(np.float32)
    total = np.where(known, blocks, 0).sum(axis=(1, 3))
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan), np.float32)
