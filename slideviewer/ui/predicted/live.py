"""What a run has found so far, kept while it is under way, whatever slide is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from slideviewer.inference.messages import (
    Batch,
    Beginning,
    NucleiStarted,
    Started,
)
from slideviewer.inference.prediction import CellBatch, Prediction
from slideviewer.ui.predicted.mask_parts import LiveMask
from slideviewer.ui.predicted.nuclei_parts import NucleiParts


class Live(Protocol):
    """What a run has found so far."""

    @property
    def shown(self) -> Any:
        """What an overlay shows of it."""

    def take(self, news: Any) -> Any:
        """Add what was predicted; what an overlay that shows it is to be told."""


class LiveTiles:
    """Tiles that are being predicted."""

    def __init__(self, started: Started) -> None:
        grid, names = started.grid, started.class_names
        nothing = np.full((grid.rows, grid.columns, len(names)), np.nan, np.float32)
        self.shown = Prediction(grid, names, nothing, started.target, started.threshold)

    def take(self, news: Batch) -> CellBatch:
        """See `Live`."""
        shown, batch = self.shown, news.cells
        shown.probabilities[batch.rows, batch.columns] = batch.probabilities
        if batch.spread is not None:
            if shown.spread is None:
                nothing = np.full(shown.probabilities.shape[:2], np.nan, np.float32)
                self.shown = shown = replace(shown, spread=nothing)
            assert shown.spread is not None
            shown.spread[batch.rows, batch.columns] = batch.spread
        return batch


class LiveParts:
    """A mask that is being predicted, or nuclei that are being found."""

    def __init__(self, shown: LiveMask | NucleiParts) -> None:
        self.shown = shown

    def take(self, news: Any) -> Any:
        """See `Live`."""
        self.shown.add(news)
        return news


def live_of(started: Beginning, store: Path) -> Live:
    """What there is of a run that has just begun: nothing yet.

    Parameters
    ----------
    started : Beginning
    store : Path
        Where its answers are kept.
    """
    match started:
        case Started():
            return LiveTiles(started)
        case NucleiStarted():
            return LiveParts(NucleiParts(started.frame, store))
        case _:
            return LiveParts(LiveMask(started, store))
