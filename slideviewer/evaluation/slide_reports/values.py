"""What a report of a reviewed slide says, as frozen values: the same for HTML and for PDF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from slideviewer.annotations.decisions import Decision, Verdict
from slideviewer.evaluation.findings.findings import FindingKind
from slideviewer.evaluation.report import Report
from slideviewer.geometry import Rect
from slideviewer.slide import Pixels

OPEN = "open"
"""The state of a finding that nobody has decided on."""

STATES = (OPEN, *map(str, Verdict))
"""In the order in which they are counted."""

Facts = tuple[tuple[str, str], ...]
"""Names and values, one below the other."""

Legend = tuple[tuple[str, str], ...]
"""Words and their colours, ``#RRGGBB``."""


@dataclass(frozen=True)
class ReportOptions:
    """How a report is made.

    Attributes
    ----------
    threshold : float or None
        The probability from which something is predicted; the prediction's own by default.
    groups : collection of (str or None), or None
        Those that mark what the model looks for; None for all.
    least_um2 : float
        Smaller regions are no findings.
    margin : float
        As in `FindingRules`.
    pictures : int
        So many findings are shown with a picture; the others stand in the table alone.
    """

    threshold: float | None = None
    groups: Collection[str | None] | None = None
    least_um2: float = 5000.0
    margin: float = 0.0
    pictures: int = 24


@dataclass(frozen=True, eq=False)
class ReportedFinding:
    """One finding.

    Attributes
    ----------
    number : int
        In this report, from 1.
    kind : FindingKind
    bounds : Rect
        Level-0 pixels.
    area_um2 : float or None
        None where nobody knows how large a pixel is.
    area_px2 : float
    score : float or None
    decision : Decision or None
        None where nobody has decided.
    picture : ndarray (height, width, 3), uint8, or None
        RGB.
    """

    number: int
    kind: FindingKind
    bounds: Rect
    area_um2: float | None
    area_px2: float
    score: float | None
    decision: Decision | None
    picture: Pixels | None = None

    @property
    def state(self) -> str:
        """One of `STATES`."""
        return OPEN if self.decision is None else str(self.decision.verdict)


@dataclass(frozen=True, eq=False)
class SlideReport:
    """Everything that a report of one slide says.

    Attributes
    ----------
    name : str
        The slide's file.
    made : str
        When, ISO 8601.
    slide, model, run, areas : Facts
        What is known of the slide, the model's card, the run, and how much was found.
    figures : tuple of (name, words)
        The model's figures of merit, from its card.
    picture : ndarray (height, width, 3), uint8, or None
        The whole slide with what was predicted and marked; None where it cannot be read.
    legend : Legend
        Of the picture.
    findings : tuple of ReportedFinding
        In the order to look at them.
    has_findings : bool
        Whether there was anything to compare.
    measures : tuple of Report
        How well prediction and markup agree, as `slideviewer evaluate` measures it.
    predicted_um2, marked_um2 : float or None
        None where it is not known.
    notes : tuple of str
        What the reader should know.
    """

    name: str
    made: str
    slide: Facts
    model: Facts
    run: Facts
    areas: Facts
    figures: Facts
    picture: Pixels | None
    legend: Legend
    findings: tuple[ReportedFinding, ...]
    has_findings: bool
    measures: tuple[Report, ...]
    predicted_um2: float | None
    marked_um2: float | None
    notes: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many findings are in each of `STATES`."""
        return counted(self.findings)

    @property
    def by_kind(self) -> tuple[tuple[FindingKind, dict[str, int]], ...]:
        """The same by kind, of kinds that there are."""
        kinds = [kind for kind in FindingKind if any(it.kind == kind for it in self.findings)]
        return tuple(
            (kind, counted([it for it in self.findings if it.kind == kind])) for kind in kinds
        )


def counted(findings: Sequence[ReportedFinding]) -> dict[str, int]:
    """How many findings are in each of `STATES`."""
    found = Counter(it.state for it in findings)
    return {state: found[state] for state in STATES}
