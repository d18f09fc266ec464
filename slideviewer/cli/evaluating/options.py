"""What all of `slideviewer evaluate` have in common: options, and how a report is given."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slideviewer.cli.telling import path_given, tell
from slideviewer.errors import EvaluationError
from slideviewer.evaluation.bootstrap import Resampling
from slideviewer.evaluation.report import Report, Worst

if TYPE_CHECKING:
    from slideviewer.evaluation.reports.page import Picture

Predicted = Annotated[
    Path, typer.Argument(metavar="PREDICTED", help="What was predicted.", parser=path_given)
]
Truth = Annotated[Path, typer.Argument(metavar="TRUTH", help="What is true.", parser=path_given)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]
Html = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write a page with curves and pictures.", parser=path_given),
]
Resamples = Annotated[
    int, typer.Option(min=0, max=100_000, help="Of the bootstrap; 0 for no intervals.")
]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same intervals.")]
Threshold = Annotated[
    float | None,
    typer.Option(help="Probability from which something counts; by default that of the run."),
]
Spacing = Annotated[
    float | None,
    typer.Option(metavar="UM_PER_PIXEL", help="Size of a level-0 pixel in micrometres."),
]

Normal = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATTERN",
        help="Slides without a truth since there is nothing to mark, as in 'normal_*'; may repeat.",
    ),
]
Slides = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of the slides or pictures.", parser=path_given),
]

Size = Annotated[str, typer.Option(metavar="WIDTH,HEIGHT", help="Of the slide in level-0 pixels.")]

USUAL_THRESHOLD = 0.5

Pictures = Callable[[Sequence[Worst]], "Sequence[Picture]"]
"""Takes the pictures of the worst cases; asked only where a page is written."""


def resampling(resamples: int, seed: int) -> Resampling:
    """How intervals are made."""
    return Resampling(resamples, seed)


def threshold_of(given: float | None, known: float | None = None) -> float:
    """The threshold as typed, that of the run, or the usual one.

    Raises
    ------
    EvaluationError
        Where it is no probability.
    """
    threshold = given if given is not None else known
    if threshold is None:
        return USUAL_THRESHOLD
    if not 0 <= threshold <= 1:
        raise EvaluationError(f"--threshold needs a probability from 0 to 1, not {threshold:g}.")
    return threshold


def parse_pairs(text: str, option: str) -> dict[str, str]:
    """Read ``NAME=Name,NAME=Name``.

    Raises
    ------
    EvaluationError
        Where it is not of this form, or a name stands twice on the left.
    """
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not (name and sign and value) or name in found:
            raise EvaluationError(
                f'{option} has "{part}".', remedy=f'Write it as {option} "tumor=Tumor,_0=Tumor".'
            )
        found[name] = value
    return found


def parse_names(text: str) -> tuple[str, ...]:
    """Read names separated by commas."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def parse_labels_list(text: str) -> tuple[int, ...]:
    """Read whole numbers separated by commas.

    Raises
    ------
    EvaluationError
        Where one is none.
    """
    parts = parse_names(text)
    wrong = next((it for it in parts if not it.isdecimal()), None)
    if wrong is not None:
        raise EvaluationError(f'--labels has "{wrong}", which is no label.', remedy="Write 1,2.")
    return tuple(int(it) for it in parts)


def parse_class_labels(text: str, option: str) -> dict[str, int]:
    """Read ``Class=1,Class=2``.

    Raises
    ------
    EvaluationError
        Where it is not of this form, or two classes share a label.
    """
    found: dict[str, int] = {}
    for name, label in parse_pairs(text, option).items():
        if not label.isdecimal() or not 0 < int(label) < 1 << 16 or int(label) in found.values():
            raise EvaluationError(
                f'{option}: "{name}={label}" gives {name} no label of its own from 1 to 65535.',
                remedy=f'Write it as {option} "Tumor=1,Stroma=2".',
            )
        found[name] = int(label)
    return found


def parse_size(text: str) -> tuple[int, int] | None:
    """Read ``WIDTH,HEIGHT``; None of an empty text.

    Raises
    ------
    EvaluationError
        Where it is not of this form.
    """
    if not text:
        return None
    parts = text.lower().replace("x", ",").split(",")
    if len(parts) != 2 or not all(it.strip().isdecimal() and int(it) for it in parts):
        raise EvaluationError(
            f'--size needs a width and a height, not "{text}".',
            remedy="Give level-0 pixels, for example --size 98304,221184.",
        )
    return int(parts[0]), int(parts[1])


def positive(value: float | None, option: str) -> float | None:
    """A number above 0 as typed.

    Raises
    ------
    EvaluationError
        It is none.
    """
    if value is not None and not (math.isfinite(value) and value > 0):
        raise EvaluationError(f"{option} needs a number above 0, not {value:g}.")
    return value


def slides_in(folder: Path | None) -> dict[str, Path]:
    """The slides of a folder, by the names of their cases in small letters.

    Raises
    ------
    EvaluationError
        Where there is no such folder, or it holds none.
    """
    from slideviewer.evaluation.inputs.cases import files_of
    from slideviewer.slide import KNOWN_SUFFIXES

    if folder is None:
        return {}
    found = files_of(folder, KNOWN_SUFFIXES, "slides")
    return {name.casefold(): path for name, path in found.items()}


def tell_notices(path: Path, notices: Sequence[str]) -> None:
    """Tell what is odd about a file."""
    for notice in notices:
        tell(notice, path)


def give(
    report: Report,
    predicted: Path,
    truth: Path,
    *,
    as_json: bool,
    html: Path | None,
    pictures: Pictures | None = None,
    sides: tuple[str, str] = ("Predicted", "Truth"),
) -> None:
    """Print a report, and write its page where one is wanted."""
    if html is not None:
        # Late: plots take a second to import.
        from slideviewer.evaluation.reports.page import Picture, write_page

        compared = dict(zip(sides, (str(predicted), str(truth)), strict=True))
        taken = pictures or (lambda worst: [Picture(it, None) for it in worst])
        write_page(report, html, compared, taken(report.worst))
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=1, ensure_ascii=False, allow_nan=False))
        return
    from slideviewer.evaluation.reports.words import lines

    for line in lines(report):
        typer.echo(line)
    if html is not None:
        typer.echo(f"Written: {html}")
