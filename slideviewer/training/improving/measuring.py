"""Both models on tiles that neither has learnt from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.masks import UNGROUPED_WORD
from slideviewer.errors import TrainingError
from slideviewer.evaluation.inputs.labelled_tiles import TruthOptions, marked
from slideviewer.evaluation.inputs.predicted_tiles import PredictedTiles
from slideviewer.evaluation.inputs.run_facts import RunFacts
from slideviewer.evaluation.tiles import LabelledTiles
from slideviewer.models.loading import apply_temperature
from slideviewer.progress import Progress
from slideviewer.training.improving.blocks import SIDES, Places
from slideviewer.training.improving.embedding import Cells, Embedder
from slideviewer.training.improving.head import Embeddings, Head
from slideviewer.training.improving.judging import Judgement, Units, judge
from slideviewer.training.improving.learning import lessons_of, plan_of
from slideviewer.training.improving.lessons import rects_of
from slideviewer.training.improving.options import ImproveOptions
from slideviewer.training.improving.reviewed import Review, ReviewedSlide, read_review

FEW_SLIDES = 5
"""Of fewer, an interval by slide is rough."""

ONE_SLIDE = (
    "One slide is held out: the interval is drawn over squares of its tiles, and says nothing of"
    " other slides."
)
NO_SLIDE = (
    "No slide is held out. Measured on reviewed tiles of the same slides that lie apart from those"
    " learnt from: this is weak, for it does not say how the model does on another slide."
)
AGAIN = (
    "The model has learnt from these slides before, so that what it was before is flattered, too."
)
UNMARKED = "All tissue of a held-out slide that is not marked counts as not being the target."
NO_TARGET = "No held-out tile is {target}: only what is wrongly taken for it can be counted."


@dataclass(frozen=True, eq=False)
class Answering:
    """A head with its calibration.

    Attributes
    ----------
    head : Head
    temperature, threshold : float
    """

    head: Head
    temperature: float
    threshold: float

    def probabilities(self, embeddings: Embeddings) -> NDArray[np.float32]:
        """Calibrated: shape (n, classes), float32."""
        return apply_temperature(self.head.answers(embeddings), self.temperature)


Sides = tuple[Answering, Answering]
"""The parent, and what was made of it."""


def measure_slides(
    slides: Sequence[ReviewedSlide],
    sides: Sides,
    embedder: Embedder,
    options: ImproveOptions,
    how: str,
    progress: Progress,
    on_notice: Callable[[str], None],
) -> Judgement:
    """Compare both on held-out slides, by the rules of `slideviewer evaluate tiles`.

    Raises
    ------
    SlideError, PredictionError, AnnotationError, EvaluationError
        If a slide or its markup cannot be read, or they do not belong together.
    TrainingError
        If nothing is known of any tile of theirs.
    """
    spec = embedder.package.spec
    review = read_review(slides, spec, options, on_notice)
    cells: list[Cells] = []
    tiles: list[PredictedTiles] = []
    cut = 0
    for slide in slides:
        plan = plan_of(slide, embedder, progress)
        with closing(plan.reader.slide):
            # Of a slide that was annotated in part, what nobody spoke of is not known.
            is_part = slide.slide.partial
            known = lessons_of(slide, review, plan).known if is_part else plan.tissue
            rows, columns = np.nonzero(known)
            rng = np.random.default_rng([options.seed, int(slide.hash[:8], 16)])
            drawn = rng.permutation(len(rows))[: options.measured]
            cut += len(drawn) < len(rows)
            wanted = np.zeros(known.shape, bool)
            wanted[rows[drawn], columns[drawn]] = True
            found = embedder.cells(plan, wanted, progress)
            pyramid = plan.reader.slide.pyramid
        facts = RunFacts(slide.slide.path, (pyramid.width, pyramid.height))
        rects = rects_of(plan.grid, found.columns, found.rows)
        # Probabilities come below, once from each side.
        nothing = np.zeros((len(found), spec.num_classes), np.float32)
        cells.append(found)
        tiles.append(PredictedTiles(slide.slide.path, spec.class_names, nothing, rects, (), facts))
    if not sum(map(len, cells)):
        raise TrainingError(
            "Nothing is known of the held-out slides, which are annotated in part.",
            path=slides[0].slide.path,
            remedy="Review them, or hold out others.",
        )
    truth = _truth(review, spec.class_names)
    names = [slide.name for slide in slides]
    empty = marked(dict(zip(names, tiles, strict=True)), review.markup, spec.target, truth).tiles
    embeddings = np.concatenate([it.embeddings for it in cells])
    weak = []
    if len(slides) == 1:
        places = Places(empty.slides, cells[0].columns.astype(int), cells[0].rows.astype(int))
        units = _squares(places, SIDES[0])
        weak.append(ONE_SLIDE)
    else:
        units = Units(empty.slides, len(slides), "slide")
        if len(slides) < FEW_SLIDES:
            weak.append(f"Of {len(slides)} slides, intervals are rough.")
    if not (empty.labels == spec.target).any():
        weak.append(NO_TARGET.format(target=spec.target_class))
    if cut:
        weak.append(f"Of {cut} slides no more than {options.measured:,} tiles each were drawn.")
    parts = sum(it.slide.partial for it in slides)
    if parts < len(slides):
        weak.append(UNMARKED)
    if parts:
        weak.append(f"Of {_counted(parts)} annotated in part, reviewed tiles alone are counted.")
    words = f"{_counted(len(slides))} held out, {how}: {len(embeddings):,} tiles"
    return _judged(empty, embeddings, sides, units, words, " ".join(weak))


def measure_apart(
    embeddings: Embeddings,
    labels: NDArray[np.int64],
    places: Places,
    names: Sequence[str],
    side: int,
    sides: Sides,
    class_names: tuple[str, ...],
    target: int,
    *,
    was_learnt: bool,
) -> Judgement:
    """Compare both on tiles of the training slides that lie apart from what was learnt from.

    Parameters
    ----------
    embeddings, labels, places
        Of these tiles.
    names : sequence of str
        Of the slides.
    side : int
        Of the squares in which tiles were held out.
    sides : pair of Answering
    class_names : tuple of str
    target : int
    was_learnt : bool
        Whether the parent has learnt from any of the slides before.
    """
    nothing = np.zeros((len(labels), len(class_names)), np.float32)
    empty = LabelledTiles(nothing, labels, class_names, target, places.slides, tuple(names))
    words = f"{len(labels):,} reviewed tiles, apart from those learnt from"
    weakness = f"{NO_SLIDE} {AGAIN}" if was_learnt else NO_SLIDE
    return _judged(empty, embeddings, sides, _squares(places, side), words, weakness)


def _judged(
    empty: LabelledTiles,
    embeddings: Embeddings,
    sides: Sides,
    units: Units,
    words: str,
    weakness: str,
) -> Judgement:
    before, after = (replace(empty, probabilities=side.probabilities(embeddings)) for side in sides)
    thresholds = sides[0].threshold, sides[1].threshold
    return judge(before, after, thresholds, units, words, weakness)


def _truth(review: Review, class_names: tuple[str, ...]) -> TruthOptions:
    """What the groups of held-out markup stand for, as it was understood in the review."""
    declared = {name for it in review.annotations.values() for name in it.groups}
    used = {group for it in review.markup.values() for group in it.groups}
    groups = {
        UNGROUPED_WORD if group is None else group: class_names[label - 1]
        for group, label in review.meaning.labels.items()
        if (group in declared if group is not None else UNGROUPED_WORD in used)
    }
    return TruthOptions(groups=groups, rest=class_names[review.meaning.rest])


def _squares(places: Places, side: int) -> Units:
    numbers = np.unique(places.squares(side), return_inverse=True)[1].astype(np.int64)
    return Units(numbers, int(numbers.max()) + 1, "square")


def _counted(count: int) -> str:
    return "1 slide" if count == 1 else f"{count} slides"
