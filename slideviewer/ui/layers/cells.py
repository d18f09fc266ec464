"""The model's answer: cells filled red where the target class reaches the threshold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QRectF
from PySide6.QtGui import QImage, QPainter

from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import CellBatch, Prediction
from slideviewer.ui import colours, words
from slideviewer.ui.layers.layer import Layer
from slideviewer.ui.viewpoint import Viewpoint

PALEST = 0.45
"""Opacity of a cell just at the threshold, against 1 for a probability of 1."""


class CellLayer(Layer):
    """Paints a prediction as it grows; the threshold may change at any time."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__("Predicted tumour", parent)
        self._grid: Grid | None = None
        self._target = 0
        self._scores: NDArray[np.float32] = np.empty((0, 0), np.float32)
        self._threshold = 0.5
        self._origin: tuple[Grid, int, float] | None = None
        self._image: QImage | None = None
        self.opacity = 0.4

    @property
    def threshold(self) -> float:
        """The probability from which a cell is painted."""
        return self._threshold

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        if threshold != self._threshold:
            self._threshold = threshold
            self._repaint_all()

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
        self._repaint_all()

    def add(self, batch: CellBatch) -> None:
        """Show newly predicted cells."""
        if self._grid is not None:
            self._scores[batch.rows, batch.columns] = batch.probabilities[:, self._target]
            self._repaint_all()

    def show_prediction(self, prediction: Prediction) -> None:
        """Show a prediction that was made before."""
        self.begin(prediction.grid, prediction.target, prediction.threshold)
        self._scores[:] = prediction.target_probabilities
        self._repaint_all()

    def clear(self) -> None:
        """Show none."""
        self._grid = self._image = self._origin = None
        self.changed.emit()

    def score_at(self, x: float, y: float) -> float | None:
        """The target's probability in the cell under a level-0 point, or None."""
        cell = self._grid.cell_at(x, y) if self._grid is not None else None
        if cell is None:
            return None
        score = float(self._scores[cell[1], cell[0]])
        return None if np.isnan(score) else score

    def paint(self, painter: QPainter, view: Viewpoint) -> None:
        if self._grid is None:
            return
        if self._image is None:
            self._image = cell_image(self._scores, self._threshold)
        extent = self._grid.extent
        shown = extent.intersection(view.visible.grown(self._grid.cell))
        if shown.is_empty:
            return
        left, top = view.to_screen(shown.x, shown.y)
        target = QRectF(left, top, shown.width * view.scale, shown.height * view.scale)
        cell = self._grid.cell
        source = QRectF(
            (shown.x - extent.x) / cell,
            (shown.y - extent.y) / cell,
            shown.width / cell,
            shown.height / cell,
        )
        painter.drawImage(target, self._image, source)

    def _repaint_all(self) -> None:
        self._image = None
        self.changed.emit()


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
