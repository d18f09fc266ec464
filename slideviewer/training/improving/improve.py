"""Correct a model from a review: learn, measure, and write a new version unless it is worse."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError
from slideviewer.evaluation.classification import best_threshold
from slideviewer.models.loading import apply_temperature
from slideviewer.models.package import ModelPackage, open_package
from slideviewer.progress import Progress, Step, silent
from slideviewer.training.calibration import best_temperature
from slideviewer.training.improving.blocks import SIDES, Places, apart
from slideviewer.training.improving.embedding import Embedder
from slideviewer.training.improving.fitting import Fitted, Tiles, fit_best
from slideviewer.training.improving.judging import Judgement
from slideviewer.training.improving.learning import Learnt, learn, memory_of_slides
from slideviewer.training.improving.lessons import Source
from slideviewer.training.improving.measuring import Answering, measure_apart, measure_slides
from slideviewer.training.improving.memory import Memory, memory_in, memory_of_data
from slideviewer.training.improving.options import ImproveOptions, check
from slideviewer.training.improving.reviewed import (
    Locked,
    ReviewedSlide,
    find_reviewed,
    locked_away,
    read_review,
)
from slideviewer.training.improving.writing import Facts, write_version

_APART_SHARE = 0.25
"""Of the reviewed tiles of each class, where no slide is held out."""


@dataclass(frozen=True, eq=False)
class Improvement:
    """What came of it.

    Attributes
    ----------
    parent : ModelPackage
    package : ModelPackage or None
        The new version; None where it would have been worse, and nothing was written.
    judgement : Judgement
    counts : mapping of str to ndarray (3, classes), int64
        By training slide: tiles by source (drawn, accepted, rejected) and class.
    held_out : tuple of str
        Names of the slides that were locked away.
    remembers : str
        What was replayed, in words.
    tiles : int
        How many were learnt from, replayed ones included.
    read : int
        How many tiles were read and embedded; the others were known.
    seconds_fitting, seconds : float
        For the head alone, and for everything.
    """

    parent: ModelPackage
    package: ModelPackage | None
    judgement: Judgement
    counts: Mapping[str, NDArray[np.int64]]
    held_out: tuple[str, ...]
    remembers: str
    tiles: int
    read: int
    seconds_fitting: float
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        names, package = self.parent.spec.class_names, self.package
        return {
            "parent": {"name": self.parent.spec.name, "hash": self.parent.hash},
            "package": None
            if package is None
            else {
                "name": package.spec.name,
                "title": package.spec.title,
                "folder": str(package.folder),
                "hash": package.hash,
            },
            "judgement": self.judgement.as_json(),
            "learnt_from": {
                name: {
                    source.words: dict(zip(names, map(int, row), strict=True))
                    for source, row in zip(Source, rows, strict=True)
                }
                for name, rows in self.counts.items()
            },
            "held_out": list(self.held_out),
            "remembers": self.remembers,
            "tiles": self.tiles,
            "tiles_read": self.read,
            "seconds_fitting": round(self.seconds_fitting, 3),
            "seconds": round(self.seconds, 3),
        }


def improve(
    options: ImproveOptions,
    progress: Progress = silent,
    on_notice: Callable[[str], None] | None = None,
) -> Improvement:
    """Fit a package's head anew on a review, and write it as a version of its own if it is better.

    All layers below the head stay as they are. Held-out slides are not opened before the head is
    fitted. Where it turns out worse, nothing is written.

    Parameters
    ----------
    options : ImproveOptions
    progress : Progress
        Called while tiles are looked at.
    on_notice : callable, optional
        Told each sentence that the user should hear.

    Raises
    ------
    TrainingError
        If the options or the review do not serve.
    ModelError
        If the model is refused, or the new one cannot be written.
    SlideError, AnnotationError, PredictionError, EvaluationError
        If a slide or its markup cannot be read.
    Cancelled
        Whatever `progress` raises; nothing is written then.
    """
    began, tell = time.perf_counter(), on_notice or (lambda _: None)
    check(options)
    parent = open_package(options.model)
    embedder = Embedder(parent)
    head = embedder.weights.head
    remembered = memory_in(parent, len(head.kernel))
    locked = locked_away(find_reviewed(options), options, frozenset(remembered.slides))
    progress(Step(0, 0, "Reading the review"))
    memory = remembered.without({it.hash for it in locked.training})
    if options.replay is not None:
        given = memory_of_data(options.replay, embedder, options.seed, progress, tell)
        memory = memory.joined(given)
    training = _learnt(locked, embedder, memory, options, progress, tell)
    progress(Step(0, 0, "Fitting"))
    clock = time.perf_counter()
    fitted = fit_best(head, training.tiles)
    found = _calibrated(fitted, training.tiles, parent)
    seconds_fitting = time.perf_counter() - clock
    former = Answering(head, parent.spec.temperature, parent.spec.threshold)
    sides = former, found
    if locked.held_out:
        judgement = measure_slides(
            locked.held_out, sides, embedder, options, locked.how, progress, tell
        )
    else:
        was_learnt = any(it.hash in remembered.slides for it in locked.training)
        judgement = training.measured(sides, parent, was_learnt=was_learnt)
    package = None
    if not judgement.is_worse:
        progress(Step(0, 0, "Writing the new version"))
        facts = Facts(
            options=options,
            learnt=training.learnt,
            judgement=judgement,
            memory=training.kept,
            remembers=training.memory.source,
            strength=fitted.strength,
        )
        package = write_version(embedder, found, facts)
    return Improvement(
        parent,
        package,
        judgement,
        training.learnt.counts,
        tuple(it.name for it in locked.held_out),
        training.memory.source,
        len(training.tiles),
        embedder.read,
        seconds_fitting,
        time.perf_counter() - began,
    )


@dataclass(frozen=True, eq=False)
class _Training:
    """What is learnt from: reviewed tiles, and what is replayed beside them."""

    learnt: Learnt
    slides: tuple[ReviewedSlide, ...]
    chosen: NDArray[np.bool_]  # of what was learnt, those that are not held out
    held_out: NDArray[np.bool_]
    side: int
    known: Memory  # of its parent, and given
    sure: Memory  # of which the parent itself is sure: an opinion, replayed this once

    @property
    def memory(self) -> Memory:
        """All that is replayed."""
        return self.known.joined(self.sure)

    @property
    def tiles(self) -> Tiles:
        """All of it."""
        known, memory = self.learnt.is_known & self.chosen, self.memory
        count = len(memory)
        groups = self.learnt.places.squares(self.side)[known]
        if len(self.slides) >= 4:  # enough to leave whole slides out in turn
            groups = self.learnt.places.slides[known]
        return Tiles(
            np.concatenate([self.learnt.embeddings[known], memory.embeddings]),
            np.concatenate([self.learnt.labels[known], memory.labels]),
            np.repeat([False, True], [int(known.sum()), count]),
            # What is replayed is dealt out one by one, each a group of its own.
            np.concatenate([groups, -1 - np.arange(count, dtype=np.int64)]),
        )

    @property
    def kept(self) -> Memory:
        """What the new version remembers: the review, and what its parent knew; no opinions."""
        known = self.learnt.is_known & self.chosen
        own = Memory(
            self.learnt.embeddings[known],
            self.learnt.labels[known],
            self.learnt.places.slides[known],
            tuple(it.hash for it in self.slides),
        )
        return own.joined(self.known)

    def measured(
        self, sides: tuple[Answering, Answering], parent: ModelPackage, *, was_learnt: bool
    ) -> Judgement:
        """Both models on the reviewed tiles that lie apart."""
        out, places = self.held_out, self.learnt.places
        return measure_apart(
            self.learnt.embeddings[out],
            self.learnt.labels[out],
            Places(places.slides[out], places.columns[out], places.rows[out]),
            [it.name for it in self.slides],
            self.side,
            sides,
            parent.spec.class_names,
            parent.spec.target,
            was_learnt=was_learnt,
        )


def _learnt(
    locked: Locked,
    embedder: Embedder,
    memory: Memory,
    options: ImproveOptions,
    progress: Progress,
    tell: Callable[[str], None],
) -> _Training:
    """Look at the slides to learn from; the others are not even named here."""
    slides, spec = locked.training, embedder.package.spec
    review = read_review(slides, spec, options, tell)
    lacks = spec.num_classes > len(np.unique(memory.labels))
    learnt = learn(
        slides, review, embedder, options, wants_sure=lacks, progress=progress, on_notice=tell
    )
    chosen, held_out = np.ones(len(learnt.labels), bool), np.zeros(len(learnt.labels), bool)
    side = SIDES[0]
    if not locked.held_out:
        known = np.flatnonzero(learnt.is_known)
        places = learnt.places
        own = Places(places.slides[known], places.columns[known], places.rows[known])
        parted = apart(own, learnt.labels[known], _APART_SHARE)
        side = parted.side
        held_out[known] = parted.held_out
        chosen = ~places.near(parted.squares, side)
    sure = Memory.of(memory.embeddings[:0], memory.labels[:0])
    if lacks:
        sure = memory_of_slides(learnt, chosen, review.meaning.rest, options.seed)
        tell(
            "No tiles of what the model was trained on are given (--replay); in their place "
            + (f"it replays {sure.source}." if sure.source else "nothing is replayed.")
        )
    training = _Training(learnt, slides, chosen, held_out, side, memory, sure)
    _refuse_one_class(training.tiles.labels, spec.class_names)
    return training


def _refuse_one_class(labels: NDArray[np.int64], names: Sequence[str]) -> None:
    found = [names[it] for it in np.unique(labels).tolist()]
    if len(found) < 2:
        raise TrainingError(
            f"All there is to learn from is {', '.join(found) or 'nothing'}: a model would say"
            " that of everything.",
            remedy="Accept or draw some of the other class, too, or give labelled tiles with"
            " --replay.",
        )


def _calibrated(fitted: Fitted, tiles: Tiles, parent: ModelPackage) -> Answering:
    """Fit calibration and threshold on what heads said of tiles that they had not seen."""
    target = parent.spec.target
    temperature = best_temperature(fitted.left_out, tiles.labels)
    chances = apply_temperature(fitted.left_out, temperature)[:, target]
    is_target = tiles.labels == target
    threshold = parent.spec.threshold
    if is_target.any() and not is_target.all():
        threshold = round(best_threshold(is_target, chances), 4)
    return Answering(fitted.head.as_stored(), temperature, threshold)
