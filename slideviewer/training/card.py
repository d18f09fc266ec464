"""The card of a model package: what it is, from what, for what, and how good it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.evaluation.classification import ClassificationReport
from slideviewer.models.spec import ModelSpec

BY_TILE = (
    "by tile within each class; tiles of one slide are alike, so the true uncertainty is larger"
)


@dataclass(frozen=True)
class CardFacts:
    """What a card says beside the specification.

    Attributes
    ----------
    counts : mapping of str to mapping of str to int
        Tiles of each class by part ("training", "validation").
    reports : sequence of ClassificationReport
        The model's, in the order shown.
    baselines : sequence of ClassificationReport
        Those of colour alone, on the same tiles.
    settings : mapping of str to str
        How it was trained.
    limits : sequence of str
    slides : str
        How well scores of whole slides tell them apart; empty where nobody asked.
    intervals : str
        What the bootstrap drew.
    """

    counts: Mapping[str, Mapping[str, int]]
    reports: Sequence[ClassificationReport]
    baselines: Sequence[ClassificationReport]
    settings: Mapping[str, str]
    limits: Sequence[str]
    slides: str = ""
    intervals: str = BY_TILE


def write_card(spec: ModelSpec, facts: CardFacts) -> str:
    """Write the card in Markdown."""
    lines = [
        f"# {spec.title}",
        "",
        f"**{RESEARCH_USE_ONLY}**",
        "",
        f"Classes: {', '.join(spec.class_names)}; of interest: {spec.target_class}. A tile is"
        f" {spec.patch_size_pixels} px at {spec.spacing_um_px:g} µm/px"
        f" ({spec.patch_um:.1f} µm). Architecture: {spec.architecture}. Licence: {spec.licence}.",
        "",
        "## For what",
        "",
        spec.intended_use,
        "",
        "## From what",
        "",
        spec.trained_on,
        "",
        *_table(
            ["part", *spec.class_names],
            [
                [part, *(f"{counts.get(name, 0):,}" for name in spec.class_names)]
                for part, counts in facts.counts.items()
            ],
        ),
        "",
        "## How good",
        "",
        f"95 % intervals from a bootstrap {facts.intervals}.",
        "",
        *figures_of(facts.reports, facts.baselines),
    ]
    if facts.slides:
        lines += [facts.slides, ""]
    for report in facts.reports:
        lines += table_of(report)
    lines += ["## Limits", "", *(f"- {limit}" for limit in facts.limits), ""]
    lines += ["## How it was trained", ""]
    lines += [f"- {name}: {value}" for name, value in facts.settings.items()]
    return "\n".join(lines) + "\n"


def figures_of(
    reports: Sequence[ClassificationReport], baselines: Sequence[ClassificationReport]
) -> list[str]:
    """A table of a model's figures, and of those of colour alone: its lines."""
    return [
        *_table(
            ["measured on", "tiles", "ROC AUC", "balanced accuracy", "accuracy", "F1", "at"],
            [_row("network", report) for report in reports]
            + [_row("colour alone", report) for report in baselines],
        ),
        "",
    ]


def table_of(report: ClassificationReport) -> list[str]:
    """Which class was taken for which: a table's lines."""
    return [
        f"{report.data}, {report.variant}: rows are true classes, columns predicted ones.",
        "",
        *_table(
            ["", *report.class_names],
            [
                [name, *(str(value) for value in row)]
                for name, row in zip(report.class_names, report.confusion, strict=True)
            ],
        ),
        "",
    ]


def _row(kind: str, report: ClassificationReport) -> list[str]:
    return [
        f"{kind}: {report.data}, {report.variant}",
        str(report.count),
        str(report.roc_auc),
        str(report.balanced_accuracy),
        str(report.accuracy),
        str(report.f1),
        f"{report.threshold:.3f}",
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|{' --- |' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
