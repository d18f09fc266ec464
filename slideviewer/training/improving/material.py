"""What a model is corrected on: reviewed tiles, what is replayed, and what is left out of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Progress
from slideviewer.training.improving.blocks import SIDES, Places, apart
from slideviewer.training.improving.embedding import Embedder
from slideviewer.training.improving.fitting import Tiles
from slideviewer.training.improving.judging import Judgement
from slideviewer.training.improving.learning import Learnt, learn, memory_of_slides
from slideviewer.training.improving.measuring import Answering, measure_apart
from slideviewer.training.improving.memory import Memory
from slideviewer.training.improving.options import ImproveOptions
from slideviewer.training.improving.reviewed import Locked, ReviewedSlide, read_review

_APART_SHARE = 0.25
"""Of the reviewed tiles of each class, where no slide is held out."""


@dataclass(frozen=True, eq=False)
class Material:
    """What is learnt from: reviewed tiles, and what is replayed beside them.

    Attributes
    ----------
    learnt : Learnt
    slides : tuple of ReviewedSlide
    chosen, held_out : ndarray (n,), bool
        Of what was learnt: what is learnt from, and what both models are measured on where no
        slide is held out.
    side : int
        Of the squares of tiles that are left out together.
    known : Memory
        Of its parent, and given.
    sure : Memory
        Of which the parent itself is sure: an opinion, replayed this once.
    """

    learnt: Learnt
    slides: tuple[ReviewedSlide, ...]
    chosen: NDArray[np.bool_]
    held_out: NDArray[np.bool_]
    side: int
    known: Memory
    sure: Memory

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


def gather(
    locked: Locked,
    embedder: Embedder,
    memory: Memory,
    options: ImproveOptions,
    progress: Progress,
    tell: Callable[[str], None],
) -> Material:
    """Look at the slides to learn from; the others are not even named here.

    Raises
    ------
    TrainingError
        If the review says nothing, or all that there is to learn from is of one class.
    SlideError, AnnotationError, PredictionError, EvaluationError
        If a slide or its markup cannot be read.
    """
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
    material = Material(learnt, slides, chosen, held_out, side, memory, sure)
    _refuse_one_class(material.tiles.labels, spec.class_names)
    return material


def _refuse_one_class(labels: NDArray[np.int64], names: Sequence[str]) -> None:
    found = [names[it] for it in np.unique(labels).tolist()]
    if len(found) < 2:
        raise TrainingError(
            f"All there is to learn from is {', '.join(found) or 'nothing'}: a model would say"
            " that of everything.",
            remedy="Accept or draw some of the other class, too, or give labelled tiles with"
            " --replay.",
        )
