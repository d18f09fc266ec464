"""Two opinions on the same cells of a slide: what a model says, and what a specialist drew."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations import AnnotationSet
from slideviewer.annotations.masks.grid import MaskGrid
from slideviewer.annotations.masks.labels import Labels, proposed_labels
from slideviewer.annotations.masks.painting import MaskPainting
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import Prediction

SAMPLES = 4
"""Along each side of a cell: how much of it is marked is known to a sixteenth."""

_BAND_ROWS = 64

Share = NDArray[np.float32]
"""A number from 0 to 1 for each cell: shape (rows, columns), float32."""


@dataclass(frozen=True, eq=False)
class Opinions:
    """What is said of each cell of a grid by either side.

    Attributes
    ----------
    grid : Grid
    scores : ndarray (rows, columns), float32
        Probability of the class of interest; NaN where the first side did not look: it then
        disagrees with nobody.
    marked : ndarray (rows, columns), float32
        How much of the cell the second side marks, 0 to 1.
    spread : ndarray (rows, columns), float32, or None
        As in `Prediction`.
    spacing_um_px : float or None
        Micrometres per level-0 pixel; None where nobody knows.
    """

    grid: Grid
    scores: Share
    marked: Share
    spread: Share | None = None
    spacing_um_px: float | None = None

    @classmethod
    def of_prediction(
        cls,
        prediction: Prediction,
        markup: AnnotationSet,
        groups: Collection[str | None] | None = None,
    ) -> Opinions:
        """A model's against a specialist's.

        Parameters
        ----------
        prediction : Prediction
        markup : AnnotationSet
        groups : collection of (str or None), optional
            Those that mark the class of interest; as in `marked_share`.
        """
        return cls(
            prediction.grid,
            prediction.target_probabilities,
            marked_share(markup, prediction.grid, groups),
            prediction.spread,
            prediction.spacing_um_px,
        )

    @classmethod
    def of_markups(
        cls,
        first: AnnotationSet,
        second: AnnotationSet,
        grid: Grid,
        spacing_um_px: float | None,
        groups: Collection[str | None] | None = None,
    ) -> Opinions:
        """One specialist's against another's; what the first marks counts as predicted."""
        scores, marked = (marked_share(side, grid, groups) for side in (first, second))
        return cls(grid, scores, marked, spacing_um_px=spacing_um_px)

    @classmethod
    def of_predictions(cls, first: Prediction, second: Prediction) -> Opinions:
        """One model's against another's, at the second one's own threshold.

        Raises
        ------
        ValueError
            If they are not on the same grid.
        """
        if first.grid != second.grid:
            raise ValueError("predictions on different grids cannot be compared cell by cell")
        has_looked = ~np.isnan(second.target_probabilities)
        return cls(
            first.grid,
            np.where(has_looked, first.target_probabilities, np.float32(np.nan)),
            second.positive_cells().astype(np.float32),
            first.spread,
            first.spacing_um_px,
        )

    def with_markup(
        self, markup: AnnotationSet, groups: Collection[str | None] | None = None
    ) -> Opinions:
        """The same against another markup."""
        return replace(self, marked=marked_share(markup, self.grid, groups))

    @property
    def cell_um2(self) -> float | None:
        """Area of a cell in µm²; None where nobody knows."""
        spacing = self.spacing_um_px
        return None if spacing is None else (self.grid.cell * spacing) ** 2


def marking_labels(markup: AnnotationSet, groups: Collection[str | None] | None = None) -> Labels:
    """1 for the groups that mark something, and 0 for those that are left out of them.

    Parameters
    ----------
    markup, groups
        As in `marked_share`.
    """
    if groups is None:
        proposed = proposed_labels(markup).values
        return Labels({group: min(label, 1) for group, label in proposed.items()})
    return Labels(dict.fromkeys(groups, 1))  # what others paint over them hides nothing


def marked_share(
    markup: AnnotationSet, grid: Grid, groups: Collection[str | None] | None = None
) -> Share:
    """How much of each cell is marked.

    Parameters
    ----------
    markup : AnnotationSet
        Painted as in a label mask: holes and groups that exclude are left out.
    grid : Grid
    groups : collection of (str or None), optional
        Groups that count, None standing for annotations in no group; all by default that get a
        label in a mask.

    Returns
    -------
    ndarray (rows, columns), float32
        By `SAMPLES` times as many samples across and down.
    """
    share = np.zeros((grid.rows, grid.columns), np.float32)
    labels = marking_labels(markup, groups)
    if not any(label for _, label in labels.painted(markup)):
        return share
    fine = grid.cell / SAMPLES
    samples = MaskGrid(grid.columns * SAMPLES, grid.rows * SAMPLES, fine, fine, x=grid.x, y=grid.y)
    row = 0
    for band in MaskPainting(markup, labels, samples).bands(_BAND_ROWS * SAMPLES):
        rows = len(band) // SAMPLES
        cells = band.reshape(rows, SAMPLES, grid.columns, SAMPLES)
        share[row : row + rows] = np.count_nonzero(cells, axis=(1, 3)) / SAMPLES**2
        row += rows
    return share
