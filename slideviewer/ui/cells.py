"""The model's answer as the window holds it: a probability a cell, and what is painted of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from slideviewer.geometry import Rect
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import CellBatch, Prediction
from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.ui import prediction_words, words
from slideviewer.ui.cell_steps import VALUES, CellSteps, step_of
from slideviewer.ui.predicted.answers import corners, probabilities_told
from slideviewer.ui.predicted.overlay import CellLook, Overlay, ramp

__all__ = ["CellAnswer", "CellLook", "Cells"]


@dataclass(frozen=True)
class CellAnswer:
    """All that the model says of one cell.

    Attributes
    ----------
    rect : Rect
        Level-0 pixels.
    probabilities : mapping of str to float
        By class.
    spread : float or None
    """

    rect: Rect
    probabilities: Mapping[str, float]
    spread: float | None

    @property
    def outline(self) -> NDArray[np.float64]:
        """See `Answer`."""
        return corners(self.rect)

    def lines(self, spacing: Spacing | UnknownSpacing) -> tuple[str, ...]:
        """See `Answer`; the likeliest class first."""
        told = probabilities_told(self.probabilities)
        if self.spread is not None:
            told.append(f"± {self.spread:.3f} between the answers")
        return (*told, f"Tile of {words.distance(self.rect.width, 0, spacing)}")


class Cells(Overlay):
    """A prediction of tiles as it grows."""

    title = "Predicted tumour"

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shown: Prediction | None = None
        self._scores, self._spreads = CellSteps(0, 0), CellSteps(0, 0)
        self._origin: tuple[Grid, int, float] | None = None

    @property
    def grid(self) -> Grid | None:
        """Where the cells lie."""
        return self._shown.grid if self._shown is not None else None

    @property
    def has_prediction(self) -> bool:
        return self._shown is not None

    @property
    def has_spread(self) -> bool:
        return self._shown is not None and self._shown.spread is not None

    @property
    def span(self) -> tuple[float, float]:
        if self.chosen_span is None and self.shows_spread:
            return 0.0, max(self._spreads.highest, 1e-3)
        return super().span

    @property
    def summary(self) -> str:
        """How many cells are painted, in words, and what was not looked at."""
        if self._shown is None:
            return super().summary
        counted = (
            f"{words.whole(self._scores.count_from(self._threshold))} of "
            f"{words.whole(self._scores.looked_at)} tissue tiles are at or above "
            f"{self._threshold:.3g}"
        )
        not_seen = prediction_words.not_seen(self._shown)
        return f"{counted}. {not_seen}" if not_seen else counted

    def show_prediction(self, prediction: Prediction) -> None:
        """Show a prediction, or what there is of one; `add` adds to a copy of it.

        A threshold set by hand stays for the same model and grid.
        """
        origin = prediction.grid, prediction.target, prediction.threshold
        if origin != self._origin:
            self._origin = origin
            self._threshold = prediction.threshold
        spread = prediction.spread
        self._shown = replace(
            prediction,
            probabilities=prediction.probabilities.copy(),
            spread=None if spread is None else spread.copy(),
        )
        self._scores = CellSteps.of(prediction.target_probabilities)
        if spread is not None:
            self._spreads = CellSteps.of(spread)
        else:
            self._spreads = CellSteps(prediction.grid.rows, prediction.grid.columns)
        self._recolour()

    def add(self, news: CellBatch) -> None:
        """Show newly predicted cells."""
        shown, batch = self._shown, news
        if shown is None or not len(batch.rows):
            return
        rows, columns = batch.rows, batch.columns
        shown.probabilities[rows, columns] = batch.probabilities
        self._scores.put(rows, columns, batch.probabilities[:, shown.target])
        if batch.spread is not None:
            if shown.spread is None:
                nothing = np.full(shown.probabilities.shape[:2], np.nan, np.float32)
                self._shown = shown = replace(shown, spread=nothing)
            assert shown.spread is not None
            shown.spread[rows, columns] = batch.spread
            before = self._spreads.highest
            self._spreads.put(rows, columns, batch.spread)
            if self.shows_spread and self._spreads.highest != before:
                self._recolour()
        first = shown.grid.rect(int(columns.min()), int(rows.min()))
        last = shown.grid.rect(int(columns.max()), int(rows.max()))
        self.changed.emit(Rect.from_corners(first.x, first.y, last.right, last.bottom))

    def clear(self) -> None:
        self._shown = self._origin = None
        self._recolour()

    def pixels(
        self, left: int, top: int, right: int, bottom: int, enlarged: int, opacity: float
    ) -> NDArray[np.uint32]:
        """Colours of some columns and rows of cells.

        Parameters
        ----------
        left, top, right, bottom : int
        enlarged : int
            So many pixels across and down for each cell, if the look is smooth; otherwise it is
            one, whatever is asked for.
        opacity : float
            From 0 to 1.

        Returns
        -------
        ndarray, uint32
            Premultiplied ARGB, as Qt paints it.
        """
        steps = self._spreads if self.shows_spread else self._scores
        if self._look.is_smooth and enlarged > 1:
            found = steps.smooth_part(left, top, right, bottom, enlarged)
        else:
            found = steps.part(left, top, right, bottom)
        return np.asarray(self._table(opacity)[found])

    def answer_at(self, x: float, y: float) -> CellAnswer | None:
        shown = self._shown
        cell = shown.grid.cell_at(x, y) if shown is not None else None
        if shown is None or cell is None:
            return None
        column, row = cell
        values = shown.probabilities[row, column].tolist()
        if np.isnan(values[shown.target]):
            return None
        spread = math.nan if shown.spread is None else float(shown.spread[row, column])
        by_class = dict(zip(shown.class_names, values, strict=True))
        known = None if math.isnan(spread) else spread
        return CellAnswer(shown.grid.rect(column, row), by_class, known)

    def score_at(self, x: float, y: float) -> float | None:
        """The target's probability in the cell under a level-0 point, or None."""
        answer = self.answer_at(x, y)
        if answer is None or self._shown is None:
            return None
        return answer.probabilities[self._shown.class_names[self._shown.target]]

    def _made_table(self, opacity: float) -> NDArray[np.uint32]:
        low, high = self.span
        first = 1 if self.shows_spread else step_of(self._threshold)
        reds = ramp(self._look.palette, opacity)
        places = (VALUES[first:] - low) * ((len(reds) - 1) / max(high - low, 1e-6))
        made = np.zeros(len(VALUES), np.uint32)
        made[first:] = reds[np.clip(places, 0, len(reds) - 1).astype(np.intp)]
        return made
