"""Nuclei as rows of a table."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from slideviewer.files import replacing_text
from slideviewer.inference.nuclei.nuclei import Nuclei
from slideviewer.inference.segmentation.frame import MaskFrame

NUCLEI_FILE = "nuclei.csv"

COLUMNS = (
    *("nucleus", "x", "y", "area_px", "area_um2", "roundness"),
    *("haematoxylin_od", "eosin_od"),
)
"""Place and area in level-0 pixels; empty where a value is not known. The research-use line is in
``run.json``, for no comment is allowed here."""


def rows_of(
    parts: Iterable[Nuclei], frame: MaskFrame, spacing_um_px: float | None
) -> Iterator[list[str]]:
    """The rows of nuclei, numbered from 1.

    Parameters
    ----------
    parts : iterable of Nuclei
    frame : MaskFrame
        Of the mask that they were found in.
    spacing_um_px : float or None
        Micrometres per level-0 pixel.
    """
    number = 0
    for nuclei in parts:
        centres = nuclei.centres_level_0(frame)
        areas = nuclei.pixels.astype(np.float64) * frame.scale**2
        columns = zip(
            centres.tolist(),
            areas.tolist(),
            nuclei.roundness.tolist(),
            nuclei.stains.tolist(),
            strict=True,
        )
        for (x, y), area, roundness, stains in columns:
            number += 1
            area_um2 = None if spacing_um_px is None else area * spacing_um_px**2
            values = (x, y, area, area_um2, roundness, *stains)
            yield [str(number), *map(_number, values)]


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV, whole or not at all."""
    with replacing_text(path) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        table.writerows(rows)


def read_table(path: Path, columns: Sequence[str]) -> list[list[str]]:
    """Read what `write_table` wrote.

    Raises
    ------
    ValueError
        Where it has other columns.
    OSError
    """
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    if head != list(columns) or any(len(row) != len(columns) for row in rows):
        raise ValueError(f"{path} has other columns")
    return rows


def _number(value: float | None) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.3f}".rstrip("0").rstrip(".")
