"""How well slides are told apart by one score each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.auc import AucBySlide
from slideviewer.evaluation.bootstrap import Resampling, Weights
from slideviewer.evaluation.confusion import accuracy, confusions_by_slide, precision, recall
from slideviewer.evaluation.curves import precision_recall, roc
from slideviewer.evaluation.report import Confusion, Report, Table, Worst
from slideviewer.evaluation.scoring import Measure, scored

MOST_WORST = 8
NEGATIVE, POSITIVE = "negative", "positive"


@dataclass(frozen=True, eq=False)
class ScoredSlides:
    """Slides with a score and a truth.

    Attributes
    ----------
    names : tuple of str
    scores : ndarray (n,), float64
        Higher where a slide is rather positive.
    truth : ndarray (n,), bool
    """

    names: tuple[str, ...]
    scores: NDArray[np.float64]
    truth: NDArray[np.bool_]


def evaluate_slides(
    slides: ScoredSlides,
    threshold: float,
    resampling: Resampling = Resampling(),  # noqa: B008 - it never changes
    notes: Sequence[str] = (),
) -> Report:
    """Compare scores with what slides are.

    Parameters
    ----------
    slides : ScoredSlides
    threshold : float
        A slide counts as positive from this score on.
    resampling : Resampling
        By slide.
    notes : sequence of str
    """
    units = len(slides.names)
    each = np.arange(units)
    areas = AucBySlide.of(slides.truth, slides.scores, each, units)
    predicted = slides.scores >= threshold
    matrices = confusions_by_slide(
        slides.truth.astype(np.int64), predicted.astype(np.int64), each, 2, units
    )

    def matrix(weights: Weights) -> NDArray[np.int64]:
        summed: NDArray[np.int64] = np.tensordot(weights, matrices, 1)
        return summed

    at = f"slides with a score of {threshold:g} or more count as positive"
    measures: tuple[tuple[str, str, Measure], ...] = (
        ("roc_auc", "by slide, by ranks, ties half", areas.area),
        ("accuracy", at, lambda w: accuracy(matrix(w))),
        ("sensitivity", at, lambda w: recall(matrix(w), 1)),
        ("specificity", at, lambda w: recall(matrix(w), 0)),
        ("precision", at, lambda w: precision(matrix(w), 1)),
    )
    scores = [scored(name, measure, how, units, resampling) for name, how, measure in measures]
    counts = tuple(map(tuple, matrices.sum(axis=0).tolist()))
    curves = (
        roc(slides.truth, slides.scores, "slides"),
        precision_recall(slides.truth, slides.scores, "slides"),
    )
    rows = tuple(
        (name, float(score), POSITIVE if true else NEGATIVE)
        for name, score, true in zip(slides.names, slides.scores, slides.truth, strict=True)
    )
    return Report(
        task="slides",
        resampled=resampling.words("slide", units),
        scores=tuple(scores),
        curves=tuple(curve for curve in curves if curve is not None),
        confusions=(Confusion(f"Slides: {at}", (NEGATIVE, POSITIVE), counts),),
        tables=(Table("By slide", ("slide", "score", "truth"), rows),),
        worst=_worst(slides, predicted),
        notes=(*notes, *_notes(slides)),
    )


def _worst(slides: ScoredSlides, predicted: NDArray[np.bool_]) -> tuple[Worst, ...]:
    """Wrong slides, those first whose score has most slides of the other kind on its wrong side."""
    wrong = np.flatnonzero(predicted != slides.truth).tolist()

    def badness(index: int) -> float:
        score, others = slides.scores[index], slides.scores[slides.truth != slides.truth[index]]
        beyond = others >= score if slides.truth[index] else others <= score
        return float(beyond.mean()) if len(others) else 0.0

    order = sorted(wrong, key=badness, reverse=True)[:MOST_WORST]
    return tuple(
        Worst(
            slides.names[it],
            f"{POSITIVE if slides.truth[it] else NEGATIVE}, score {slides.scores[it]:.4g}",
        )
        for it in order
    )


def _notes(slides: ScoredSlides) -> list[str]:
    notes = []
    if slides.truth.all() or not slides.truth.any():
        kind = POSITIVE if slides.truth.all() else NEGATIVE
        notes.append(f"All slides are {kind}, so there is no ROC.")
    if len(slides.names) < 2:
        notes.append("There are no intervals: there is one slide only.")
    return notes
