"""The model's answer as the window holds it: a probability a cell, and what is painted of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPainter

from slideviewer.geometry import Rect
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import CellBatch, Prediction
from slideviewer.ui import colours, words

PALEST = 0.45
"""Opacity of a cell just at the threshold, against 1 for a probability of 1."""


class Cells(QObject):
    """A prediction as it grows; the threshold may change at any time. All views show the same."""

    changed = Signal(object)  # the level-0 Rect that looks different, or None for all of it

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._grid: Grid | None = None
        self._target = 0
        self._scores: NDArray[np.float32] = np.empty((0, 0), np.float32)
        self._threshold = 0.5
        self._origin: tuple[Grid, int, float] | None = None
        self._image: QImage | None = None

    @property
    def grid(self) -> Grid | None:
        """Where the cells lie."""
        return self._grid

    @property
    def image(self) -> QImage:
        """One pixel a cell."""
        if self._image is None:
            self._image = cell_image(self._scores, self._threshold)
        return self._image

    @property
    def threshold(self) -> float:
        """The probability from which a cell is painted."""
        return self._threshold

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        if threshold != self._threshold:
            self._threshold = threshold
            self._all_changed()

    @property
    def has_prediction(self) -> bool:
        """Whether there is anything to paint."""
        return self._grid is not None

    @property
    def summary(self) -> str:
        """How many cells are painted, in words."""
        if self._grid is None:
            return "No prediction yet. Choose a model and press Predict."
        looked_at = int(np.isfinite(self._scores).sum())
        with np.errstate(invalid="ignore"):
            positive = int((self._scores >= self._threshold).sum())
        return (
            f"{words.whole(positive)} of {words.whole(looked_at)} tissue tiles are at or above "
            f"{self._threshold:.3g}"
        )

    def begin(self, grid: Grid, target: int, threshold: float) -> None:
        """Start an empty prediction; a threshold set by hand stays for the same model and grid."""
        if (grid, target, threshold) != self._origin:
            self._origin = grid, target, threshold
            self._threshold = threshold
        self._grid, self._target = grid, target
        self._scores = np.full((grid.rows, grid.columns), np.nan, np.float32)
        self._all_changed()

    def add(self, batch: CellBatch) -> None:
        """Show newly predicted cells."""
        if self._grid is None or not len(batch.rows):
            return
        scores = batch.probabilities[:, self._target]
        self._scores[batch.rows, batch.columns] = scores
        top, bottom = int(batch.rows.min()), int(batch.rows.max())
        left, right = int(batch.columns.min()), int(batch.columns.max())
        if self._image is not None:
            part = cell_image(self._scores[top : bottom + 1, left : right + 1], self._threshold)
            painter = QPainter(self._image)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
            painter.drawImage(left, top, part)
            painter.end()
        first, last = self._grid.rect(left, top), self._grid.rect(right, bottom)
        self.changed.emit(Rect.from_corners(first.x, first.y, last.right, last.bottom))

    def show_prediction(self, prediction: Prediction) -> None:
        """Show a prediction that was made before."""
        self.begin(prediction.grid, prediction.target, prediction.threshold)
        self._scores[:] = prediction.target_probabilities
        self._all_changed()

    def clear(self) -> None:
        """Show none."""
        self._grid = self._image = self._origin = None
        self.changed.emit(None)

    def score_at(self, x: float, y: float) -> float | None:
        """The target's probability in the cell under a level-0 point, or None."""
        cell = self._grid.cell_at(x, y) if self._grid is not None else None
        if cell is None:
            return None
        score = float(self._scores[cell[1], cell[0]])
        return None if np.isnan(score) else score

    def _all_changed(self) -> None:
        self._image = None
        self.changed.emit(None)


def cell_image(scores: NDArray[np.float32], threshold: float) -> QImage:
    """Make a picture of one pixel a cell: the redder the surer, clear below the threshold.

    Parameters
    ----------
    scores : ndarray (rows, columns), float32
        Probabilities; NaN is clear.
    threshold : float
    """
    rows, columns = scores.shape
    with np.errstate(invalid="ignore"):
        positive = scores >= threshold
    above = np.where(positive, scores - threshold, 0) / max(1e-6, 1 - threshold)
    red = colours.PREDICTION
    rgba = np.zeros((rows, columns, 4), np.uint8)
    rgba[positive, :3] = red.red(), red.green(), red.blue()
    rgba[..., 3] = np.where(positive, 255 * (PALEST + (1 - PALEST) * above), 0)
    image = QImage(rgba.data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
