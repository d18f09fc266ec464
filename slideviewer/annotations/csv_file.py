"""Tables as CSV that spreadsheets read as they are meant."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from slideviewer.annotations.saving import write_safely

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_rows(columns: Sequence[str], rows: Iterable[Sequence[str]], path: Path) -> None:
    """Write a table as RFC 4180 has it, in UTF-8, with a head.

    Parameters
    ----------
    columns : sequence of str
    rows : iterable of sequence of str
    path : Path
        Replaced only when all is written.

    Raises
    ------
    AnnotationError
        The file cannot be written; a former one is untouched then.
    """

    def write(stream: BinaryIO) -> None:
        text = io.TextIOWrapper(stream, "utf-8", "replace", newline="")
        try:
            writer = csv.writer(text)
            writer.writerow(columns)
            writer.writerows(rows)
            text.flush()
        finally:
            text.detach()  # the stream is the other's to close

    write_safely(path, write, backup=False)


def plain(text: str) -> str:
    """Words that no spreadsheet takes for a formula: an apostrophe is put in front of such."""
    return f"'{text}" if text.startswith(_FORMULA) else text
