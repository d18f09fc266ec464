"""How well lesions are found, and slides told apart by them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.auc import AucBySlide
from slideviewer.evaluation.bootstrap import Resampling, Weights
from slideviewer.evaluation.curves import line, roc
from slideviewer.evaluation.froc import (
    FALSE_POSITIVES,
    INTERPOLATED,
    STEP,
    VARIANTS,
    FrocCurve,
    FrocEvents,
)
from slideviewer.evaluation.lesions import ITC_BELOW_UM, MACRO_FROM_UM, SlideFindings
from slideviewer.evaluation.report import Cell, Curve, Report, Score, Table, Worst
from slideviewer.evaluation.scoring import scored

MOST_WORST = 8

_HOW = {
    INTERPOLATED: "camelyon16-interpolated: mean sensitivity at 1/4, 1/2, 1, 2, 4 and 8 false "
    "positives a slide, on straight lines between thresholds",
    STEP: "camelyon16-step: the same, at the first threshold with so many false positives or more",
}
SIZES = (
    "Sizes are those of the major axis, with a margin of 75 µm: macro from "
    f"{MACRO_FROM_UM:.0f} µm, ITC below {ITC_BELOW_UM:.0f} µm, which do not count."
)
AT_THRESHOLD = "points from"
"""The variants of what is found at a threshold begin so."""
_SLIDE_SCORE = "by slide; its score is the highest probability of its points, 0 without any"


def evaluate_lesions(
    slides: Sequence[SlideFindings],
    resampling: Resampling = Resampling(),  # noqa: B008 - it never changes
    notes: Sequence[str] = (),
    threshold: float | None = None,
) -> Report:
    """Compare points with lesions.

    Parameters
    ----------
    slides : sequence of SlideFindings
        All slides that were evaluated, normal ones too.
    resampling : Resampling
        By slide.
    notes : sequence of str
        What was left out before.
    threshold : float, optional
        The probability from which on points count, for what is found at one; FROC is over all.
    """
    events, units = FrocEvents(slides), len(slides)
    lesions = int(events.lesions.sum())
    scores = [
        scored("froc", partial(events.score, it), _HOW[it], units, resampling, count=lesions)
        for it in VARIANTS
    ]
    scores.append(_slide_score(slides, resampling))
    curve = events.curve()
    scores.extend(_counts(slides, lesions))
    tables = [_sensitivities(curve), _by_slide(slides)]
    if threshold is not None:
        scores.extend(_scores_at(slides, threshold, resampling))
        tables.append(_by_size(slides, threshold))
    curves = [] if curve is None else [_drawn(curve)]
    truth = np.array([it.has_tumour for it in slides])
    by_slide = roc(truth, np.array([it.highest for it in slides]), "slides with tumour")
    return Report(
        task="lesions",
        resampled=resampling.words("slide", units),
        scores=tuple(scores),
        curves=tuple([*curves, *([by_slide] if by_slide is not None else [])]),
        tables=tuple(tables),
        worst=_worst(slides),
        notes=(*notes, *_notes(lesions, units), *([] if threshold is None else [SIZES])),
    )


def _slide_score(slides: Sequence[SlideFindings], resampling: Resampling) -> Score:
    units = len(slides)
    truth = np.array([it.has_tumour for it in slides])
    areas = AucBySlide.of(truth, np.array([it.highest for it in slides]), np.arange(units), units)
    return scored("roc_auc", areas.area, _SLIDE_SCORE, units, resampling, of="slides with tumour")


def _counts(slides: Sequence[SlideFindings], lesions: int) -> list[Score]:
    false = sum(len(it.false) for it in slides)
    found = lesions - sum(it.missed for it in slides)
    itc, on_itc = sum(it.itc for it in slides), sum(it.on_itc for it in slides)
    left = "regions whose major axis is below 275 µm; they do not count"
    return [
        Score(
            "lesions", lesions, "regions after joining at 75 µm, ITC left out", count=len(slides)
        ),
        Score("lesions_found", found, "by a point of any probability", count=lesions),
        Score("false_positives", false / len(slides), "a slide, of any probability", count=false),
        Score("isolated_tumour_cells", itc, left, count=len(slides)),
        Score("points_on_isolated_tumour_cells", on_itc, "neither true nor false", count=on_itc),
    ]


def _scores_at(
    slides: Sequence[SlideFindings], threshold: float, resampling: Resampling
) -> list[Score]:
    """What is found by points from a threshold on."""
    units = len(slides)
    lesions = np.array([len(it.lesions) for it in slides], np.int64)
    found = np.array([_passing(it.lesions, threshold) for it in slides], np.int64)
    false = np.array([_passing(it.false, threshold) for it in slides], np.int64)

    def sensitivity(weights: Weights) -> float | None:
        total = int(weights @ lesions)
        return int(weights @ found) / total if total else None

    def false_positives(weights: Weights) -> float:
        return int(weights @ false) / int(weights.sum())

    at = f"{AT_THRESHOLD} {threshold:g} on"
    return [
        scored(
            "sensitivity",
            sensitivity,
            f"{at}; share of lesions found, ITC left out",
            units,
            resampling,
            count=int(lesions.sum()),
        ),
        scored(
            "false_positives",
            false_positives,
            f"{at}; a slide",
            units,
            resampling,
            count=int(false.sum()),
        ),
    ]


def _by_size(slides: Sequence[SlideFindings], threshold: float) -> Table:
    """How many lesions of which size are found; nothing of slides whose sizes are not known."""
    known = [it for it in slides if len(it.axes_um) == len(it.lesions)]
    rows: list[tuple[Cell, ...]] = []
    for size, chances in (
        ("macro", [it.lesions[it.axes_um >= MACRO_FROM_UM] for it in known]),
        ("micro", [it.lesions[it.axes_um < MACRO_FROM_UM] for it in known]),
        ("ITC", [it.itc_best for it in known]),
    ):
        count = sum(len(it) for it in chances)
        found = sum(_passing(it, threshold) for it in chances)
        rows.append((size, count, found, found / count if count else None))
    columns = ("size", "lesions", "found", "sensitivity")
    return Table(f"By size, points from {threshold:g} on", columns, tuple(rows))


def _passing(chances: NDArray[np.float64], threshold: float) -> int:
    return int(((chances > 0) & (chances >= threshold)).sum())


def _drawn(curve: FrocCurve) -> Curve:
    ticks = (0.125, *FALSE_POSITIVES)
    # Beyond the last point the sensitivity stays; nothing lies left of a logarithmic axis.
    x = np.append(np.maximum(curve.false_positives, ticks[0] / 2), 2 * ticks[-1])
    y = np.append(curve.sensitivity, curve.sensitivity[-1])
    thresholds = np.append(curve.thresholds, np.inf)
    return Curve(
        "froc",
        "FROC",
        "false positives a slide",
        "share of lesions found",
        (
            line("camelyon16-interpolated", x, y, thresholds=thresholds),
            line("camelyon16-step", FALSE_POSITIVES, curve.step(), "dots"),
        ),
        x_ticks=ticks,
    )


def _sensitivities(curve: FrocCurve | None) -> Table:
    values = [
        [None] * len(FALSE_POSITIVES) if curve is None else measure(curve).tolist()
        for measure in VARIANTS.values()
    ]
    rows = tuple(zip((f"{at:g}" for at in FALSE_POSITIVES), *values, strict=True))
    return Table("Sensitivity", ("false positives a slide", *VARIANTS), rows)


def _by_slide(slides: Sequence[SlideFindings]) -> Table:
    columns = ("slide", "lesions", "found", "false positives", "ITC", "highest probability")
    rows = tuple(
        (
            it.name,
            len(it.lesions),
            len(it.lesions) - it.missed,
            len(it.false),
            it.itc,
            it.highest,
        )
        for it in slides
    )
    return Table("By slide", columns, rows)


def _worst(slides: Sequence[SlideFindings]) -> tuple[Worst, ...]:
    """Slides with most missed lesions, then those with the surest false positives."""

    def badness(it: SlideFindings) -> tuple[int, float]:
        return it.missed, float(it.false.max()) if len(it.false) else 0.0

    bad = sorted((it for it in slides if badness(it) > (0, 0.0)), key=badness, reverse=True)
    return tuple(Worst(it.name, _words(it)) for it in bad[:MOST_WORST])


def _words(it: SlideFindings) -> str:
    lesions = f"{it.missed} of {len(it.lesions)} lesions missed" if len(it.lesions) else "no lesion"
    if not len(it.false):
        return f"{lesions}; no false positive"
    false = "1 false positive" if len(it.false) == 1 else f"{len(it.false)} false positives"
    return f"{lesions}; {false}, the surest {it.false.max():.3f}"


def _notes(lesions: int, units: int) -> list[str]:
    notes = ["FROC and slide AUC rank systems differently, so both are given."]
    if not lesions:
        notes.append("There is no lesion to find, so there is no FROC.")
    if units < 2:
        notes.append("There are no intervals: there is one slide only.")
    return notes
