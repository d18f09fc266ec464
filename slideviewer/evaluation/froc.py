"""FROC: how many lesions are found for so many false positives a slide, as Camelyon16 has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.bootstrap import Weights
from slideviewer.evaluation.lesions import SlideFindings

FALSE_POSITIVES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""A slide, at which the sensitivity is looked up."""

INTERPOLATED, STEP = "camelyon16-interpolated", "camelyon16-step"


@dataclass(frozen=True, eq=False)
class FrocCurve:
    """Points of the curve, from no false positives on.

    Attributes
    ----------
    false_positives : ndarray (n,), float64
        Mean number a slide, over all slides.
    sensitivity : ndarray (n,), float64
        Share of the lesions that are found.
    thresholds : ndarray (n,), float64
        The probability from which on points count; infinite for the first.
    """

    false_positives: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    thresholds: NDArray[np.float64]

    def interpolated(self) -> NDArray[np.float64]:
        """The sensitivity at `FALSE_POSITIVES`, on straight lines between the points.

        As the script of the challenge has it; but for a slip there: where no lesion is missed and
        none is isolated tumour cells, that one leaves the lowest threshold out.
        """
        return np.asarray(np.interp(FALSE_POSITIVES, self.false_positives, self.sensitivity))

    def step(self) -> NDArray[np.float64]:
        """The sensitivity at the first point that has so many false positives or more.

        As the script that comes with the data has it. Beyond the last point, its own.
        """
        at = np.searchsorted(self.false_positives, FALSE_POSITIVES, side="left")
        found: NDArray[np.float64] = self.sensitivity[np.minimum(at, len(self.sensitivity) - 1)]
        return found


VARIANTS: Mapping[str, Callable[[FrocCurve], NDArray[np.float64]]] = MappingProxyType(
    {INTERPOLATED: FrocCurve.interpolated, STEP: FrocCurve.step}
)
"""The two official ways from the curve to the sensitivities."""


class FrocEvents:
    """Lesions and false positives of many slides by their probability, highest first.

    Sorted once, so that the curve of any resample of slides takes two running sums.

    Parameters
    ----------
    slides : sequence of SlideFindings

    Attributes
    ----------
    lesions : ndarray (slides,), int64
        How many each slide has.
    """

    def __init__(self, slides: Sequence[SlideFindings]) -> None:
        self.lesions = np.array([len(it.lesions) for it in slides], np.int64)
        chances = [part for it in slides for part in (it.lesions, it.false)]
        counts = [len(part) for part in chances]
        every = np.concatenate([*chances, np.zeros(0)])
        slide = np.repeat(np.repeat(np.arange(len(slides)), 2), counts)
        is_lesion = np.repeat(np.tile([True, False], len(slides)), counts)
        order = np.argsort(-every, kind="stable")
        order = order[every[order] > 0]  # a missed lesion has no threshold
        self._slide, self._is_lesion = slide[order], is_lesion[order]
        # The last of those that share a probability: they pass its threshold together.
        values = every[order]
        self._ends = np.flatnonzero(np.append(values[1:] != values[:-1], True)[: len(values)])
        self._thresholds = np.concatenate([[np.inf], values[self._ends]])

    def curve(self, weights: Weights | None = None) -> FrocCurve | None:
        """The curve of slides each taken as often as its weight; None where there is no lesion."""
        taken = np.ones(len(self.lesions), np.int64) if weights is None else weights
        lesions, slides = int(taken @ self.lesions), int(taken.sum())
        if not lesions:
            return None
        each = taken[self._slide]
        true = np.cumsum(each * self._is_lesion)[self._ends]
        false = np.cumsum(each * ~self._is_lesion)[self._ends]
        return FrocCurve(
            np.concatenate([[0.0], false / slides]),
            np.concatenate([[0.0], true / lesions]),
            self._thresholds,
        )

    def score(self, variant: str, weights: Weights | None = None) -> float | None:
        """The mean sensitivity at `FALSE_POSITIVES`; None where there is no lesion."""
        curve = self.curve(weights)
        return None if curve is None else float(VARIANTS[variant](curve).mean())
