"""The files of a stored prediction: made, and read back however they were left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.errors import PredictionError
from slideviewer.inference.ome import multiscales
from slideviewer.inference.prediction import Probabilities
from slideviewer.inference.record import RECORD_FILE, Record, misread, not_understood

ARRAY_FOLDER, NUCLEI_FOLDER = "probabilities.ome.zarr", "nuclei"
PROBABILITIES, SPREAD = "0", "spread"
"""The arrays in it: (classes, rows, columns), and where tiles were looked at again (rows, columns)
beside."""
CHUNK_CELLS = 32
"""Side of a chunk in cells: a slide gives some hundred files, a batch rewrites one or two."""

Spread = NDArray[np.float32]
"""How much the answers for each cell differ: shape (rows, columns), NaN where not looked at."""

MAX_CELLS = 4_000_000
"""More cells than any slide gives at a sensible spacing (2000 x 2000)."""


def nothing_yet(record: Record) -> tuple[Probabilities, Spread | None]:
    """Make the arrays of a store that holds nothing."""
    spread = np.full(record.shape[:2], np.nan, np.float32) if record.has_spread else None
    return np.full(record.shape, np.nan, np.float32), spread


def create_files(folder: Path, record: Record) -> None:
    """Begin a store in a folder; an array that lay there goes."""
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
    if record.has_spread:
        group.create_array(
            SPREAD,
            shape=(rows, columns),
            chunks=(CHUNK_CELLS, CHUNK_CELLS),
            dtype="float32",
            fill_value=float("nan"),
            dimension_names=("y", "x"),
        )
    group.create_array(
        PROBABILITIES,
        shape=(classes, rows, columns),
        chunks=(classes, CHUNK_CELLS, CHUNK_CELLS),
        dtype="float32",
        fill_value=float("nan"),
        dimension_names=("c", "y", "x"),
    )
    record.write(folder)


def read_files(folder: Path) -> tuple[Record, Probabilities, Spread | None]:
    """Read a store; a chunk that is damaged counts as not looked at.

    Raises
    ------
    PredictionError
        Where the folder holds no prediction, or one that cannot be understood.
    """
    import zarr

    try:
        record = Record.model_validate_json((folder / RECORD_FILE).read_bytes())
        array = zarr.open_array(folder / ARRAY_FOLDER / PROBABILITIES, mode="r")
        beside = None
        if record.has_spread:
            beside = zarr.open_array(folder / ARRAY_FOLDER / SPREAD, mode="r")
    except FileNotFoundError as error:
        raise PredictionError(
            f"This is no prediction: {RECORD_FILE} or {ARRAY_FOLDER} is missing.", path=folder
        ) from error
    except ValidationError as error:
        raise misread(folder, error) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise not_understood(folder / ARRAY_FOLDER, str(error)) from error
    rows, columns, classes = record.shape
    fits = array.shape == (classes, rows, columns) and record.target < classes
    if not fits or (beside is not None and beside.shape != (rows, columns)):
        reason = f"an array of shape {array.shape} does not fit {classes}, {rows}, {columns}"
        raise not_understood(folder, reason)
    if rows * columns > MAX_CELLS:
        raise not_understood(folder, f"{rows} x {columns} cells are more than {MAX_CELLS}")
    probabilities, spread = nothing_yet(record)
    for part in chunks(rows, columns):
        try:
            if spread is not None and beside is not None:
                spread[part] = np.asarray(beside[part])
            probabilities[part] = np.asarray(array[(slice(None), *part)]).transpose(1, 2, 0)
        except (OSError, ValueError, RuntimeError):
            continue  # cut off by a crash of the machine: to be predicted again
    return record, probabilities, spread


def chunk(number: int) -> slice:
    """The rows or columns of a chunk."""
    return slice(int(number) * CHUNK_CELLS, (int(number) + 1) * CHUNK_CELLS)


def chunks(rows: int, columns: int) -> Iterator[tuple[slice, slice]]:
    """Every chunk: its rows and columns."""
    for row in range(-(-rows // CHUNK_CELLS)):
        for column in range(-(-columns // CHUNK_CELLS)):
            yield chunk(row), chunk(column)
