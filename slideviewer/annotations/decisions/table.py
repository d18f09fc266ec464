"""Decisions as a table: who decided what, when, and why; and how the slide was read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from slideviewer.annotations.csv_file import plain, write_rows
from slideviewer.annotations.decisions.decision import Decision
from slideviewer.annotations.decisions.reading import Reading

COLUMNS = (
    *("at", "author", "kind", "verdict", "group", "reason", "note"),
    *("x", "y", "width", "height", "area_px2", "area_um2", "score", "source", "id"),
    *("opened", "seconds", "openings", "session", "order", "annotations_before", "seen_before"),
)
"""Places are level-0 pixels. The last ones are filled for readings, the middle for decisions."""

READING = "reading"
"""The kind of a row that tells of a reading."""


def write_decisions_csv(
    decisions: Iterable[Decision],
    path: Path,
    spacing_um_px: float | None = None,
    readings: Iterable[Reading] = (),
) -> None:
    """Write a row for each decision and each reading, in the order of time.

    The file is as RFC 4180 has it, in UTF-8. Words that a spreadsheet would take for a formula get
    an apostrophe in front.

    Parameters
    ----------
    decisions : iterable of Decision
    path : Path
        Replaced only when all is written.
    spacing_um_px : float, optional
        Micrometres per level-0 pixel; without it areas in µm² are left empty.
    readings : iterable of Reading

    Raises
    ------
    AnnotationError
        The file cannot be written; a former one is untouched then.
    """
    decided = [(it.at, it.id, _row(it, spacing_um_px)) for it in decisions]
    read = [(it.ended or it.opened, it.id, _reading_row(it)) for it in readings]
    rows = [row for _, _, row in sorted([*decided, *read], key=lambda it: it[:2])]
    write_rows(COLUMNS, rows, path)


def _row(decision: Decision, spacing: float | None) -> list[str]:
    words = (decision.at, decision.author, decision.kind, str(decision.verdict))
    more = (decision.group or "", decision.reason, decision.note)
    numbers = ["", "", "", "", "", ""]
    if len(decision.runs):
        left, top = decision.runs[:, :2].min(axis=0)
        right, bottom = decision.runs[:, 2:].max(axis=0)
        x1, y1, x2, y2 = decision.runs.T
        area = float(((x2 - x1) * (y2 - y1)).sum())
        um2 = "" if spacing is None else f"{area * spacing**2:.1f}"
        places = (left, top, right - left, bottom - top, area)
        numbers = [*(f"{value:.1f}" for value in places), um2]
    score = "" if decision.score is None else f"{decision.score:.4f}"
    rest = [score, plain(decision.source), decision.id]
    return [*map(plain, (*words, *more)), *numbers, *rest, *[""] * 7]


def _reading_row(reading: Reading) -> list[str]:
    words = (reading.ended, reading.reader, READING, str(reading.ending))
    numbers = (f"{reading.seconds:.0f}", str(reading.openings), reading.session)
    order = str(reading.order) if reading.order else ""
    before = str(reading.annotations) if reading.is_over else ""
    seen = "yes" if reading.was_seen else "no"
    told = (reading.id, reading.opened, *numbers, order, before, seen)
    return [*map(plain, words), *[""] * 11, *map(plain, told)]
