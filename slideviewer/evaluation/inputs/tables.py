"""Tables of commas, from any program: read whole, each fault told with its line."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slideviewer.errors import EvaluationError

MOST_BYTES = 2 << 30
_QUOTED = 60


@dataclass(frozen=True)
class CsvTable:
    """The rows of a file.

    Attributes
    ----------
    path : Path
    header : tuple of str
        Empty where the file is read without one.
    rows : list of list of str
        Without empty lines.
    lines : list of int
        The line of each row, from 1.
    """

    path: Path
    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]

    def index(self, *names: str) -> int | None:
        """The first column of any of some names, in any case; None where there is none."""
        known = [name.strip().casefold() for name in self.header]
        return next((known.index(name) for name in names if name in known), None)

    def needed(self, *names: str) -> int:
        """The first column of any of some names.

        Raises
        ------
        EvaluationError
            Where there is none.
        """
        found = self.index(*names)
        if found is None:
            raise EvaluationError(
                f'has no column "{names[0]}"; its first line is "{shortened(self.header)}".',
                path=self.path,
                remedy=f"Name the column {' or '.join(names)}.",
            )
        return found

    def number(self, row: int, column: int, what: str) -> float:
        """A number in a row.

        Raises
        ------
        EvaluationError
            Where there stands none, or one that is not finite.
        """
        text = self.rows[row][column].strip()
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.fault(row, f'"{text[:_QUOTED]}" is no {what}.')
        return value

    def fault(self, row: int, problem: str) -> EvaluationError:
        """An error about a row."""
        return EvaluationError(f"Line {self.lines[row]}: {problem}", path=self.path)


def read_table(path: Path, *, has_header: bool, columns: int | None = None) -> CsvTable:
    """Read a table of commas in UTF-8.

    Parameters
    ----------
    path : Path
    has_header : bool
    columns : int, optional
        How many each row has; by default as many as the first.

    Raises
    ------
    EvaluationError
        Where it cannot be read, or a row has more or fewer columns.
    """
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        if path.stat().st_size > MOST_BYTES:
            raise EvaluationError("is too large for a table.", path=path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for row in reader:
                if any(cell.strip() for cell in row):
                    rows.append(row)
                    lines.append(reader.line_num)
    except OSError as error:
        raise EvaluationError(
            f"cannot be read: {error.strerror or error}.", path=path, remedy="Check its name."
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise EvaluationError(f"is no table of commas in UTF-8 ({error}).", path=path) from error
    header: tuple[str, ...] = ()
    if has_header:
        if not rows:
            raise EvaluationError("is empty, and a first line with names is needed.", path=path)
        header = tuple(cell.strip() for cell in rows.pop(0))
        lines.pop(0)
    wanted = columns or len(header) or (len(rows[0]) if rows else 0)
    for row, line in zip(rows, lines, strict=True):
        if len(row) != wanted:
            raise EvaluationError(
                f'Line {line} has {len(row)} columns where {wanted} are due: "{shortened(row)}".',
                path=path,
            )
    return CsvTable(path, header, rows, lines)


def shortened(cells: Sequence[str]) -> str:
    """A row as an error quotes it."""
    text = ",".join(cells)
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"
