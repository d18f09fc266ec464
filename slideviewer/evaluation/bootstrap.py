"""Intervals by resampling whole slides: tiles of one slide are alike, so they stay together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
PERCENTILES = (2.5, 97.5)

Weights = NDArray[np.int64]
"""How often each unit was drawn: shape (units,)."""


@dataclass(frozen=True)
class Resampling:
    """How intervals are made: percentiles of a measure over resampled units (Efron 1979).

    Attributes
    ----------
    count : int
        0 for no intervals.
    seed : int
        The same seed draws the same units, whatever is measured of them.
    """

    count: int = RESAMPLES
    seed: int = 0

    def draws(self, units: int) -> Iterator[Weights]:
        """Draw as many units as there are, with replacement, again and again.

        Yields
        ------
        ndarray (units,), int64
            How often each was drawn. Nothing where there are fewer than two units.
        """
        if units < 2:
            return
        rng = np.random.default_rng(self.seed)
        for _ in range(self.count):
            drawn = rng.integers(0, units, units)
            yield np.bincount(drawn, minlength=units).astype(np.int64)

    def interval(
        self, measure: Callable[[Weights], float | None], units: int
    ) -> tuple[float | None, float | None]:
        """The interval of a measure of weighted units; (None, None) where there is none."""
        return percentiles(measure(weights) for weights in self.draws(units))

    def words(self, unit: str, units: int) -> str:
        """How the intervals came about, for a report; empty where there are none."""
        if not self.count or units < 2:
            return ""
        return (
            f"bootstrap by {unit}: {units} {unit}s, {self.count} resamples, seed {self.seed}, "
            "percentiles 2.5 and 97.5"
        )


def percentiles(drawn: Iterable[float | None]) -> tuple[float | None, float | None]:
    """The 95 % interval of resampled values; those that are not defined do not count."""
    known = [value for value in drawn if value is not None]
    if not known:
        return None, None
    low, high = np.percentile(known, PERCENTILES)
    return float(low), float(high)
