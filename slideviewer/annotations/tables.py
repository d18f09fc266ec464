"""Annotations as a table for spreadsheets and statistics: CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from slideviewer.annotations.measures import PIXELS, Measure, UmPerPixel, measured
from slideviewer.annotations.model import Annotation
from slideviewer.annotations.saving import write_safely
from slideviewer.progress import Progress, Step, silent

_CHUNK = 2000
"""Annotations between two looks at whether the user has cancelled."""

INTENSITY = "Mean intensity (0 to 255)"


def write_csv(
    annotations: Iterable[Annotation],
    path: Path,
    spacing: UmPerPixel | None = None,
    *,
    intensities: Mapping[str, float] | None = None,
    progress: Progress = silent,
) -> None:
    """Write a table with a row for each annotation.

    The file is as RFC 4180 has it: a header, lines that end in CR LF, commas, quotes around what
    needs them. It is UTF-8, and numbers have decimal points. What a shape does not have (the area
    of a measurement) is left empty.

    Parameters
    ----------
    annotations : iterable of Annotation
        An `AnnotationSet`, or some of its annotations in the order they are wanted in.
    path : Path
        Replaced only when all is written.
    spacing : (float, float), optional
        Micrometres per level-0 pixel along x and y; without it there are no columns in µm.
    intensities : mapping of id to float, optional
        Mean intensities of those that were measured; without it there is no such column.
    progress : Progress

    Raises
    ------
    AnnotationError
        The file cannot be written; a former one is untouched then.
    """
    rows = list(annotations)

    def write(stream: BinaryIO) -> None:
        text = io.TextIOWrapper(stream, "utf-8", "replace", newline="")
        try:
            writer = csv.writer(text)
            writer.writerow(header(spacing, with_intensity=intensities is not None))
            for start in range(0, len(rows), _CHUNK):
                progress(Step(start, len(rows), "Writing the table", "annotations"))
                writer.writerows(_rows_of(rows[start : start + _CHUNK], spacing, intensities))
            text.flush()
        finally:
            text.detach()  # the stream is the other's to close

    write_safely(path, write, backup=False)


def header(spacing: UmPerPixel | None, *, with_intensity: bool = False) -> list[str]:
    """The names of the columns, with their units."""
    names = ["Name", "Type", "Group", "Colour", "Points", "Centre x (px)", "Centre y (px)"]
    names += ["Area (px²)", "Perimeter (px)", "Length (px)"]
    if spacing is not None:
        names += ["Area (µm²)", "Perimeter (µm)", "Length (µm)"]
    return [*names, INTENSITY] if with_intensity else names


def _rows_of(
    annotations: Sequence[Annotation],
    spacing: UmPerPixel | None,
    intensities: Mapping[str, float] | None,
) -> Iterable[list[str]]:
    in_pixels = measured(annotations).tolist()
    in_um = measured(annotations, spacing).tolist() if spacing not in (None, PIXELS) else in_pixels
    for annotation, pixels, um in zip(annotations, in_pixels, in_um, strict=True):
        at = Measure(*pixels)
        row = [annotation.name, str(annotation.kind), annotation.group or "", annotation.colour]
        row += [str(len(annotation.points)), _number(at.x), _number(at.y)]
        row += [_number(value) for value in pixels[:3]]
        if spacing is not None:
            row += [_number(value) for value in um[:3]]
        if intensities is not None:
            row.append(_number(intensities.get(annotation.id, math.nan)))
        yield row


def _number(value: float) -> str:
    """Three digits behind the point, and none that say nothing; empty where there is no number."""
    if not math.isfinite(value):
        return ""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
