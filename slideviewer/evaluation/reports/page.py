"""A report as one HTML file: nothing is loaded from elsewhere, and no script runs in it."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from slideviewer import RESEARCH_USE_ONLY, __version__, paths
from slideviewer.errors import EvaluationError
from slideviewer.evaluation.report import Cell, Report, Table, Worst
from slideviewer.evaluation.reports.drawing import DOTS_PER_PIXEL, confusion_png, curve_png
from slideviewer.evaluation.reports.words import by_class, number, score_rows
from slideviewer.files import replacing_text

TEMPLATE = "evaluation.html"
TITLES: Mapping[str, str] = {
    "tiles": "Tiles",
    "segmentation": "Segmentation",
    "nuclei": "Nuclei",
    "lesions": "Lesions",
    "slides": "Slides",
    "patients": "Patients",
    "annotations": "Agreement of two annotators",
}
_WIDTH_AT = 16
"""Where a PNG tells its width (PNG 1.2, section 4.1.1)."""
_MOST_ROWS = 500
"""A longer table is cut in the page, and said to be; the JSON has all of it."""


@dataclass(frozen=True)
class Picture:
    """A picture of a case.

    Attributes
    ----------
    worst : Worst
    png : bytes or None
        None where there is none.
    legend : str
        What the colours mean.
    """

    worst: Worst
    png: bytes | None
    legend: str = ""


def write_page(
    report: Report, path: Path, compared: Mapping[str, str], pictures: Sequence[Picture] = ()
) -> None:
    """Write the page, whole or not at all.

    Parameters
    ----------
    report : Report
    path : Path
    compared : mapping of str to str
        What was compared with what, for the head: "Predicted" and "Truth", and where they lie.
    pictures : sequence of Picture
        Of the worst cases, in the order shown.

    Raises
    ------
    EvaluationError
        Where it cannot be written.
    """
    text = page(report, compared, pictures)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing_text(path) as file:
            file.write(text)
    except OSError as error:
        raise EvaluationError(
            f"The report cannot be written ({error.strerror or error}).",
            path=path,
            remedy="Choose a folder that exists and may be written to.",
        ) from error


def page(report: Report, compared: Mapping[str, str], pictures: Sequence[Picture] = ()) -> str:
    """The page as text. Every name in it may come from outside, and is escaped."""
    curves = [(curve, *plot(curve_png(curve))) for curve in report.curves]
    confusions = [(it, *plot(confusion_png(it))) for it in report.confusions]
    scores = score_rows(report)
    return (
        environment()
        .get_template(TEMPLATE)
        .render(
            title=TITLES.get(report.task, report.task),
            report=report,
            compared=compared,
            scores=scores,
            has_of=any(row.of for row in scores),
            classes=by_class(report),
            curves=curves,
            confusions=confusions,
            tables=[_cut(table) for table in report.tables],
            worst=[
                (it.worst, data_url(it.png) if it.png is not None else "", it.legend)
                for it in pictures
            ],
            research_use=RESEARCH_USE_ONLY,
            version=__version__,
        )
    )


def environment() -> Environment:
    """What templates are filled in by: every value is escaped, and none may be forgotten."""
    found = Environment(
        loader=FileSystemLoader(paths.resources_folder() / "reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["number"] = number
    return found


def _cut(table: Table) -> tuple[Table, tuple[tuple[Cell, ...], ...], int]:
    return table, table.rows[:_MOST_ROWS], max(0, len(table.rows) - _MOST_ROWS)


def plot(png: bytes) -> tuple[str, int]:
    """A plot, and how wide it is shown."""
    (width,) = struct.unpack_from(">I", png, _WIDTH_AT)
    return data_url(png), round(width / DOTS_PER_PIXEL)


def data_url(png: bytes) -> str:
    """A PNG that stands in the page itself."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
