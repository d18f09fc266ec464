"""What a model said of tiles, from the tables that `slideviewer predict` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.cases import files_of
from slideviewer.evaluation.inputs.run_facts import RunFacts, run_facts, stores_in
from slideviewer.evaluation.inputs.tables import CsvTable, read_table
from slideviewer.inference.export import FORMATS
from slideviewer.inference.pictures import PICTURES_FILE
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.store import read_prediction

TILES_FILE = FORMATS["csv"].file
_CHANCE = "prob_"
_PLACE = ("minx", "miny", "width", "height")
PLACE_DIGITS = 3
"""Behind the point of places in a table of tiles."""
_SUM_OFF = 0.02
"""Probabilities that add up to 1 but for more than this are those of something else."""


@dataclass(frozen=True, eq=False)
class PredictedTiles:
    """The tiles of one slide, or pictures of one tile each.

    Attributes
    ----------
    path : Path
        The table.
    class_names : tuple of str
    probabilities : ndarray (n, classes), float32
    rects : ndarray (n, 4), float64, or None
        x, y, width and height in level-0 pixels; None of pictures.
    names : tuple of str
        Of pictures, as the table has them; empty of tiles.
    facts : RunFacts
    """

    path: Path
    class_names: tuple[str, ...]
    probabilities: NDArray[np.float32]
    rects: NDArray[np.float64] | None
    names: tuple[str, ...]
    facts: RunFacts


def predicted_tiles(path: Path) -> dict[str, PredictedTiles]:
    """Read a table, the results of a run, or a folder of tables: by slide, or by table of pictures.

    Where a run wrote no tables, its stores are read.

    Raises
    ------
    EvaluationError
        Where there is nothing of the kind, a table is damaged, or their classes differ.
    """
    found = {
        name: tiles_of(read_prediction(it), it) if it.is_dir() else read_predicted(it)
        for name, it in _tables_in(path).items()
    }
    first = next(iter(found.values()))
    for other in found.values():
        if other.class_names != first.class_names:
            raise EvaluationError(
                f"has the classes {', '.join(other.class_names)}, and {first.path} has "
                f"{', '.join(first.class_names)}.",
                path=other.path,
                remedy="Evaluate the answers of one model at a time.",
            )
        if (other.rects is None) != (first.rects is None) or (other.names and len(found) > 1):
            raise EvaluationError(
                "is a table of pictures beside other tables.",
                path=other.path,
                remedy="Evaluate it by itself.",
            )
    return found


def read_predicted(path: Path) -> PredictedTiles:
    """Read one table: ``minx,miny,width,height,prob_<class>…`` or ``file,prob_<class>…``.

    Raises
    ------
    EvaluationError
        Where it is something else, or holds no tile or what is no probability.
    """
    table = read_table(path, has_header=True)
    classes = [
        (column, name[len(_CHANCE) :])
        for column, name in enumerate(table.header)
        if name.startswith(_CHANCE)
    ]
    file = table.index("file", "picture")
    places = [table.index(name) for name in _PLACE]
    if len(classes) < 2 or (file is None and None in places):
        raise EvaluationError(
            "is no table of predicted tiles: it needs minx,miny,width,height or file, then "
            "prob_<class> for each of two classes or more.",
            path=path,
        )
    if not table.rows:
        raise EvaluationError(
            "holds no tile: of this slide nothing was predicted.",
            path=path,
            remedy="Take it away, or predict the slide again.",
        )
    probabilities = _numbers(table, [column for column, _ in classes], "probability")
    off = np.flatnonzero(((probabilities < 0) | (probabilities > 1)).any(axis=1))
    if not len(off):
        off = np.flatnonzero(np.abs(probabilities.sum(axis=1) - 1) > _SUM_OFF)
    if len(off):
        raise table.fault(int(off[0]), "these are no probabilities of classes that add up to 1.")
    rects: NDArray[np.float64] | None = None
    names: tuple[str, ...] = ()
    if file is not None:
        names = tuple(row[file] for row in table.rows)
        _refuse_twice(table, names)
    else:
        rects = _numbers(table, [column for column in places if column is not None], "place")
        if (rects[:, 2:] <= 0).any():
            row = int(np.flatnonzero((rects[:, 2:] <= 0).any(axis=1))[0])
            raise table.fault(row, "a tile has no width or height.")
    return PredictedTiles(
        path,
        tuple(name for _, name in classes),
        probabilities.astype(np.float32),
        rects,
        names,
        run_facts(path.parent),
    )


def tiles_of(prediction: Prediction, path: Path = Path()) -> PredictedTiles:
    """The tiles of a prediction, as reading the table that is written of it would give them.

    Parameters
    ----------
    prediction : Prediction
    path : Path
        Where it comes from, for errors.

    Raises
    ------
    EvaluationError
        Where nothing was predicted.
    """
    rows, columns = np.nonzero(~np.isnan(prediction.target_probabilities))
    if not len(rows):
        raise EvaluationError("holds no tile: of this slide nothing was predicted.", path=path)
    slide = prediction.provenance.get("slide")
    lay = slide.get("path") if isinstance(slide, Mapping) else None
    grid = prediction.grid
    corners = np.stack([grid.x + columns * grid.cell, grid.y + rows * grid.cell], axis=1)
    rects = np.concatenate([corners, np.full(corners.shape, grid.cell)], axis=1)
    facts = RunFacts(
        slide=Path(lay) if isinstance(lay, str) else None,
        size=prediction.slide_size,
        spacing_um_px=prediction.spacing_um_px,
        target=prediction.class_names[prediction.target],
        threshold=prediction.threshold,
    )
    probabilities = prediction.probabilities[rows, columns]
    places = np.round(rects, PLACE_DIGITS)
    return PredictedTiles(path, prediction.class_names, probabilities, places, (), facts)


def _tables_in(path: Path) -> dict[str, Path]:
    """The tables of a file or folder, or its stores, by the names of slides."""
    if path.is_file():
        name = path.parent.resolve().name if path.name == TILES_FILE else path.stem
        return {name: path}
    if path.is_dir():
        if (path / PICTURES_FILE).is_file():
            return {path.name: path / PICTURES_FILE}
        if (path / TILES_FILE).is_file():
            return {path.resolve().name: path / TILES_FILE}
        inner = {it.parent.name: it for it in sorted(path.glob(f"*/{TILES_FILE}"))}
        inner = inner or stores_in(path)
        if inner:
            return inner
    return files_of(path, (".csv",), "tables of tiles")


def _numbers(table: CsvTable, columns: Sequence[int], what: str) -> NDArray[np.float64]:
    """Columns of a table, all at once; one by one where something is wrong, to say which."""
    cells = [[row[column] for column in columns] for row in table.rows]
    try:
        values = np.array(cells, dtype=np.float64)
    except ValueError:
        values = np.full((len(cells), len(columns)), np.nan)
    if np.isfinite(values).all():
        return values
    return np.array(
        [[table.number(row, column, what) for column in columns] for row in range(len(cells))]
    )


def _refuse_twice(table: CsvTable, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for row, name in enumerate(names):
        if name in seen:
            raise table.fault(row, f'"{name}" is there twice.')
        seen.add(name)
