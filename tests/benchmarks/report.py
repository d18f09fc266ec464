"""Tables of figures as Markdown and JSON, and what machine they were taken on."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

Cell = str | float | int | None

PACKAGES = ("PySide6-Essentials", "openslide-bin", "simplejpeg", "tifffile", "numpy")
"""Whose versions matter to the figures."""


@dataclass(frozen=True)
class Table:
    """Figures of one part.

    Attributes
    ----------
    title : str
    columns : tuple of str
        Headings, units included.
    rows : tuple of tuple
        A cell for each column; None where there is nothing to tell.
    notes : tuple of str
        What to know when reading them.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    def markdown(self) -> str:
        """The table as it is printed."""
        lines = [f"### {self.title}", ""]
        if self.rows:
            lines += [_row(self.columns), _row(["---"] * len(self.columns))]
            lines += [_row([_words(cell) for cell in row]) for row in self.rows]
            lines.append("")
        lines += [f"- {note}" for note in self.notes]
        return "\n".join([*lines, ""] if self.notes else lines)

    def as_json(self) -> dict[str, object]:
        """The table as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Spread:
    """What a list of measurements comes to, in their unit."""

    count: int
    median: float
    p95: float
    p99: float
    worst: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Percentiles by linear interpolation; not-a-number where nothing was measured."""
        if not values:
            return cls(0, *[float("nan")] * 4)
        median, p95, p99 = (float(p) for p in np.percentile(values, (50, 95, 99)))
        return cls(len(values), median, p95, p99, float(max(values)))


def machine() -> dict[str, str]:
    """The machine, by what may matter to the figures."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return {
        "CPU": _cpu(),
        "cores": str(os.cpu_count()),
        "memory": _memory(),
        "OS": platform.platform(),
        "Python": sys.version.split()[0],
        **{name: _version(name) for name in PACKAGES},
        "load when it began": load,
    }


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _words(cell: Cell) -> str:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return "–"
    if isinstance(cell, float):
        # Three digits that count, and no more zeros than there are.
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> str:
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows knows no sysconf
        return "unknown"
    return f"{memory / 2**30:.0f} GiB"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
