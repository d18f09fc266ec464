"""Which findings were decided on before: decisions outlive the search that showed a region."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from slideviewer.annotations.decisions import Decision, Verdict
from slideviewer.evaluation.findings.findings import FindingKind, Findings
from slideviewer.evaluation.findings.footprint import NOBODY, Footprint, recognised

LASTING = (Verdict.REJECTED, Verdict.DEFERRED)
"""Verdicts that change no markup, so that the finding is there as before."""

Groups = Collection[str | None] | None
"""Those that are compared with; None for all."""

_PREDICTED, _MARKED, _UNCERTAIN = (
    kind.name.lower() for kind in (FindingKind.PREDICTED, FindingKind.MARKED, FindingKind.UNCERTAIN)
)


def footprint_of(decision: Decision) -> Footprint | None:
    """Where a decision was made; None where its kind is unknown here."""
    kind = FindingKind.__members__.get(decision.kind.upper())
    return None if kind is None else Footprint(kind, decision.runs)


def lasts(decision: Decision, groups: Groups) -> bool:
    """Whether what was decided on is found as before once it is decided.

    Doubt does not hang on the markup. What was put into a group that does not count is as if it
    were not marked, and a lesion that the model misses is missed in its new group, too.
    """
    if decision.verdict in LASTING or decision.kind == _UNCERTAIN:
        return True
    if decision.kind == _MARKED:
        return decision.verdict == Verdict.RELABELLED
    return decision.kind == _PREDICTED and groups is not None and decision.group not in groups


def decided_on(
    findings: Findings, decisions: Mapping[str, Decision], groups: Groups
) -> tuple[str | None, ...]:
    """For each finding the id of the decision that was made on it before, if any.

    What else was accepted is markup now; where it is found again, somebody took it away.
    """
    lasting = [it for it in decisions.values() if lasts(it, groups)]
    placed = [(it.id, footprint_of(it)) for it in lasting]
    known = [(key, footprint) for key, footprint in placed if footprint is not None]
    numbers = recognised(findings, [footprint for _, footprint in known])
    return tuple(None if it == NOBODY else known[it][0] for it in numbers.tolist())
