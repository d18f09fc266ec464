"""Pixels of a segmentation counted by their probability, so that any threshold follows at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.label_pairs import Read
from slideviewer.evaluation.masks import Overlap
from slideviewer.inference.segmentation.areas import Areas
from slideviewer.inference.segmentation.prediction import MaskPrediction, MaskProbabilities
from slideviewer.progress import Progress, Step, silent

STEPS = 0x7C00
"""Numbers that float16 has from 0 on: as whole numbers their bits stand in the same order."""

BLOCK = (2048, 512)
"""Columns and rows that are read at a time."""


@dataclass(frozen=True, eq=False)
class MaskCounts:
    """How often each stored probability occurs.

    Attributes
    ----------
    prediction : MaskPrediction
    values : ndarray (classes, STEPS), int64
        Pixels that may count as a class, by the probability that decides on it: of classes that
        exclude each other the target's, else the class's own.
    true_values : ndarray (classes, STEPS), int64
        Those among them that are truly of the class.
    true : ndarray (classes,), int64
        All pixels that are truly of the class, looked at or not.
    looked_at : int
        Pixels that the model looked at.
    """

    prediction: MaskPrediction
    values: NDArray[np.int64]
    true_values: NDArray[np.int64]
    true: NDArray[np.int64]
    looked_at: int

    def overlap(self, index: int, threshold: float | None = None) -> Overlap:
        """What is predicted of a class, true of it, and both; the threshold as of `positive`."""
        taken = self._taken(index, threshold)
        said, both = (int(it[index][taken].sum()) for it in (self.values, self.true_values))
        return Overlap(said, int(self.true[index]), both)

    def areas(self, threshold: float | None = None) -> Areas:
        """How much is of which class, as `areas_of` counts it."""
        names, um = self.prediction.class_names, self.prediction.spacing_um_px
        pixels = [
            int(self.values[index][self._taken(index, threshold)].sum())
            for index in range(len(names))
        ]
        return Areas(names, tuple(pixels), self.looked_at, None if um is None else um * um)

    def _taken(self, index: int, threshold: float | None) -> slice:
        """Which probabilities make a pixel one of a class."""
        limit = self.prediction.threshold if threshold is None else threshold
        first = int(_bits(np.array([limit], np.float16))[0])
        is_other = self.prediction.exclusive and index != self.prediction.target
        return slice(0, first) if is_other else slice(first, None)


def count_values(
    prediction: MaskPrediction, truth: Mapping[int, Read], progress: Progress = silent
) -> MaskCounts:
    """Read all of a segmentation once, block by block.

    Parameters
    ----------
    prediction : MaskPrediction
    truth : mapping of int to callable
        For indices of classes: reads where markup is of the class, on the pixels of the
        prediction's frame.
    progress : Progress
        Told rows.
    """
    classes, frame = len(prediction.class_names), prediction.frame
    values = np.zeros((classes, STEPS), np.int64)
    true_values, true = np.zeros_like(values), np.zeros(classes, np.int64)
    looked_at = 0
    across, down = BLOCK
    for top in range(0, frame.height, down):
        progress(Step(top, frame.height, "Comparing", "rows"))
        rows = min(down, frame.height - top)
        for left in range(0, frame.width, across):
            box = left, top, min(across, frame.width - left), rows
            chances = prediction.read(0, *box)
            known = ~np.isnan(chances[..., 0])
            drawn = {index: np.asarray(read(*box) > 0) for index, read in truth.items()}
            for index, is_true in drawn.items():
                true[index] += int(is_true.sum())
            if not known.any():
                continue
            looked_at += int(known.sum())
            for index in range(classes):
                may_be, decides = _deciding(prediction, chances, index)
                steps = _bits(decides[may_be])
                values[index] += np.bincount(steps, minlength=STEPS)
                if index in drawn:
                    both = steps[drawn[index][may_be]]
                    true_values[index] += np.bincount(both, minlength=STEPS)
    return MaskCounts(prediction, values, true_values, true, looked_at)


def _deciding(
    prediction: MaskPrediction, chances: MaskProbabilities, index: int
) -> tuple[NDArray[np.bool_], NDArray[np.float16]]:
    """Where a pixel may be of a class, and the probabilities that decide whether it is."""
    if not prediction.exclusive:
        own = chances[..., index]
        return ~np.isnan(own), own
    target = prediction.target
    may_be: NDArray[np.bool_] = ~np.isnan(chances[..., 0]) & ~np.isnan(chances[..., target])
    if index != target:
        others = np.where(np.isnan(chances), -1, chances)
        others[..., target] = -1
        may_be &= others.argmax(axis=-1) == index
    return may_be, chances[..., target]


def _bits(values: NDArray[np.float16]) -> NDArray[np.uint16]:
    return np.abs(np.ascontiguousarray(values)).view(np.uint16)
