"""A report of a slide as PDF."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_pdf import PdfPages

from slideviewer import RESEARCH_USE_ONLY, __version__
from slideviewer.annotations.json_file import sound
from slideviewer.evaluation.slide_reports import words
from slideviewer.evaluation.slide_reports.flow import BOTTOM, ROOM, Column, Flow
from slideviewer.evaluation.slide_reports.page import MOST_ROWS, own_rows, told
from slideviewer.evaluation.slide_reports.painting import KIND_COLOURS
from slideviewer.evaluation.slide_reports.sheet import LINE_SHARE, MARGIN, SOFT, Sheet, wrapped
from slideviewer.evaluation.slide_reports.values import STATES, ReportedFinding, SlideReport
from slideviewer.files import replacing

_DPI = 200
_CARDS, _CARD_GAP, _CARD_WORDS = 4, 9.0, 7.0
_CARD_LINES = 7
_IDENTITY_HEIGHT = 205.0
"""Of the legend and the slide's identity, which stand on the sheet of its picture."""
_FINDINGS = (
    *(Column("no.", 0.7, True), Column("kind", 2.4), Column("area", 1.5, True)),
    *(Column("score", 0.9, True), Column("at x, y (px)", 1.5, True), Column("state", 1.6)),
    *(Column("author, time", 2.0), Column("reason, note", 2.8)),
)
_SCORES = (Column("score", 2), Column("of", 1.2), Column("value", 1, True), Column("measured", 4))


def write_pdf(report: SlideReport, path: Path) -> None:
    """Write a report, whole or not at all.

    Raises
    ------
    EvaluationError
        Where it cannot be written.
    """
    save_sheets(report_sheets(report), path, report.name)


def save_sheets(sheets: Sequence[Sheet], path: Path, title: str) -> None:
    """Write sheets as one PDF.

    Raises
    ------
    EvaluationError
        Where it cannot be written.
    """
    about = {
        "Title": f"{sound(title)}: slideviewer report",
        "Subject": RESEARCH_USE_ONLY,
        "Creator": f"slideviewer {__version__}",
    }
    with told(path), replacing(path) as stream, PdfPages(stream, metadata=about) as pdf:
        for sheet in sheets:
            pdf.savefig(sheet.figure, dpi=_DPI)


def report_sheets(report: SlideReport) -> list[Sheet]:
    """A report's pages."""
    flow = Flow(report.name)
    flow.title(report.name, f"Report of {words.moment(report.made)}")
    for note in report.notes:
        flow.paragraph(note)
    _picture(flow, report)
    flow.facts("Identity", report.slide)
    flow.facts("Run", report.run)
    flow.facts("Areas", report.areas)
    flow.facts("Model", report.model)
    flow.facts("Figures on the model's card", report.figures)
    _decisions(flow, report)
    for number, it in enumerate(report.measures):
        flow.heading("Tiles" if number else "Agreement")
        rows = [[row.name, row.of, row.value, row.variant] for row in own_rows(it)]
        flow.table(_SCORES, rows)
        flow.y += 3
        for note in it.notes:
            flow.paragraph(note, is_soft=True)
    _cards(flow, [it for it in report.findings if it.picture is not None])
    _table(flow, report)
    return flow.footed()


def _picture(flow: Flow, report: SlideReport) -> None:
    if report.picture is None:
        return
    rows, columns = report.picture.shape[:2]
    flow.need(2 * _IDENTITY_HEIGHT)
    height = min(ROOM * rows / columns, BOTTOM - flow.y - _IDENTITY_HEIGHT)
    flow.sheet.show(report.picture, MARGIN, flow.y, ROOM, height)
    flow.y += height + 6
    x = MARGIN
    for name, colour in report.legend:
        flow.sheet.box(x, flow.y + 1, 8, 8, colour)
        (line,) = wrapped(name, 220, 8, most=1)
        flow.sheet.write(x + 12, flow.y, line, 8)
        x += 250
    flow.y += 14
    if report.findings:
        flow.sheet.write(MARGIN, flow.y, "Numbers: findings, as below.", 8, colour=SOFT)
        flow.y += 14


def _decisions(flow: Flow, report: SlideReport) -> None:
    if not (report.has_findings or report.findings):
        return
    columns = (
        Column("finding", 2.5),
        *(Column(it, 1, True) for it in STATES),
        Column("all", 1, True),
    )
    flow.heading("Decisions")
    rows = [(kind.words, counts) for kind, counts in report.by_kind]
    flow.table(
        columns,
        [
            [name, *(f"{counts[it]:,}" for it in STATES), f"{sum(counts.values()):,}"]
            for name, counts in (*rows, ("All", report.counts))
        ],
    )


def _cards(flow: Flow, findings: Sequence[ReportedFinding]) -> None:
    if not findings:
        return
    width = (ROOM - (_CARDS - 1) * _CARD_GAP) / _CARDS
    height = width + _CARD_LINES * _CARD_WORDS * LINE_SHARE + 14
    flow.heading("Findings", height)
    for first in range(0, len(findings), _CARDS):
        flow.need(height)
        for place, it in enumerate(findings[first : first + _CARDS]):
            _card(flow, it, MARGIN + place * (width + _CARD_GAP), width)
        flow.y += height


def _card(flow: Flow, it: ReportedFinding, x: float, width: float) -> None:
    assert it.picture is not None
    flow.sheet.box(x, flow.y, width, 3, KIND_COLOURS[it.kind])
    flow.sheet.show(it.picture, x, flow.y + 4, width, width)
    y = flow.y + width + 7
    size = words.area(it.area_um2, it.area_px2)
    bold = wrapped(f"{it.number}. {it.kind.words}", width, _CARD_WORDS, bold=True, most=2)
    plain = [f"{size}, score {words.score(it.score)}"]
    lines = [(line, True) for line in bold]
    lines += [(line, False) for text in plain for line in wrapped(text, width, _CARD_WORDS, most=1)]
    lines.append((wrapped(words.verdict(it), width, _CARD_WORDS, bold=True, most=1)[0], True))
    free = _CARD_LINES - len(lines)
    further = ". ".join(filter(None, (words.decided(it), words.why(it))))
    if further:
        lines += [(line, False) for line in wrapped(further, width, _CARD_WORDS, most=free)]
    for number, (line, is_bold) in enumerate(lines):
        at = y + number * _CARD_WORDS * LINE_SHARE
        flow.sheet.write(x, at, line, _CARD_WORDS, bold=is_bold)


def _table(flow: Flow, report: SlideReport) -> None:
    if not report.findings:
        return
    flow.heading("All findings")
    flow.table(_FINDINGS, [_row(it) for it in report.findings[:MOST_ROWS]])
    more = len(report.findings) - MOST_ROWS
    if more > 0:
        flow.paragraph(f"{more:,} more findings are not listed.", is_soft=True)


def _row(it: ReportedFinding) -> list[str]:
    return [
        f"{it.number}",
        it.kind.words,
        words.area(it.area_um2, it.area_px2),
        words.score(it.score),
        words.place(it),
        words.verdict(it),
        words.decided(it),
        words.why(it),
    ]
