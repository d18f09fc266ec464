"""What all that lies over the slide by a model's word has in common: threshold and colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from slideviewer.geometry import Rect
from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.ui.palettes import PALETTES, RED, premultiplied
from slideviewer.ui.viewpoint import Viewpoint

MOST_TABLES = 8
"""Kept at a time: views may show the same more or less opaque."""

RAMP_COLOURS = 1024
"""More than a screen can tell apart."""


@dataclass(frozen=True)
class CellLook:
    """How a prediction is coloured.

    Attributes
    ----------
    palette : str
        A key of `slideviewer.ui.palettes.PALETTES`.
    is_smooth : bool
        Whether colours run from cell to cell, or pixel to pixel; otherwise each has one.
    shows_spread : bool
        Whether the colour says how much the answers for a cell differ, not how probable the
        target is.
    span : tuple of float or None
        The values at the first and the last colour; found by itself by default.
    """

    palette: str = RED
    is_smooth: bool = False
    shows_spread: bool = False
    span: tuple[float, float] | None = None


class Answer(Protocol):
    """All that is known of one place."""

    @property
    def outline(self) -> NDArray[np.float64]:
        """What it is about: shape (count, 2), level-0 pixels."""

    def lines(self, spacing: Spacing | UnknownSpacing) -> tuple[str, ...]:
        """What is known, in words; the first line says the most."""


class Overlay(QObject):
    """A prediction as it grows; the threshold may change at any time. All views show the same."""

    changed = Signal(object)  # the level-0 Rect that looks different, or None for all of it

    title = "Prediction"
    """What the Layers panel calls it."""
    has_threshold = True
    """Whether what is painted depends on one."""
    has_colours = True
    """Whether the user may choose how it is coloured."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._threshold = 0.5
        self._look = CellLook()
        self._tables: dict[float, NDArray[np.uint32]] = {}

    @property
    def threshold(self) -> float:
        """The probability from which a place is painted."""
        return self._threshold

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        if threshold != self._threshold:
            self._threshold = threshold
            self._recolour()

    @property
    def look(self) -> CellLook:
        """How it is coloured, as the user wants it."""
        return self._look

    @look.setter
    def look(self, look: CellLook) -> None:
        if look != self._look:
            self._look = look
            self._recolour()

    @property
    def has_prediction(self) -> bool:
        """Whether there is anything to paint."""
        return False

    @property
    def has_spread(self) -> bool:
        """Whether it is known how much the answers for each place differ."""
        return False

    @property
    def shows_spread(self) -> bool:
        """Whether that is what is painted."""
        return self._look.shows_spread and self.has_spread

    @property
    def span(self) -> tuple[float, float]:
        """The values at the first and the last colour."""
        if self.chosen_span is not None:
            return self.chosen_span
        return self._threshold, max(1.0, self._threshold)

    @property
    def chosen_span(self) -> tuple[float, float] | None:
        """The values that the user chose for what is painted; None where they are found."""
        look = self._look
        return look.span if look.shows_spread == self.shows_spread else None

    @property
    def summary(self) -> str:
        """How much is painted, in words."""
        return "No prediction yet. Choose a model and press Predict."

    @property
    def classes(self) -> Mapping[str, tuple[str, bool]]:
        """The colour ``#rrggbb`` of each class, and whether it is painted; empty without any."""
        return {}

    def show_class(self, name: str, is_wanted: bool) -> None:
        """Paint a class, or do not."""

    @property
    def is_loading(self) -> bool:
        """Whether something in view is yet to be read."""
        return False

    def show_prediction(self, prediction: Any) -> None:
        """Show a prediction, or what there is of one; `add` adds to it."""

    def add(self, news: Any) -> None:
        """Show what was newly predicted."""

    def clear(self) -> None:
        """Show none."""

    def answer_at(self, x: float, y: float) -> Answer | None:
        """What is known of the place at a level-0 point; None where there is nothing."""
        return None

    def look_at(self, who: object, view: Viewpoint, ratio: float) -> None:
        """Get ready for what a view will show; see `slideviewer.ui.layers.layer.Layer.look_at`."""

    def forget(self, who: object) -> None:
        """A view wants nothing any more."""

    def _table(self, opacity: float) -> NDArray[np.uint32]:
        """The colour of each stored step: a new threshold changes this, and nothing that is big."""
        known = self._tables.get(opacity)
        if known is not None:
            return known
        made = self._made_table(opacity)
        if len(self._tables) >= MOST_TABLES:
            self._tables.clear()
        self._tables[opacity] = made
        return made

    def _made_table(self, opacity: float) -> NDArray[np.uint32]:
        """Each kind of overlay makes its own."""
        raise NotImplementedError

    def _recolour(self, part: Rect | None = None) -> None:
        self._tables.clear()
        self.changed.emit(part)


@lru_cache(maxsize=MOST_TABLES)
def ramp(palette: str, opacity: float) -> NDArray[np.uint32]:
    """The colours of a palette from its first to its last, as Qt keeps them."""
    rgba = PALETTES[palette].at(np.linspace(0, 1, RAMP_COLOURS))
    rgba[:, 3] *= opacity
    return premultiplied(rgba)
