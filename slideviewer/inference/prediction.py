"""What a tile model says of a slide, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.grid import Grid

Probabilities = NDArray[np.float32]
"""Class probabilities of a grid: shape (rows, columns, classes), float32; NaN where the model did
not look."""


@dataclass(frozen=True, eq=False)
class CellBatch:
    """Newly predicted cells of a grid.

    Attributes
    ----------
    columns, rows : ndarray (count,), int32
    probabilities : ndarray (count, classes), float32
    spread : ndarray (count,), float32, or None
        As in `Prediction`.
    """

    columns: NDArray[np.int32]
    rows: NDArray[np.int32]
    probabilities: NDArray[np.float32]
    spread: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class Prediction:
    """Class probabilities on a grid, and how they came about.

    Attributes
    ----------
    grid : Grid
    class_names : tuple of str
    probabilities : ndarray (rows, columns, classes), float32
        NaN where the model did not look (glass, or not reached).
    target : int
        Index of the class of interest (``Tumor``): the one painted red.
    threshold : float
        The probability from which a cell counts as the target.
    provenance : mapping
        Model name and hash, slide identity, parameters, product version, date: plain JSON values.
    complete : bool
        Whether every tissue cell was predicted.
    skipped : tuple of (column, row, reason)
        Cells that could not be read.
    spread : ndarray (rows, columns), float32, or None
        Standard deviation of the target's probability over models and turns, NaN where the model
        did not look; None where each cell was looked at once.
    """

    grid: Grid
    class_names: tuple[str, ...]
    probabilities: Probabilities
    target: int
    threshold: float
    provenance: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    complete: bool = True
    skipped: tuple[tuple[int, int, str], ...] = ()
    spread: NDArray[np.float32] | None = None

    @property
    def spacing_um_px(self) -> float | None:
        """Micrometres per level-0 pixel that it was made with; None where it does not say."""
        spacing = self.provenance.get("spacing_um_px")
        return float(spacing) if isinstance(spacing, int | float) else None

    @property
    def slide_size(self) -> tuple[int, int] | None:
        """Width and height of the slide in level-0 pixels; None where it does not say."""
        slide = self.provenance.get("slide")
        found = [slide.get(it) for it in ("width", "height")] if isinstance(slide, Mapping) else []
        width, height = found if len(found) == 2 else (None, None)
        return (width, height) if isinstance(width, int) and isinstance(height, int) else None

    @property
    def target_probabilities(self) -> NDArray[np.float32]:
        """The target class alone: shape (rows, columns), NaN where the model did not look."""
        target: NDArray[np.float32] = self.probabilities[:, :, self.target]
        return target

    def positive_cells(self, threshold: float | None = None) -> NDArray[np.bool_]:
        """Which cells count as the target at a threshold (the prediction's own by default)."""
        limit = self.threshold if threshold is None else threshold
        with np.errstate(invalid="ignore"):
            positive: NDArray[np.bool_] = self.target_probabilities >= limit
        return positive
