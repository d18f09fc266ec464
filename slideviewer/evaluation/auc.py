"""The area under the ROC curve, of everything and of any choice of slides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.bootstrap import Weights


@dataclass(frozen=True, eq=False)
class AucBySlide:
    """Pairs of a positive and a negative, counted by the slides that they are of.

    By ranks (Mann and Whitney 1947) the area is the share of pairs that stand in the right order,
    ties counting half. Counted by slide, the area of any resample of slides follows from a few
    sums, and no tile is sorted again.

    Attributes
    ----------
    right : ndarray (slides, slides), float64
        Pairs in the right order, ties half: row, the slide of the positive; column, of the
        negative.
    positives, negatives : ndarray (slides,), float64
    """

    right: NDArray[np.float64]
    positives: NDArray[np.float64]
    negatives: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        truth: NDArray[np.bool_],
        scores: NDArray[np.floating],
        slides: NDArray[np.int64],
        count: int,
    ) -> AucBySlide:
        """Count.

        Parameters
        ----------
        truth : ndarray (n,), bool
        scores : ndarray (n,)
        slides : ndarray (n,), int64
            The slide of each.
        count : int
            How many slides there are.
        """
        positive, of_positive = scores[truth], slides[truth]
        negative, of_negative = scores[~truth], slides[~truth]
        right = np.zeros((count, count))
        for slide in range(count):
            below = np.sort(negative[of_negative == slide])
            if not len(below):
                continue
            pairs = np.searchsorted(below, positive) + np.searchsorted(below, positive, "right")
            right[:, slide] = np.bincount(of_positive, pairs / 2, minlength=count)
        return cls(
            right,
            np.bincount(of_positive, minlength=count).astype(np.float64),
            np.bincount(of_negative, minlength=count).astype(np.float64),
        )

    def area(self, weights: Weights | None = None) -> float | None:
        """The area, of slides each taken as often as its weight; None for a class alone."""
        taken = np.ones(len(self.right)) if weights is None else weights.astype(np.float64)
        pairs = (taken @ self.positives) * (taken @ self.negatives)
        return float(taken @ self.right @ taken / pairs) if pairs else None
