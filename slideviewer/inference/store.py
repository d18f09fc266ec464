"""A prediction on disk: OME-Zarr beside a small JSON, written chunk by chunk and resumable.

A store is a folder of two parts: ``probabilities.ome.zarr`` (OME-Zarr 0.5, axes c, y, x, one
picture element a cell, NaN where the model did not look), which other programs open, and
``prediction.json``, which says what the numbers are and how they came about.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.errors import PredictionError
from slideviewer.inference.files import told_to_user
from slideviewer.inference.grid import Grid
from slideviewer.inference.ome import multiscales
from slideviewer.inference.prediction import CellBatch, Prediction, Probabilities
from slideviewer.inference.record import RECORD_FILE, GridRecord, Record

ARRAY_FOLDER = "probabilities.ome.zarr"
CHUNK_CELLS = 32
"""Side of a chunk in cells: a slide gives some hundred files, a batch rewrites one or two."""

MAX_CELLS = 4_000_000
"""More cells than any slide gives at a sensible spacing (2000 x 2000)."""


class PredictionStore:
    """A prediction being written. What was written once survives the end of the process.

    Attributes
    ----------
    folder : Path
    grid : Grid
    """

    def __init__(self, folder: Path, record: Record, probabilities: Probabilities) -> None:
        self.folder = folder
        self.grid = record.as_grid()
        self._record = record
        self._probabilities = probabilities
        import zarr  # late: it takes longer to import than all the rest of a window's start

        self._array = zarr.open_array(folder / ARRAY_FOLDER / "0", mode="r+")

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
        )
        with told_to_user(folder):
            if (folder / RECORD_FILE).exists():
                probabilities = _resumed(folder, record, replace)
                if probabilities is not None:
                    record.write(folder)
                    return cls(folder, record, probabilities)
            _create(folder, record)
        return cls(folder, record, np.full(record.shape, np.nan, np.float32))

    @property
    def probabilities(self) -> Probabilities:
        """All that is known so far: shape (rows, columns, classes), NaN where not looked at."""
        return self._probabilities

    @property
    def done(self) -> NDArray[np.bool_]:
        """Which cells are predicted: shape (rows, columns)."""
        done: NDArray[np.bool_] = ~np.isnan(self._probabilities[:, :, 0])
        return done

    def write(self, batch: CellBatch) -> None:
        """Keep newly predicted cells, on disk before this returns.

        Raises
        ------
        PredictionError
            Where the disk refuses.
        """
        self._probabilities[batch.rows, batch.columns] = batch.probabilities
        chunks = set(zip(batch.rows // CHUNK_CELLS, batch.columns // CHUNK_CELLS, strict=True))
        with told_to_user(self.folder):
            for chunk_row, chunk_column in sorted(chunks):
                part = _chunk(chunk_row), _chunk(chunk_column)
                self._array[(slice(None), *part)] = self._probabilities[part].transpose(2, 0, 1)

    def finish(
        self,
        *,
        complete: bool,
        skipped: Sequence[tuple[int, int, str]] = (),
        facts: Mapping[str, object] = MappingProxyType({}),
    ) -> Prediction:
        """Note how the run ended, and return all that the store holds.

        Parameters
        ----------
        complete : bool
            Whether every tissue cell was predicted.
        skipped : sequence of (column, row, reason)
            Cells that could not be read.
        facts : mapping
            Added to the provenance: plain JSON values.
        """
        self._record.complete, self._record.skipped = complete, list(skipped)
        self._record.provenance |= facts
        with told_to_user(self.folder):
            self._record.write(self.folder)
        return _prediction(self._record, self._probabilities.copy())


def read_prediction(folder: Path) -> Prediction:
    """Read a store, finished or not.

    A chunk that is damaged counts as not looked at.

    Raises
    ------
    PredictionError
        Where the folder holds no prediction, or one that cannot be understood.
    """
    return _prediction(*_read(folder))


def _prediction(record: Record, probabilities: Probabilities) -> Prediction:
    probabilities.setflags(write=False)
    return Prediction(
        grid=record.as_grid(),
        class_names=tuple(record.class_names),
        probabilities=probabilities,
        target=record.target,
        threshold=record.threshold,
        provenance=MappingProxyType(record.provenance),
        complete=record.complete,
        skipped=tuple(record.skipped),
    )


def _resumed(folder: Path, record: Record, replace: bool) -> Probabilities | None:
    """Return what a run of the same kind left, or None where a new store takes its place."""
    try:
        former, probabilities = _read(folder)
    except PredictionError:
        if replace:
            return None
        raise
    difference = record.differs_from(former)
    if difference and not replace:
        raise PredictionError(
            f"The folder holds a prediction made otherwise ({difference}).",
            path=folder,
            remedy="Choose another folder, or let this one be overwritten (--overwrite).",
        )
    return None if difference else probabilities


def _create(folder: Path, record: Record) -> None:
    import zarr

    folder.mkdir(parents=True, exist_ok=True)
    # The record goes first and comes last: a folder with a record always has its array.
    (folder / RECORD_FILE).unlink(missing_ok=True)
    if (folder / ARRAY_FOLDER).exists():
        shutil.rmtree(folder / ARRAY_FOLDER)
    rows, columns, classes = record.shape
    spacing = record.provenance.get("spacing_um_px")
    spacing_um_px = float(spacing) if isinstance(spacing, int | float) else None
    ome: Any = multiscales(record.as_grid(), record.class_names, record.target, spacing_um_px)
    group = zarr.open_group(folder / ARRAY_FOLDER, mode="w", zarr_format=3)
    group.attrs.update({"ome": ome, "research_use": RESEARCH_USE_ONLY})
    group.create_array(
        "0",
        shape=(classes, rows, columns),
        chunks=(classes, CHUNK_CELLS, CHUNK_CELLS),
        dtype="float32",
        fill_value=float("nan"),
        dimension_names=("c", "y", "x"),
    )
    record.write(folder)


def _read(folder: Path) -> tuple[Record, Probabilities]:
    import zarr

    try:
        record = Record.model_validate_json((folder / RECORD_FILE).read_bytes())
        array = zarr.open_array(folder / ARRAY_FOLDER / "0", mode="r")
    except FileNotFoundError as error:
        raise PredictionError(
            f"This is no prediction: {RECORD_FILE} or {ARRAY_FOLDER} is missing.", path=folder
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole file"
        raise _not_understood(folder / RECORD_FILE, f"{place}: {first['msg']}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _not_understood(folder / ARRAY_FOLDER, str(error)) from error
    rows, columns, classes = record.shape
    if array.shape != (classes, rows, columns) or record.target >= classes:
        reason = f"an array of shape {array.shape} does not fit {classes}, {rows}, {columns}"
        raise _not_understood(folder, reason)
    if rows * columns > MAX_CELLS:
        raise _not_understood(folder, f"{rows} x {columns} cells are more than {MAX_CELLS}")
    probabilities = np.full(record.shape, np.nan, np.float32)
    for part in _chunks(rows, columns):
        try:
            probabilities[part] = np.asarray(array[(slice(None), *part)]).transpose(1, 2, 0)
        except (OSError, ValueError, RuntimeError):
            continue  # cut off by a crash of the machine: to be predicted again
    return record, probabilities


def _chunk(number: int) -> slice:
    return slice(int(number) * CHUNK_CELLS, (int(number) + 1) * CHUNK_CELLS)


def _chunks(rows: int, columns: int) -> Iterator[tuple[slice, slice]]:
    for row in range(-(-rows // CHUNK_CELLS)):
        for column in range(-(-columns // CHUNK_CELLS)):
            yield _chunk(row), _chunk(column)


def _not_understood(path: Path, reason: str) -> PredictionError:
    return PredictionError(
        f"The prediction cannot be understood: {reason}.",
        path=path,
        remedy="Delete the folder and predict again.",
    )
