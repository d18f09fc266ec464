"""Reports in words: names of measures, rows of figures, lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.evaluation.report import Cell, Report, Score

OF_A_CLASS = "class_"
"""What the names of scores begin with that stand in a table by class."""

_ABBREVIATIONS = {"roc": "ROC", "auc": "AUC", "froc": "FROC", "um2": "µm²", "ap": "AP", "f1": "F1"}


@dataclass(frozen=True)
class ScoreRow:
    """A score in words."""

    name: str
    of: str
    value: str
    interval: str
    count: str
    variant: str


def plainly(name: str) -> str:
    """A measure's name for people: ``roc_auc`` is "ROC AUC"."""
    words = [_ABBREVIATIONS.get(word, word) for word in name.removeprefix(OF_A_CLASS).split("_")]
    text = " ".join(words)
    return text if name.startswith(OF_A_CLASS) else text[:1].upper() + text[1:]


def number(value: Cell) -> str:
    """A value as a table has it."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"


def score_rows(report: Report) -> list[ScoreRow]:
    """The scores that do not stand in the table by class."""
    return [_row(score) for score in report.scores if not score.name.startswith(OF_A_CLASS)]


def by_class(report: Report) -> tuple[list[str], list[list[str]]]:
    """Column heads, and a row a class, of the scores that are counted by class."""
    scores = [score for score in report.scores if score.name.startswith(OF_A_CLASS)]
    names = list(dict.fromkeys(score.name for score in scores))
    rows: dict[str, dict[str, Score]] = {}
    for score in scores:
        rows.setdefault(score.of, {})[score.name] = score
    cells = [
        [of, number(max((it.count or 0 for it in found.values()), default=0))]
        + [number(found[name].value if name in found else None) for name in names]
        for of, found in rows.items()
    ]
    return ["class", "true", *(plainly(name) for name in names)], cells


def lines(report: Report) -> Iterator[str]:
    """The report for a terminal: scores with their variants, then notes."""
    rows = score_rows(report)
    heads = [f"{row.name}{f' of {row.of}' if row.of else ''}" for row in rows]
    wide = max((len(head) for head in heads), default=0)
    for row, head in zip(rows, heads, strict=True):
        value = f"{row.value} ({row.interval})" if row.interval else row.value
        yield f"{head:<{wide}}  {value:<24}  {row.variant}"
    columns, classes = by_class(report)
    if classes:
        table = [columns, *classes]
        widths = [max(len(row[number]) for row in table) for number in range(len(columns))]
        yield ""
        for line in table:
            padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
            yield "  ".join(padded).rstrip()
    yield ""
    if report.resampled:
        yield f"In brackets: 95 % intervals, {report.resampled}."
    yield from report.notes
    yield RESEARCH_USE_ONLY


def _row(score: Score) -> ScoreRow:
    has_interval = score.low is not None and score.high is not None
    return ScoreRow(
        name=plainly(score.name),
        of=score.of,
        value="not defined" if score.value is None else number(score.value),
        interval=f"{number(score.low)} to {number(score.high)}" if has_interval else "",
        count="" if score.count is None else f"{score.count:,}",
        variant=score.variant,
    )
