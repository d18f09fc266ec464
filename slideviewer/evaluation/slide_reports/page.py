"""A report of a slide as one HTML file: nothing is loaded from elsewhere, no script runs in it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
from jinja2 import Environment

from slideviewer import RESEARCH_USE_ONLY, __version__
from slideviewer.annotations.json_file import sound
from slideviewer.errors import EvaluationError
from slideviewer.evaluation.report import Report
from slideviewer.evaluation.reports.page import environment
from slideviewer.evaluation.reports.words import ScoreRow, score_rows
from slideviewer.evaluation.slide_reports import words
from slideviewer.evaluation.slide_reports.painting import KIND_COLOURS
from slideviewer.evaluation.slide_reports.values import SlideReport
from slideviewer.files import replacing_text
from slideviewer.slide import Pixels

SLIDE_TEMPLATE = "slide.html"
MOST_ROWS = 2000
"""More findings are not listed one by one; nobody reads them on paper."""

_QUALITY = 88
_TWICE = "mean over cases"
"""Of one slide a mean over cases is the value of that slide: what stands there already."""


def slide_page(report: SlideReport) -> str:
    """The page as text. Every name in it may come from outside, and is escaped."""
    cards = [
        (it, "" if it.picture is None else jpeg_url(it.picture), KIND_COLOURS[it.kind])
        for it in report.findings
        if it.picture is not None
    ]
    return (
        report_environment()
        .get_template(SLIDE_TEMPLATE)
        .render(
            report=report,
            picture="" if report.picture is None else jpeg_url(report.picture),
            measures=[(own_rows(it), it.notes) for it in report.measures],
            cards=cards,
            rows=report.findings[:MOST_ROWS],
            more=max(0, len(report.findings) - MOST_ROWS),
            research_use=RESEARCH_USE_ONLY,
            version=__version__,
        )
    )


def own_rows(report: Report) -> list[ScoreRow]:
    """The scores of one slide, each once."""
    return [
        row
        for row in score_rows(report)
        if not row.variant.startswith(_TWICE) and row.name != "Cases left out"
    ]


def write_text(text: str, path: Path) -> None:
    """Write a page, whole or not at all.

    Raises
    ------
    EvaluationError
        Where it cannot be written.
    """
    with told(path), replacing_text(path) as file:
        file.write(sound(text))  # names of files may be no text


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Make the folder of a report, and say which one cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise EvaluationError(
            f"The report cannot be written ({error.strerror or error}).",
            path=path,
            remedy="Choose a folder that exists and may be written to.",
        ) from error


def report_environment() -> Environment:
    """As of the pages of evaluations, with the words of these reports."""
    made = environment()
    for name in ("area", "moment", "score", "place", "decided", "why", "verdict"):
        made.filters[name] = getattr(words, name)
    return made


def jpeg_url(picture: Pixels) -> str:
    """A picture inside the page: a JPEG, a fifth of what tissue takes as PNG."""
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"
