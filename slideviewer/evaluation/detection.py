"""How well lesions are found, and slides told apart by them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from slideviewer.evaluation.auc import AucBySlide
from slideviewer.evaluation.bootstrap import Resampling
from slideviewer.evaluation.curves import line, roc
from slideviewer.evaluation.froc import (
    FALSE_POSITIVES,
    INTERPOLATED,
    STEP,
    VARIANTS,
    FrocCurve,
    FrocEvents,
)
from slideviewer.evaluation.lesions import SlideFindings
from slideviewer.evaluation.report import Curve, Report, Score, Table, Worst
from slideviewer.evaluation.scoring import scored

MOST_WORST = 8

_HOW = {
    INTERPOLATED: "camelyon16-interpolated: mean sensitivity at 1/4, 1/2, 1, 2, 4 and 8 false "
    "positives a slide, on straight lines between thresholds",
    STEP: "camelyon16-step: the same, at the first threshold with so many false positives or more",
}
_SLIDE_SCORE = "by slide; its score is the highest probability of its points, 0 without any"


def evaluate_lesions(
    slides: Sequence[SlideFindings],
    resampling: Resampling = Resampling(),  # noqa: B008 - it never changes
    notes: Sequence[str] = (),
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
    curves = [] if curve is None else [_drawn(curve)]
    truth = np.array([it.has_tumour for it in slides])
    by_slide = roc(truth, np.array([it.highest for it in slides]), "slides with tumour")
    return Report(
        task="lesions",
        resampled=resampling.words("slide", units),
        scores=tuple(scores),
        curves=tuple([*curves, *([by_slide] if by_slide is not None else [])]),
        tables=(_sensitivities(curve), _by_slide(slides)),
        worst=_worst(slides),
        notes=(*notes, *_notes(lesions, units)),
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


def _drawn(curve: FrocCurve) -> Curve:
    ticks = (0.125, *FALSE_POSITIVES)
    # Beyond the last point the sensitivity stays; nothing lies left of a logarithmic axis.
    x = np.append(np.maximum(curve.false_positives, ticks[0] / 2), 2 * ticks[-1])
    y = np.append(curve.sensitivity, curve.sensitivity[-1])
    return Curve(
        "froc",
        "FROC",
        "false positives a slide",
        "share of lesions found",
        (
            line("camelyon16-interpolated", x, y),
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
