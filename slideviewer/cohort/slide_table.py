"""Slides that a table names, for a worklist."""

from __future__ import annotations

import csv
import os
from pathlib import Path

from slideviewer.cohort.worklist import WorklistError

_LARGEST_CSV = 64 << 20


def slides_in_csv(path: Path) -> list[Path]:
    """Read the slides of a CSV: the first column, or the one named slide, path or file.

    Parameters
    ----------
    path : Path
        UTF-8, with or without a header; relative names are relative to its folder.

    Raises
    ------
    WorklistError
        If it cannot be read, or names no slide.
    """
    try:
        if path.stat().st_size > _LARGEST_CSV:
            raise WorklistError("The table is larger than 64 MiB.", path=path)
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = [row for row in csv.reader(stream) if row and any(map(str.strip, row))]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise WorklistError(f"The table cannot be read: {reason}.", path=path) from error
    if not rows:
        raise WorklistError("The table is empty.", path=path, remedy="Name a slide in each row.")
    head = [word.strip().casefold() for word in rows[0]]
    named = [head.index(name) for name in ("slide", "path", "file") if name in head]
    column, rows = (named[0], rows[1:]) if named else (0, rows)
    names = [row[column].strip() for row in rows if column < len(row) and row[column].strip()]
    if not names:
        raise WorklistError(
            "The table names no slide.",
            path=path,
            remedy='Its first column, or the one called "slide", holds their files.',
        )
    places = (Path(os.path.abspath(path.parent / name)) for name in names)
    return list(dict.fromkeys(places))
