"""Tiles of reviewed slides to learn from. Nothing here ever hears of a held-out slide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations import AnnotationSet
from slideviewer.errors import TrainingError
from slideviewer.evaluation.findings.opinions import marked_share
from slideviewer.evaluation.inputs.markup import check_slide
from slideviewer.inference.grid import Grid
from slideviewer.inference.plan import Plan, make_plan
from slideviewer.progress import Progress, Step
from slideviewer.slide import open_slide
from slideviewer.training.improving.blocks import Places
from slideviewer.training.improving.embedding import Embedder
from slideviewer.training.improving.head import Embeddings
from slideviewer.training.improving.lessons import Lessons, Source, lessons_on
from slideviewer.training.improving.memory import PER_CLASS, Memory, drawn
from slideviewer.training.improving.options import ImproveOptions
from slideviewer.training.improving.reviewed import Review, ReviewedSlide
from slideviewer.training.improving.slide_part import SlidePart

_ROWS_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class Learnt:
    """Embedded tiles of all training slides.

    Attributes
    ----------
    embeddings : ndarray (n, features), float32
    labels : ndarray (n,), int64
    sources : ndarray (n,), int64
        A `Source`; 0 for what is replayed because the model was sure of it.
    places : Places
    grids : tuple of Grid
        Of each slide.
    counts : mapping of str to ndarray (3, classes), int64
        By slide: tiles that are known by source (drawn, accepted, rejected) and class.
    contradictions : int
        Tiles left out since a verdict says that they are the target, and the markup does not.
    """

    embeddings: Embeddings
    labels: NDArray[np.int64]
    sources: NDArray[np.int64]
    places: Places
    grids: tuple[Grid, ...]
    counts: Mapping[str, NDArray[np.int64]]
    contradictions: int

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """Which tiles the review speaks of."""
        return self.sources > 0


def plan_of(slide: ReviewedSlide, embedder: Embedder, progress: Progress) -> Plan:
    """Open a slide and find the cells that the model would look at; its slide is to be closed.

    Raises
    ------
    SlideError, PredictionError
        If it cannot be read, or nobody says how large its pixels are.
    """
    opened = open_slide(slide.slide.path)

    def told(step: Step) -> None:
        progress(Step(0, 0, f"{step.text} of {slide.name}"))

    try:
        return make_plan(opened, embedder.package, spacing=slide.slide.spacing_um_px, progress=told)
    except BaseException:
        opened.close()
        raise


def lessons_of(slide: ReviewedSlide, review: Review, plan: Plan) -> Lessons:
    """What a review says of a slide.

    Raises
    ------
    EvaluationError
        Where the markup is of another slide.
    """
    pyramid = plan.reader.slide.pyramid
    if slide.name in review.markup:
        size = pyramid.width, pyramid.height
        check_slide(review.markup[slide.name], size, plan.reader.slide.path.name)
    markup = review.annotations[slide.name]
    return lessons_on(plan.grid, plan.tissue, markup, review.meaning, is_normal=slide.is_normal)


def learn(
    slides: Sequence[ReviewedSlide],
    review: Review,
    embedder: Embedder,
    options: ImproveOptions,
    *,
    wants_sure: bool,
    progress: Progress,
    on_notice: Callable[[str], None],
) -> Learnt:
    """Embed what a review says of slides, and what the model is sure of elsewhere on them.

    Parameters
    ----------
    slides : sequence of ReviewedSlide
        Only those to learn from.
    review : Review
        Of just these.
    embedder : Embedder
    options : ImproveOptions
    wants_sure : bool
        Whether to look for tiles outside the review whose class the model is sure of.
    progress : Progress
    on_notice : callable

    Raises
    ------
    TrainingError
        If the review says nothing of any tile.
    SlideError, PredictionError, EvaluationError
        If a slide cannot be read, or its markup is of another.
    """
    classes = embedder.package.spec.num_classes
    parts: list[SlidePart] = []
    counts: dict[str, NDArray[np.int64]] = {}
    contradictions = 0
    for slide in slides:
        plan = plan_of(slide, embedder, progress)
        with closing(plan.reader.slide):
            lessons = lessons_of(slide, review, plan)
            counts[slide.name] = lessons.counts(classes)
            contradictions += lessons.contradictions
            rng = np.random.default_rng([options.seed, int(slide.hash[:8], 16)])
            part = SlidePart.of(plan, lessons, embedder, options.per_slide, rng, progress)
            parts.append(part)
            if wants_sure:
                free = _outside(plan, lessons, review.annotations[slide.name])
                parts.append(part.sure_of(plan, free, embedder, rng, progress))
    if not any(part.sources.any() for part in parts):
        raise TrainingError(
            "The review says nothing of any tile of the slides to learn from.",
            path=options.data,
            remedy="Accept or reject findings, or draw, and save; or hold out other slides.",
        )
    if contradictions:
        on_notice(
            f"{contradictions:,} tiles are left out: a verdict says that they are the target, and"
            " the markup does not."
        )
    places = Places(
        np.repeat(
            np.arange(len(parts), dtype=np.int64) // (2 if wants_sure else 1),
            [len(part.labels) for part in parts],
        ),
        np.concatenate([part.columns for part in parts]).astype(np.int64),
        np.concatenate([part.rows for part in parts]).astype(np.int64),
    )
    found = Learnt(
        np.concatenate([part.embeddings for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.sources for part in parts]),
        places,
        tuple(part.grid for part in (parts[::2] if wants_sure else parts)),
        counts,
        contradictions,
    )
    return _uncontested(found) if wants_sure else found


def memory_of_slides(learnt: Learnt, chosen: NDArray[np.bool_], rest: int, seed: int) -> Memory:
    """Of chosen tiles those that the model is sure of, as what it is to remember.

    Where the review shows a class, the model's own opinion of it outside the markup is no
    knowledge: it is just what the reader may not have come to yet. Of such, only the rest is taken.
    """
    shown = set(learnt.labels[learnt.is_known & chosen].tolist()) - {rest}
    sure = np.flatnonzero(~learnt.is_known & chosen & ~np.isin(learnt.labels, list(shown)))
    rng = np.random.default_rng([seed, 1])
    sure = sure[drawn(learnt.labels[sure], PER_CLASS, rng)]
    words = f"{len(sure):,} tiles outside the review that the model itself is sure of"
    return Memory.of(learnt.embeddings[sure], learnt.labels[sure], words if len(sure) else "")


def _outside(plan: Plan, lessons: Lessons, markup: AnnotationSet) -> NDArray[np.bool_]:
    """Tissue that was neither decided on nor marked, nor lies beside what was."""
    spoken = (lessons.labels != -1) | (marked_share(markup, plan.grid) > 0)
    near = cv2.dilate(spoken.astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.asarray(plan.tissue & (near == 0), np.bool_)


def _uncontested(learnt: Learnt) -> Learnt:
    """Without those tiles the model is sure of that look most like one it was corrected on.

    A model that errs in one place errs in others like it; replayed, these would undo the review.
    """
    known = learnt.is_known
    asked = np.flatnonzero(~known)
    spread = np.maximum(learnt.embeddings.std(axis=0), 1e-4)
    seen = learnt.embeddings[known] / spread
    squares = (seen**2).sum(axis=1)
    keep = np.ones(len(known), bool)
    for start in range(0, len(asked), _ROWS_AT_ONCE):
        part = asked[start : start + _ROWS_AT_ONCE]
        distances = squares - 2 * (learnt.embeddings[part] / spread) @ seen.T
        nearest = distances.argmin(axis=1)
        corrected = learnt.sources[known][nearest] == Source.REJECTED
        keep[part] = ~(corrected & (learnt.labels[known][nearest] != learnt.labels[part]))
    places = Places(
        learnt.places.slides[keep], learnt.places.columns[keep], learnt.places.rows[keep]
    )
    return replace(
        learnt,
        embeddings=learnt.embeddings[keep],
        labels=learnt.labels[keep],
        sources=learnt.sources[keep],
        places=places,
    )
