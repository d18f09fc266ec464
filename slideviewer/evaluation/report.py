"""What an evaluation says, as frozen values: the same for JSON, for a page and for the window."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import slideviewer

Style = Literal["line", "steps", "dots", "line and dots"]

Cell = str | int | float | None
"""What stands in a table; None where there is nothing to say."""


@dataclass(frozen=True)
class Score:
    """One number, with how it was measured.

    Attributes
    ----------
    name : str
        ``dice``; the same word for the same measure everywhere.
    value : float or None
        None where the data cannot tell, such as the AUC of one class.
    variant : str
        Which of the measures that go by this name it is, in words.
    of : str
        The class, group or threshold that it is about; empty where it is about everything.
    low, high : float or None
        The 95 % interval, where there is one.
    count : int or None
        How many cases, tiles or lesions it is taken over.
    """

    name: str
    value: float | None
    variant: str
    of: str = ""
    low: float | None = None
    high: float | None = None
    count: int | None = None

    def __str__(self) -> str:
        if self.value is None:
            return "not defined"
        if self.low is None or self.high is None:
            return f"{self.value:.4g}" if abs(self.value) >= 1 else f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Line:
    """A line of a curve.

    Attributes
    ----------
    label : str
    x, y : tuple of float
    style : str
        "line", "steps" where a height holds from the point before on, "dots", or "line and dots".
    thresholds : tuple of (float or None)
        From which probability on each point holds; None where nothing counts. Empty where points
        have none.
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    style: Style = "line"
    thresholds: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Curve:
    """A plot.

    Attributes
    ----------
    name : str
        ``roc``, ``pr``, ``froc``, ``reliability`` …
    title, x_label, y_label : str
    lines : tuple of Line
    has_diagonal : bool
        Whether the line that chance, or a perfect calibration, follows belongs into it.
    x_ticks : tuple of float
        Where given, the axis is logarithmic and has these.
    most_y : float or None
        The upper end of the axis; None for the largest value.
    """

    name: str
    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    has_diagonal: bool = False
    x_ticks: tuple[float, ...] = ()
    most_y: float | None = 1.0


@dataclass(frozen=True)
class Confusion:
    """Counts by true class (rows) and predicted class (columns).

    Attributes
    ----------
    title : str
    names : tuple of str
    counts : tuple of tuple of int
    rows, columns : str
        What the rows and columns stand for.
    """

    title: str
    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    rows: str = "true"
    columns: str = "predicted"


@dataclass(frozen=True)
class Table:
    """Rows of a table, such as a row a case."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Worst:
    """A case to be looked at.

    Attributes
    ----------
    case : str
        By the name it has elsewhere in the report.
    words : str
        What is bad about it.
    place : tuple of float or None
        x, y, width and height of a part of it, in level-0 pixels.
    of : str
        The class that it is about, where it is about one.
    """

    case: str
    words: str
    place: tuple[float, float, float, float] | None = None
    of: str = ""


@dataclass(frozen=True)
class Report:
    """What one evaluation found.

    Attributes
    ----------
    task : str
        ``tiles``, ``lesions`` …
    resampled : str
        By what the intervals were resampled, in words; empty where there are none.
    scores : tuple of Score
    curves : tuple of Curve
    confusions : tuple of Confusion
    tables : tuple of Table
    worst : tuple of Worst
        The worst first.
    notes : tuple of str
        What the reader should know: what was left out, and why.
    """

    task: str
    resampled: str
    scores: tuple[Score, ...]
    curves: tuple[Curve, ...] = ()
    confusions: tuple[Confusion, ...] = ()
    tables: tuple[Table, ...] = ()
    worst: tuple[Worst, ...] = ()
    notes: tuple[str, ...] = ()

    def score(self, name: str, of: str = "", variant: str = "") -> Score:
        """The first score of a name, of something, whose variant begins with some words.

        Raises
        ------
        KeyError
            If there is none.
        """
        for score in self.scores:
            if (score.name, score.of) == (name, of) and score.variant.startswith(variant):
                return score
        raise KeyError((name, of, variant))

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON values, with what every output of a model carries."""
        head = {
            "product": "slideviewer",
            "version": slideviewer.__version__,
            "research_use": slideviewer.RESEARCH_USE_ONLY,
        }
        return head | asdict(self)


def defined(value: float) -> float | None:
    """A number, or None where it is none."""
    number = float(value)
    return number if math.isfinite(number) else None
