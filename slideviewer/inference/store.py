"""A prediction on disk: OME-Zarr beside a small JSON, written chunk by chunk and resumable.

A store is a folder of two parts: ``probabilities.ome.zarr`` (OME-Zarr 0.5, axes c, y, x, one
picture element a cell, NaN where the model did not look), which other programs open, and
``prediction.json``, which says what the numbers are and how they came about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.files import told_to_user
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import CellBatch, Prediction, Probabilities
from slideviewer.inference.record import GridRecord, Record, left_by_former
from slideviewer.inference.store_files import (
    ARRAY_FOLDER,
    CHUNK_CELLS,
    PROBABILITIES,
    SPREAD,
    Spread,
    chunk,
    create_files,
    nothing_yet,
    read_files,
)


class PredictionStore:
    """A prediction being written. What was written once survives the end of the process.

    Attributes
    ----------
    folder : Path
    grid : Grid
    """

    def __init__(
        self, folder: Path, record: Record, probabilities: Probabilities, spread: Spread | None
    ) -> None:
        self.folder = folder
        self.grid = record.as_grid()
        self._record = record
        self._probabilities, self._spread = probabilities, spread
        import zarr  # late: it takes longer to import than all the rest of a window's start

        self._array = zarr.open_array(folder / ARRAY_FOLDER / PROBABILITIES, mode="r+")
        if spread is not None:
            self._spread_array = zarr.open_array(folder / ARRAY_FOLDER / SPREAD, mode="r+")

    @classmethod
    def open_or_create(
        cls,
        folder: Path,
        grid: Grid,
        class_names: Sequence[str],
        provenance: Mapping[str, object],
        *,
        target: int,
        threshold: float,
        has_spread: bool = False,
        replace: bool = False,
    ) -> PredictionStore:
        """Resume the store in a folder, or begin one.

        Parameters
        ----------
        folder : Path
            Made where it does not exist. A store there is resumed if it holds the same grid and
            classes, from the same model, slide and spacing.
        grid, class_names, target, threshold
            As in `Prediction`.
        provenance : mapping
            As in `Prediction`; ``model.hash``, ``slide.content`` and ``spacing_um_px`` in it
            decide whether a store is resumed.
        has_spread : bool
            Whether batches tell how much answers differ.
        replace : bool
            Whether a store that was made otherwise, or is damaged, gives way to a new one
            instead of being refused.

        Raises
        ------
        PredictionError
            Where the folder holds another prediction, or cannot be written.
        """
        record = Record(
            grid=GridRecord(**vars(grid)),
            class_names=list(class_names),
            target=target,
            threshold=threshold,
            provenance=dict(provenance),
            has_spread=has_spread,
        )
        with told_to_user(folder):
            former = left_by_former(
                folder,
                lambda: read_files(folder),
                lambda it: record.differs_from(it[0]),
                replace=replace,
            )
            if former is not None:
                record.go_on_from(former[0])
                record.write(folder)
                return cls(folder, record, *former[1:])
            create_files(folder, record)
        return cls(folder, record, *nothing_yet(record))

    @property
    def probabilities(self) -> Probabilities:
        """All that is known so far: shape (rows, columns, classes), NaN where not looked at."""
        return self._probabilities

    @property
    def spread(self) -> Spread | None:
        """How much answers differ, as far as known; None where cells are looked at once."""
        return self._spread

    @property
    def done(self) -> NDArray[np.bool_]:
        """Which cells are predicted: shape (rows, columns)."""
        done: NDArray[np.bool_] = ~np.isnan(self._probabilities[:, :, 0])
        return done

    def computing(self, ways: Sequence[Mapping[str, object]]) -> None:
        """Note how what comes now is computed, before it comes.

        Parameters
        ----------
        ways : sequence of mapping
            What the models say of themselves; those of former runs stay in the record.

        Raises
        ------
        PredictionError
            Where the disk refuses.
        """
        self._record.note_ways(ways)
        with told_to_user(self.folder):
            self._record.write(self.folder)

    def write(self, batch: CellBatch) -> None:
        """Keep newly predicted cells, on disk before this returns.

        Raises
        ------
        PredictionError
            Where the disk refuses.
        """
        self._probabilities[batch.rows, batch.columns] = batch.probabilities
        if self._spread is not None:
            self._spread[batch.rows, batch.columns] = batch.spread
        chunks = set(zip(batch.rows // CHUNK_CELLS, batch.columns // CHUNK_CELLS, strict=True))
        with told_to_user(self.folder):
            for chunk_row, chunk_column in sorted(chunks):
                part = chunk(chunk_row), chunk(chunk_column)
                # Before the probabilities, which tell that a cell is done.
                if self._spread is not None:
                    self._spread_array[part] = self._spread[part]
                self._array[(slice(None), *part)] = self._probabilities[part].transpose(2, 0, 1)

    def finish(
        self,
        *,
        complete: bool,
        skipped: Sequence[tuple[int, int, str]] = (),
        ways: Sequence[Mapping[str, object]] = (),
        facts: Mapping[str, object] = MappingProxyType({}),
    ) -> Prediction:
        """Note how the run ended, and return all that the store holds.

        Parameters
        ----------
        complete : bool
            Whether every tissue cell was predicted.
        skipped : sequence of (column, row, reason)
            Cells that could not be read.
        ways : sequence of mapping
            As in `computing`, where anything was computed now.
        facts : mapping
            Added to the provenance: plain JSON values.
        """
        self._record.complete, self._record.skipped = complete, list(skipped)
        self._record.provenance |= facts
        self._record.note_ways(ways)
        with told_to_user(self.folder):
            self._record.write(self.folder)
        spread = None if self._spread is None else self._spread.copy()
        return _prediction(self._record, self._probabilities.copy(), spread)


def read_prediction(folder: Path) -> Prediction:
    """Read a store, finished or not.

    A chunk that is damaged counts as not looked at.

    Raises
    ------
    PredictionError
        Where the folder holds no prediction, or one that cannot be understood.
    """
    return _prediction(*read_files(folder))


def _prediction(record: Record, probabilities: Probabilities, spread: Spread | None) -> Prediction:
    probabilities.setflags(write=False)
    if spread is not None:
        spread.setflags(write=False)
    return Prediction(
        grid=record.as_grid(),
        class_names=tuple(record.class_names),
        probabilities=probabilities,
        target=record.target,
        threshold=record.threshold,
        provenance=MappingProxyType(record.provenance),
        complete=record.complete,
        skipped=tuple(record.skipped),
        spread=spread,
    )
