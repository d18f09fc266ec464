"""The tiles of one slide that a model is corrected on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.grid import Grid
from slideviewer.inference.plan import Plan
from slideviewer.models.loading import apply_temperature
from slideviewer.progress import Progress
from slideviewer.training.improving.embedding import Embedder
from slideviewer.training.improving.head import Embeddings
from slideviewer.training.improving.lessons import Lessons, Source

SURE = 0.9
"""Calibrated probability from which an answer outside the review is replayed."""
_LOOKED_AT = 1000
"""Tiles of a slide that are asked whether the model is sure of them."""


@dataclass(frozen=True, eq=False)
class SlidePart:
    """Some tiles of one slide, embedded.

    Attributes
    ----------
    grid : Grid
    columns, rows : ndarray (n,), int32
        Where in the grid they are.
    embeddings : ndarray (n, features), float32
    labels : ndarray (n,), int64
    sources : ndarray (n,), int64
        A `Source`; 0 where the model was just sure of it.
    """

    grid: Grid
    columns: NDArray[np.int32]
    rows: NDArray[np.int32]
    embeddings: Embeddings
    labels: NDArray[np.int64]
    sources: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        plan: Plan,
        lessons: Lessons,
        embedder: Embedder,
        most: int,
        rng: np.random.Generator,
        progress: Progress,
    ) -> SlidePart:
        """The known tiles; of too many, each class has the same share, verdicts before markup."""
        rows, columns = np.nonzero(lessons.known)
        labels, sources = lessons.labels[rows, columns], lessons.sources[rows, columns]
        wanted = np.zeros(lessons.labels.shape, bool)
        present = np.unique(labels)
        for label in present:
            own = rng.permutation(np.flatnonzero(labels == label))
            own = own[np.argsort(sources[own] == Source.DRAWN, kind="stable")]
            own = own[: max(1, most // len(present))]
            wanted[rows[own], columns[own]] = True
        cells = embedder.cells(plan, wanted, progress)
        at = cells.rows, cells.columns
        return cls(
            plan.grid,
            cells.columns,
            cells.rows,
            cells.embeddings,
            lessons.labels[at].astype(np.int64),
            lessons.sources[at].astype(np.int64),
        )

    def sure_of(
        self,
        plan: Plan,
        free: NDArray[np.bool_],
        embedder: Embedder,
        rng: np.random.Generator,
        progress: Progress,
    ) -> SlidePart:
        """Tiles elsewhere on the slide whose class the model is sure of."""
        rows, columns = np.nonzero(free)
        asked = rng.permutation(len(rows))[:_LOOKED_AT]
        wanted = np.zeros(free.shape, bool)
        wanted[rows[asked], columns[asked]] = True
        cells = embedder.cells(plan, wanted, progress)
        if not len(cells):
            nothing = np.zeros(0, np.int64)
            none = self.embeddings[:0]
            return replace(
                self,
                columns=cells.columns,
                rows=cells.rows,
                embeddings=none,
                labels=nothing,
                sources=nothing,
            )
        spec = embedder.package.spec
        raw = embedder.weights.head.answers(cells.embeddings)
        chances = apply_temperature(raw, spec.temperature)
        sure = chances.max(axis=1) >= SURE
        return SlidePart(
            self.grid,
            cells.columns[sure],
            cells.rows[sure],
            cells.embeddings[sure],
            chances[sure].argmax(axis=1).astype(np.int64),
            np.zeros(int(sure.sum()), np.int64),
        )
