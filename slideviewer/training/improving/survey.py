"""What there is to learn from in a folder of reviewed slides, before anything is learnt."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import SlideviewerError
from slideviewer.inference.plan import make_plan
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide import open_slide
from slideviewer.slide.tissue import TissueMask
from slideviewer.training.improving.head import weights_of
from slideviewer.training.improving.learning import lessons_of
from slideviewer.training.improving.lessons import Source
from slideviewer.training.improving.memory import memory_in
from slideviewer.training.improving.options import ImproveOptions
from slideviewer.training.improving.reviewed import (
    ReviewedSlide,
    find_reviewed,
    locked_away,
    read_review,
)


@dataclass(frozen=True, eq=False)
class SurveyedSlide:
    """One slide of a review.

    Attributes
    ----------
    name : str
    counts : ndarray (3, classes), int64
        Tiles by source (drawn, accepted, rejected) and class.
    is_held_out : bool
        Whether it is proposed to be held out: by its file's hash, as far as the target can be
        both learnt and judged.
    was_learnt : bool
        Whether the model has learnt from it before, so that it cannot be held out.
    problem : str
        Why it cannot be used; empty where it can.
    """

    name: str
    counts: NDArray[np.int64]
    is_held_out: bool = False
    was_learnt: bool = False
    problem: str = ""


def survey(
    package: ModelPackage, options: ImproveOptions, progress: Progress = silent
) -> tuple[SurveyedSlide, ...]:
    """Count, for each slide that has annotations, what a review says; glass counts as tissue.

    Slides are opened, and no pixel of them is read.

    Raises
    ------
    TrainingError
        If there is no such slide, or the model is none that can be corrected.
    ModelError
        If the model is damaged.
    """
    slides = find_reviewed(options)
    features = len(weights_of(package).head.kernel)
    learnt = frozenset(memory_in(package, features).slides)
    held_out = {it.name for it in locked_away(slides, options, learnt).held_out}
    found = []
    for number, slide in enumerate(slides):
        progress(Step(number, len(slides), "Counting what was reviewed", "slides"))
        counts, problem = _counted(slide, package, options)
        found.append(
            SurveyedSlide(slide.name, counts, slide.name in held_out, slide.hash in learnt, problem)
        )
    return _with_target(tuple(found), slides, package.spec.target)


def _with_target(
    found: tuple[SurveyedSlide, ...], slides: Sequence[ReviewedSlide], target: int
) -> tuple[SurveyedSlide, ...]:
    """Propose that a patient with the target is held out: without one nothing can be judged.

    It is one whom the model has not learnt from, and another one with the target is left to learn
    from. Where only one shows it, none is held out: tiles that lie apart are to judge then.
    """
    patients = [it.slide.origin for it in slides]
    both = list(zip(found, patients, strict=True))
    out = {patient for it, patient in both if it.is_held_out and it.counts.any()}
    wants_some = any(it.is_held_out for it in found)
    showing = {patient for it, patient in both if it.counts[:, target].any()}
    free = showing - {patient for it, patient in both if it.was_learnt}
    is_on_both_sides = bool(out & showing and showing - out)
    if wants_some and free and not is_on_both_sides:
        first = min((it for it in slides if it.slide.origin in free), key=lambda it: it.hash)
        out = (out - showing) | {first.slide.origin} if len(showing) > 1 else set()
    return tuple(
        replace(it, is_held_out=patient in out and bool(it.counts.any())) for it, patient in both
    )


def _counted(
    slide: ReviewedSlide, package: ModelPackage, options: ImproveOptions
) -> tuple[NDArray[np.int64], str]:
    classes = package.spec.num_classes
    try:
        review = read_review([slide], package.spec, options, lambda _: None)
        with closing(open_slide(slide.slide.path)) as opened:
            everything = TissueMask(np.ones((1, 1), bool), opened.pyramid.extent, None)
            plan = make_plan(opened, package, spacing=slide.slide.spacing_um_px, tissue=everything)
            return lessons_of(slide, review, plan).counts(classes), ""
    except SlideviewerError as error:
        return np.zeros((len(Source), classes), np.int64), str(error)
