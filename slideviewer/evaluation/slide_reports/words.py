"""Numbers of a report in words: the same in HTML and PDF, with dots whatever the locale."""

from __future__ import annotations

from datetime import datetime

from slideviewer.evaluation.slide_reports.values import ReportedFinding

NOT_KNOWN = "not known"


def area(um2: float | None, px2: float | None = None) -> str:
    """An area in µm², in pixels where nobody knows how large they are."""
    if um2 is not None:
        return f"{um2:,.0f} µm²"
    return NOT_KNOWN if px2 is None else f"{px2:,.0f} px²"


def both_areas(um2: float | None) -> str:
    """An area in µm², and in mm² where it is large."""
    if um2 is None:
        return NOT_KNOWN
    return f"{area(um2)} ({um2 / 1e6:.3f} mm²)" if um2 >= 1e5 else area(um2)


def moment(text: str) -> str:
    """A date and time with its zone as people read it; as it is where it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{at:%Y-%m-%d %H:%M} {at:%Z}".rstrip()


def score(value: float | None) -> str:
    """A score from 0 to 1."""
    return "–" if value is None else f"{value:.2f}"


def place(finding: ReportedFinding) -> str:
    """Where the middle of a finding lies, level-0 pixels."""
    x, y = finding.bounds.centre
    return f"{x:.0f}, {y:.0f}"


def decided(finding: ReportedFinding) -> str:
    """Who decided, and when; empty where nobody did."""
    decision = finding.decision
    if decision is None:
        return ""
    parts = (decision.author, decision.at[:16].replace("T", " "))
    return ", ".join(filter(None, parts))


def why(finding: ReportedFinding) -> str:
    """Reason and note."""
    decision = finding.decision
    if decision is None:
        return ""
    return ": ".join(filter(None, (decision.reason, " ".join(decision.note.split()))))


def verdict(finding: ReportedFinding) -> str:
    """The state, with the group that something was put into."""
    decision = finding.decision
    if decision is None or not decision.group:
        return finding.state
    return f"{finding.state} into {decision.group}"
