"""What became of each epoch of a training: a table for people and programs."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slideviewer.files import replacing_text

HISTORY_FILE = "history.csv"

_COLUMNS = ("time", "repeat", "epoch", "seconds")


@dataclass(frozen=True)
class EpochRow:
    """What became of an epoch.

    Attributes
    ----------
    repeat, epoch : int
        From 1.
    time : str
        When it ended: ISO 8601, UTC.
    seconds : float
        What it took.
    values : mapping of str to float
        Loss and metrics by name; those of the validation part begin with ``val_``.
    """

    repeat: int
    epoch: int
    time: str
    seconds: float
    values: Mapping[str, float]

    @classmethod
    def ended_now(
        cls, repeat: int, epoch: int, seconds: float, values: Mapping[str, float]
    ) -> EpochRow:
        """The row of an epoch that has just ended."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(repeat, epoch, now, round(seconds, 3), dict(values))

    @property
    def timestamp(self) -> float:
        """When it ended, in seconds since 1970."""
        return datetime.fromisoformat(self.time).timestamp()

    def to_json(self) -> dict[str, object]:
        """As plain values."""
        return {**vars(self), "values": dict(self.values)}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> EpochRow:
        """Take what `to_json` gave; KeyError, TypeError or ValueError where it is none of it."""
        values = {str(name): float(value) for name, value in facts["values"].items()}
        return cls(
            int(facts["repeat"]),
            int(facts["epoch"]),
            str(facts["time"]),
            float(facts["seconds"]),
            values,
        )


def read_history(path: Path) -> tuple[EpochRow, ...]:
    """Read what `write_history` wrote; lines that are none of its own are left out.

    Returns
    -------
    tuple of EpochRow
        An empty one where there is no such file.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            return tuple(filter(None, map(_row_of, csv.DictReader(stream))))
    except (OSError, ValueError, csv.Error):
        return ()


def _row_of(cells: Mapping[str | Any, Any]) -> EpochRow | None:
    try:
        values = {
            name: float(text) for name, text in cells.items() if name not in _COLUMNS and text
        }
        return EpochRow(
            int(cells["repeat"]),
            int(cells["epoch"]),
            str(cells["time"]),
            float(cells["seconds"]),
            values,
        )
    except (KeyError, TypeError, ValueError):
        return None


def write_history(path: Path, rows: Iterable[EpochRow]) -> None:
    """Write a CSV with a line an epoch: time, repeat, epoch, seconds, and a column a value.

    The whole file is written beside and renamed, so that whoever looks finds it whole.

    Raises
    ------
    OSError
        The folder does not exist or cannot be written, or the disk is full.
    """
    rows = list(rows)
    names = list(dict.fromkeys(name for row in rows for name in row.values))
    with replacing_text(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*_COLUMNS, *names])
        for row in rows:
            values = (f"{row.values[name]:.6g}" if name in row.values else "" for name in names)
            writer.writerow([row.time, row.repeat, row.epoch, f"{row.seconds:.3f}", *values])
