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
        Whether it is proposed to be held out: by its file's hash, or since no other that is held
        out shows the target.
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
    """Propose that a slide with the target is held out, too: without one nothing can be judged."""

    def shows(slide: SurveyedSlide) -> bool:
        return bool(slide.counts[:, target].any())

    wants_some = any(it.is_held_out for it in found)
    found = tuple(replace(it, is_held_out=it.is_held_out and bool(it.counts.any())) for it in found)
    free = [at for at, it in enumerate(found) if shows(it) and not it.was_learnt]
    if not wants_some or not free or any(shows(it) and it.is_held_out for it in found):
        return found
    first = min(free, key=lambda at: slides[at].hash)
    chosen = {at for at, it in enumerate(slides) if it.slide.origin == slides[first].slide.origin}
    rest = [it for at, it in enumerate(found) if at not in chosen]
    if not any(it.counts.any() for it in rest):
        return found
    # What is left to learn from is not to be held out as well.
    is_enough = any(it.counts.any() and not it.is_held_out for it in rest)
    return tuple(
        replace(it, is_held_out=at in chosen or (it.is_held_out and is_enough))
        for at, it in enumerate(found)
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
