"""Reports as text of a panel: every score with its value, and below it its variant."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from PySide6.QtCore import QLocale

from slideviewer.evaluation.report import Cell, Report, Score, Table
from slideviewer.evaluation.reports.words import OF_A_CLASS, plainly
from slideviewer.ui import words

NOT_DEFINED = "not defined"
_RIGHT = 'align="right"'


def number(value: Cell) -> str:
    """A value as the panel has it: four digits, with the locale's point."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return words.whole(value)
    if math.isfinite(value) and abs(value) >= 1000:
        return QLocale().toString(value, "f", 1)
    return QLocale().toString(value, "g", 4)


def scores_html(scores: Iterable[Score], pale: str) -> str:
    """Scores one below the other.

    Parameters
    ----------
    scores : iterable of Score
    pale : str
        The colour ``#rrggbb`` of variants.
    """
    rows = []
    for score in scores:
        name = plainly(score.name) + (f", {score.of}" if score.of else "")
        value = NOT_DEFINED if score.value is None else number(score.value)
        if score.low is not None and score.high is not None:
            value += f" ({number(score.low)} – {number(score.high)})"
        rows.append(f"<tr><td>{escape(name)}</td><td {_RIGHT}><b>{escape(value)}</b></td></tr>")
        rows.append(
            f'<tr><td colspan="2" style="padding-bottom:5px"><span style="color:{pale}">'
            f"{escape(score.variant)}</span></td></tr>"
        )
    return f'<table width="100%" cellspacing="0" cellpadding="1">{"".join(rows)}</table>'


def by_class_html(report: Report, pale: str) -> str:
    """The scores that are counted by class, as one table, with the one variant of them all."""
    scores = [it for it in report.scores if it.name.startswith(OF_A_CLASS)]
    if not scores:
        return ""
    names = list(dict.fromkeys(it.name for it in scores))
    rows: dict[str, dict[str, Score]] = {}
    for it in scores:
        rows.setdefault(it.of, {})[it.name] = it
    table = Table(
        "By class",
        ("class", *(plainly(it) for it in names)),
        tuple((of, *(found[it].value for it in names)) for of, found in rows.items()),
    )
    return table_html(table, scores[0].variant, pale)


def table_html(table: Table, variant: str, pale: str, columns: Sequence[int] = ()) -> str:
    """A table of a report.

    Parameters
    ----------
    table : Table
    variant : str
        What stands below its title, pale.
    pale : str
    columns : sequence of int
        Those that are shown; all by default.
    """
    shown = columns or range(len(table.columns))
    head = "".join(
        f'<td {"" if place == 0 else _RIGHT} style="color:{pale}">'
        f"{escape(table.columns[column])}</td>"
        for place, column in enumerate(shown)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td {'' if place == 0 else _RIGHT}>{escape(number(row[column]))}</td>"
            for place, column in enumerate(shown)
        )
        + "</tr>"
        for row in table.rows
    )
    below = f'<br><span style="color:{pale}">{escape(variant)}</span>' if variant else ""
    return (
        f"<p><b>{escape(table.title)}</b>{below}</p>"
        f'<table width="100%" cellspacing="0" cellpadding="2"><tr>{head}</tr>{body}</table>'
    )


def notes_html(notes: Iterable[str], pale: str) -> str:
    """What the reader should know, a paragraph each."""
    return "".join(f'<p style="color:{pale}">{escape(note)}</p>' for note in notes)
