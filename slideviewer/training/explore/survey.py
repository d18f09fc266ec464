"""What a set is like as a whole: tables, and what is wrong with it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slideviewer.files import replacing_text
from slideviewer.progress import Progress, Step, silent
from slideviewer.training.explore.facts import Facts, facts_of
from slideviewer.training.explore.finding import Item

_MOST_ROWS = 12
_COLUMNS = (
    *("file", "class", "patient", "split", "width", "height", "um_px", "colours"),
    *("objects", "tissue_mm2", "problem"),
)


@dataclass(frozen=True)
class Table:
    """A title, column names, and rows of words."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class Survey:
    """A set.

    Attributes
    ----------
    name : str
    facts : tuple of Facts
    """

    name: str
    facts: tuple[Facts, ...]

    @property
    def readable(self) -> list[Facts]:
        """What can be read."""
        return [it for it in self.facts if not it.problem]

    @property
    def copies(self) -> list[list[Facts]]:
        """Items whose files are the same."""
        same: dict[str, list[Facts]] = {}
        for it in self.readable:
            if it.digest:
                same.setdefault(it.digest, []).append(it)
        return [group for group in same.values() if len(group) > 1]

    @property
    def warnings(self) -> list[str]:
        """What would spoil a training."""
        found = [
            f"{it.item.path.name} cannot be read: {it.problem}" for it in self.facts if it.problem
        ]
        for group in self.copies:
            names = ", ".join(it.item.path.name for it in group[:4])
            sides = {it.item.part for it in group} - {""}
            classes = {it.item.class_name for it in group} - {""}
            more = " They are in several classes." if len(classes) > 1 else ""
            more += " They are in several parts of the split." if len(sides) > 1 else ""
            found.append(f"{len(group)} files are the same: {names}.{more}")
        parts: dict[str, set[str]] = {}
        for it in self.facts:
            if it.item.patient and it.item.part:
                parts.setdefault(it.item.patient, set()).add(it.item.part)
        both = sorted(patient for patient, names in parts.items() if len(names) > 1)
        if both:
            found.append(f"{len(both)} patients are in several parts: {', '.join(both[:8])}.")
        unknown = [it for it in self.readable if it.spacing_um_px is None]
        if unknown and len(unknown) < len(self.readable):
            found.append(f"{len(unknown)} do not say how large their pixels are.")
        return found

    @property
    def tables(self) -> list[Table]:
        """All that is known, by subject; what does not occur is left out."""
        good = self.readable
        overview = [
            ("slides and pictures", f"{len(self.facts):,}"),
            ("damaged", f"{len(self.facts) - len(good):,}"),
            ("the same as another", f"{sum(len(group) - 1 for group in self.copies):,}"),
            ("with markup or masks", f"{sum(it.objects is not None for it in good):,}"),
        ]
        patients = {it.item.patient for it in self.facts} - {""}
        overview += [("patients", f"{len(patients):,}")] if patients else []
        tables = [Table("In all", ("", "count"), tuple(overview))]
        for title, words in (
            ("Classes", [it.item.class_name for it in self.facts]),
            ("Sizes in pixels", [f"{it.width} × {it.height}" for it in good]),
            ("µm per pixel", [_spacing(it) for it in good]),
            ("Colours", [it.colours for it in good]),
        ):
            if any(words):
                tables.append(_counted(title, words))
        tables += self._of_parts()
        numbers: dict[str, Sequence[float]] = {}
        counts = [float(it.objects) for it in good if it.objects is not None]
        numbers["marked objects in each"] = counts
        tissue = [it.tissue_mm2 for it in good if it.tissue_mm2 is not None]
        numbers["tissue of a slide, mm²"] = tissue
        for group, areas in self.areas.items():
            numbers[f"area of {group}"] = areas
        measured = [(name, *_spread(values)) for name, values in numbers.items() if len(values)]
        if measured:
            head = ("", "count", "least", "quarter", "median", "three quarters", "most")
            tables.append(Table("Measures", head, tuple(measured)))
        return tables

    @property
    def areas(self) -> Mapping[str, Sequence[float]]:
        """Areas of what is marked, by group and unit: µm² where it is known, else pixels."""
        found: dict[str, list[float]] = {}
        for it in self.readable:
            scale, unit = (1.0, "px²") if it.spacing_um_px is None else (it.spacing_um_px**2, "µm²")
            for group, areas in it.areas.items():
                found.setdefault(f"{group}, {unit}", []).extend((areas * scale).tolist())
        return found

    def _of_parts(self) -> list[Table]:
        parts = sorted({it.item.part for it in self.facts} - {""})
        if not parts:
            return []
        rows = []
        for part in parts:
            here = [it.item for it in self.facts if it.item.part == part]
            rows.append((part, f"{len(here):,}", f"{len({it.patient for it in here} - {''}):,}"))
        return [Table("Split", ("part", "slides and pictures", "patients"), tuple(rows))]

    def write_table(self, path: Path) -> None:
        """Write a line for each item as CSV.

        Raises
        ------
        OSError
            The folder cannot be written, or the disk is full.
        """
        with replacing_text(path) as stream:
            rows = csv.writer(stream, lineterminator="\n")
            rows.writerow(_COLUMNS)
            for it in self.facts:
                item = it.item
                known = [item.path.name, item.class_name, item.patient, item.part]
                known += [str(it.width), str(it.height), _spacing(it), it.colours]
                tissue = "" if it.tissue_mm2 is None else f"{it.tissue_mm2:.4g}"
                objects = "" if it.objects is None else it.objects
                rows.writerow([*known, objects, tissue, it.problem])


def survey(name: str, items: Sequence[Item], progress: Progress = silent) -> Survey:
    """Look at all items of a set, one after the other."""
    found = []
    for number, item in enumerate(items):
        progress(Step(number, len(items), f"Looking at {item.path.name}", "files"))
        found.append(facts_of(item))
    return Survey(name, tuple(found))


def _counted(title: str, words: Iterable[str]) -> Table:
    counts = Counter(words)
    most = counts.most_common(_MOST_ROWS)
    rows = [(word or "none", f"{count:,}") for word, count in most]
    if len(counts) > len(most):
        left = counts.total() - sum(count for _, count in most)
        rows.append((f"{len(counts) - len(most)} others", f"{left:,}"))
    return Table(title, ("", "count"), tuple(rows))


def _spread(values: Sequence[float]) -> tuple[str, ...]:
    marks = np.percentile(np.asarray(values), [0, 25, 50, 75, 100])
    return (f"{len(values):,}", *(number_of(mark) for mark in marks))


def number_of(value: float) -> str:
    """A number to be read: whole from a thousand on, else with four digits."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def _spacing(facts: Facts) -> str:
    return "" if facts.spacing_um_px is None else f"{facts.spacing_um_px:.4g}"
