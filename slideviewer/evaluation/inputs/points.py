"""Lesions as points: one table a slide, `probability,x,y`, as Camelyon16 wants them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from slideviewer.annotations.model import FARTHEST_PX
from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.cases import files_of, listed
from slideviewer.evaluation.inputs.tables import read_table
from slideviewer.evaluation.lesions import Detections
from slideviewer.inference.export import FORMATS
from slideviewer.inference.lesions import lesion_points, written
from slideviewer.inference.prediction import Prediction

LESIONS_FILE = FORMATS["lesions"].file
_NAMED = 3


def point_files(path: Path) -> dict[str, Path]:
    """The tables of a file, of a folder of them, or of the results of `slideviewer predict`.

    Raises
    ------
    EvaluationError
        Where there is none.
    """
    if path.is_file() and path.name == LESIONS_FILE:
        return {path.parent.resolve().name: path}
    if path.is_dir():
        if (path / LESIONS_FILE).is_file():
            return {path.resolve().name: path / LESIONS_FILE}
        inner = {it.parent.name: it for it in sorted(path.glob(f"*/{LESIONS_FILE}"))}
        if inner:
            return inner
    return files_of(path, (".csv",), "tables of points")


def points_of(prediction: Prediction) -> Detections:
    """The lesions of a prediction, as reading the table that is written of it would give them."""
    rows = [[float(it) for it in written(lesion)] for lesion in lesion_points(prediction)]
    table = np.array(rows, np.float64).reshape(-1, 3)
    return Detections(table[:, 0], table[:, 1:])


def check_whole(name: str, part: str, path: Path) -> None:
    """Make sure that lesions are looked for on all of a slide.

    Parameters
    ----------
    name : str
        Of the slide.
    part : str
        See `part_of`.
    path : Path
        For the error.

    Raises
    ------
    EvaluationError
        Where only a part was looked at: lesions elsewhere would be taken for missed.
    """
    if part:
        raise EvaluationError(
            f"Lesions of {listed([name])} are not measured, for {part}: those where the model "
            "never looked would count as missed.",
            path=path,
            remedy="Predict all of it.",
        )


def not_reached_notes(left: Mapping[str, int]) -> tuple[str, ...]:
    """What to say of slides on which a run had no time for so many tiles."""
    slides = [f"{name} ({count} tiles)" for name, count in left.items() if count]
    if not slides:
        return ()
    where = ", ".join(slides[:_NAMED])
    more = f" and {len(slides) - _NAMED} more slides" if len(slides) > _NAMED else ""
    return (f"There was no time for all tissue of {where}{more}; lesions there count as missed.",)


def read_points(path: Path, size: tuple[int, int] | None) -> Detections:
    """Read a table without a header; an empty file says that nothing was found.

    Parameters
    ----------
    path : Path
    size : tuple of int or None
        Width and height of the slide in level-0 pixels, where that is known.

    Raises
    ------
    EvaluationError
        Where a line is no probability with a place on the slide.
    """
    table = read_table(path, has_header=False, columns=3)
    chances, points = np.empty(len(table.rows)), np.empty((len(table.rows), 2))
    for row in range(len(table.rows)):
        chance = table.number(row, 0, "probability")
        x, y = (table.number(row, column, "place") for column in (1, 2))
        if not 0 <= chance <= 1:
            raise table.fault(row, f"{chance:g} is no probability from 0 to 1.")
        if not 0 <= min(x, y) <= max(x, y) <= FARTHEST_PX or (
            size is not None and (x > size[0] or y > size[1])
        ):
            where = f", which has {size[0]} × {size[1]} px" if size is not None else ""
            raise EvaluationError(
                f"Line {table.lines[row]}: the point {x:g}, {y:g} lies beside the slide{where}: it "
                "is of another slide.",
                path=path,
            )
        chances[row], points[row] = chance, (x, y)
    return Detections(chances, points)
