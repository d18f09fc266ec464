"""What there is to learn from in a folder of reviewed slides, before anything is learnt."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

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
        Whether it would be held out by its file's hash.
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
    return tuple(found)


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
