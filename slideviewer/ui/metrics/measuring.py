"""Measures the shown prediction against the markup, and the markup against another one's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from slideviewer.annotations import AnnotationSet
from slideviewer.annotations.frame import SlideFrame
from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.markup import Markup
from slideviewer.evaluation.inputs.open_truth import OpenTruth, markup_on
from slideviewer.evaluation.report import Report
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.progress import Progress
from slideviewer.ui import plots
from slideviewer.ui.metrics.latest import Latest

if TYPE_CHECKING:
    from slideviewer.evaluation.open_slide import Measured, Measures

REMEDIES = {
    "--groups": "Choose under “Marked by” which group it is.",
    "--rest": "Choose it under “Elsewhere”.",
    "predict command": "Predict it again: it goes on where it stopped.",
}
"""What to do in the window where a command would be given an option."""

Measurable = Prediction | MaskPrediction


@dataclass(frozen=True, eq=False)
class Question:
    """What is to be measured.

    Attributes
    ----------
    prediction : Measurable
    markup : AnnotationSet
    frame : SlideFrame or None
    path : Path
        Where the markup lies, or would.
    truth : OpenTruth
    threshold : float
    """

    prediction: Measurable
    markup: AnnotationSet
    frame: SlideFrame | None
    path: Path
    truth: OpenTruth
    threshold: float


@dataclass(frozen=True, eq=False)
class PairQuestion:
    """Whose markup is to be compared."""

    markup: AnnotationSet
    frame: SlideFrame
    path: Path
    other: Markup


def measurer(question: Callable[[], Question | None], parent: QObject) -> Latest[Question]:
    """Answers with `Measured`; what no threshold changes is kept for the next one."""
    kept: list[tuple[Question, Measures]] = []

    def begin(asked: Question) -> Callable[[Progress], Measured]:
        former = kept[-1] if kept else None

        def work(progress: Progress) -> Measured:
            from slideviewer.evaluation.open_slide import measures_of  # late: it takes a moment

            if former is not None and _have_same_sides(former[0], asked):
                measures = former[1]
            else:
                drawn = markup_on(asked.markup, asked.frame, asked.path)
                with _in_words_of_the_window():
                    measures = measures_of(asked.prediction, drawn, asked.truth, progress)
            kept[:] = [(asked, measures)]
            plots.load()  # while nobody waits
            return measures.at(asked.threshold)

        return work

    return Latest(question, _is_same, begin, _is_void, parent)


def pair_measurer(
    question: Callable[[], PairQuestion | None], parent: QObject
) -> Latest[PairQuestion]:
    """Answers with the `Report` of how far two annotators agree."""

    def begin(asked: PairQuestion) -> Callable[[Progress], Report]:
        def work(progress: Progress) -> Report:
            from slideviewer.evaluation.agreement import evaluate_agreement
            from slideviewer.evaluation.inputs.open_slide import pairs_on

            mine = markup_on(asked.markup, asked.frame, asked.path)
            with _in_words_of_the_window():
                pairs = pairs_on(mine, asked.other, asked.frame)
                found = [*pairs.each(progress)]
            return evaluate_agreement(found, pairs.group_names, notes=pairs.notes)

        return work

    def is_same(one: PairQuestion, other: PairQuestion) -> bool:
        same_frame = one.frame == other.frame and one.path == other.path
        return one.other is other.other and same_frame and _draw_same(one.markup, other.markup)

    return Latest(question, is_same, begin, lambda one, other: not is_same(one, other), parent)


@contextmanager
def _in_words_of_the_window() -> Iterator[None]:
    """Let an error say what to do here, and not on the command line."""
    try:
        yield
    except EvaluationError as error:
        told = next((it for option, it in REMEDIES.items() if option in error.remedy), "")
        remedy = told or ("" if "--" in error.remedy else error.remedy)
        raise EvaluationError(error.problem, path=error.path, remedy=remedy) from error


def _is_same(one: Question, other: Question) -> bool:
    return _have_same_sides(one, other) and one.threshold == other.threshold


def _have_same_sides(one: Question, other: Question) -> bool:
    return (
        one.prediction is other.prediction
        and one.truth == other.truth
        and one.frame == other.frame
        and _draw_same(one.markup, other.markup)
    )


def _is_void(one: Question, other: Question) -> bool:
    """Tiles are laid on markup in a moment, which is worth seeing; pixels are read for long."""
    if one.prediction is not other.prediction:
        return True
    return not isinstance(one.prediction, Prediction) and not _have_same_sides(one, other)


def _draw_same(one: AnnotationSet, other: AnnotationSet) -> bool:
    """Whether two sets mean the same areas: decisions alone change nothing."""
    first: Any = one.annotations
    return first is other.annotations and one.groups == other.groups
