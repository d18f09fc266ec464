"""The table of many reports: a line a slide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slideviewer import RESEARCH_USE_ONLY, __version__
from slideviewer.annotations.csv_file import plain, write_rows
from slideviewer.evaluation.reports.words import number
from slideviewer.evaluation.slide_reports.values import STATES, SlideReport
from slideviewer.evaluation.slide_reports.words import moment
from slideviewer.inference.provenance import now

INDEX_TEMPLATE = "slides.html"

_SCORES = (("dice", "of the pixels"), ("roc_auc", ""))
"""Names of scores, and how the variant begins that stands in the table."""

COLUMNS: tuple[tuple[str, bool], ...] = (
    ("slide", False),
    ("findings", True),
    *((state, True) for state in STATES),
    *(("predicted µm²", True), ("marked µm²", True), ("Dice", True), ("ROC AUC", True)),
)
"""Heads, and whether numbers stand below."""

CSV_COLUMNS = (
    *("slide", "findings", *STATES, "predicted_um2", "marked_um2", "dice", "roc_auc"),
    *("model", "page", "pdf", "problem"),
)


@dataclass(frozen=True)
class IndexLine:
    """A slide's line.

    Attributes
    ----------
    name : str
        The slide's file.
    values : tuple of (int, float or None)
        Of all columns but the first.
    page, pdf : str
        The files of its report, beside the table.
    problem : str
        Why there is no report.
    model : str
        What predicted; empty where nothing was predicted.
    """

    name: str
    values: tuple[float | int | None, ...] = field(default=())
    page: str = ""
    pdf: str = ""
    problem: str = ""
    model: str = ""

    @classmethod
    def of(cls, report: SlideReport, page: str = "", pdf: str = "") -> IndexLine:
        """The line of a report."""
        areas = tuple(
            None if it is None else round(it) for it in (report.predicted_um2, report.marked_um2)
        )
        counts = report.counts
        values = (len(report.findings), *counts.values(), *areas)
        scores = tuple(_score(report, *it) for it in _SCORES)
        model = dict(report.model).get("Model", "")
        return cls(report.name, (*values, *scores), page, pdf, model=model)

    @property
    def cells(self) -> tuple[str, ...]:
        """The values in words."""
        return tuple(map(number, self.values))


def write_index(
    lines: Sequence[IndexLine], folder: Path, name: str, title: str, *, pdf: bool
) -> None:
    """Write the table as HTML and as CSV, and as PDF where it is wanted.

    Raises
    ------
    SlideviewerError
        Where one cannot be written.
    """
    # Late: a window that may write one some day need not wait for the templates.
    from slideviewer.evaluation.slide_reports.page import report_environment, write_text

    text = (
        report_environment()
        .get_template(INDEX_TEMPLATE)
        .render(
            title=title,
            made=now(),
            columns=COLUMNS,
            lines=lines,
            research_use=RESEARCH_USE_ONLY,
            version=__version__,
        )
    )
    write_text(text, folder / f"{name}.html")
    write_rows(CSV_COLUMNS, [_csv(it) for it in lines], folder / f"{name}.csv")
    if pdf:
        _write_pdf(lines, folder / f"{name}.pdf", title)


def _write_pdf(lines: Sequence[IndexLine], path: Path, title: str) -> None:
    # Late: plots take a second to import.
    from slideviewer.evaluation.slide_reports.flow import Column, Flow
    from slideviewer.evaluation.slide_reports.pdf import save_sheets

    flow = Flow(title)
    flow.title(title, f"{len(lines)} slides, report of {moment(now())}")
    columns = [
        Column(head, max(7, len(head)) if is_number else 18, is_number)
        for head, is_number in COLUMNS
    ]
    flow.table(columns, [[it.name, *it.cells] for it in lines if not it.problem])
    failed = [it for it in lines if it.problem]
    if failed:
        flow.facts("Without a report", tuple((it.name, it.problem) for it in failed))
    save_sheets(flow.footed(), path, title)


def _score(report: SlideReport, name: str, variant: str) -> float | None:
    for measured in report.measures:
        for it in measured.scores:
            if it.name == name and it.variant.startswith(variant):
                return it.value
    return None


def _csv(line: IndexLine) -> list[str]:
    values = line.values or (None,) * (len(COLUMNS) - 1)
    cells = [
        "" if it is None else f"{it:.6g}" if isinstance(it, float) else str(it) for it in values
    ]
    words = (line.model, line.page, line.pdf, line.problem)
    return [plain(line.name), *cells, *map(plain, words)]
