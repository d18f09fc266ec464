"""Stored segmentations of slides against markup: each class by itself, for they may overlap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.masks import MaskGrid
from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.cases import files_of, listed, matched
from slideviewer.evaluation.inputs.label_sources import PaintedLabels, Pixels
from slideviewer.evaluation.inputs.markup import (
    MARKUP_SUFFIXES,
    Markup,
    check_slide,
    class_labels,
    labels_for,
    left_out,
    read_markup,
)
from slideviewer.evaluation.inputs.mask_cases import MaskOptions
from slideviewer.evaluation.inputs.mask_counts import MaskCounts, count_values
from slideviewer.evaluation.inputs.mask_reading import small
from slideviewer.evaluation.inputs.run_facts import stores_in
from slideviewer.evaluation.masks import MaskCase
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.inference.segmentation.store import read_mask_prediction
from slideviewer.progress import Progress, silent


class StoredLabels:
    """One class of a stored segmentation: label 1 where it counts; see `LabelSource`."""

    def __init__(
        self, path: Path, prediction: MaskPrediction, number: int, threshold: float | None
    ) -> None:
        frame = prediction.frame
        self.path = path
        self.width, self.height = frame.width, frame.height
        self.block = (2048, 512)
        self.size = _slide_size(prediction)
        self.classes: Mapping[int, str] = {}
        self._prediction, self._number, self._threshold = prediction, number, threshold

    def read(self, x: int, y: int, width: int, height: int) -> Pixels:
        """See `LabelSource`."""
        chances = self._prediction.read(0, x, y, width, height)
        positive = self._prediction.positive(chances, self._threshold)[..., self._number]
        return positive.astype(np.uint8)

    def close(self) -> None:
        """See `LabelSource`."""


class MarkedMask:
    """A segmentation and the markup of its slide, wherever they come from.

    Parameters
    ----------
    name : str
        Of the slide.
    prediction : MaskPrediction
    markup : Markup
    labels : mapping of (str or None) to int
        1 + the index of the class that a group stands for.
    path : Path
        Where the prediction comes from, for errors.
    """

    def __init__(
        self,
        name: str,
        prediction: MaskPrediction,
        markup: Markup,
        labels: Mapping[str | None, int],
        path: Path = Path(),
    ) -> None:
        self.name, self.prediction, self.markup, self.path = name, prediction, markup, path
        self._labels = labels

    def counts(self, class_names: Sequence[str], progress: Progress = silent) -> MaskCounts:
        """Count the pixels of some classes; slow."""
        known = self.prediction.class_names
        truth = {known.index(name): self.painted(name).read for name in class_names}
        return count_values(self.prediction, truth, progress)

    def case(
        self,
        counts: MaskCounts,
        class_names: Sequence[str],
        threshold: float | None = None,
        spacing_um_px: float | None = None,
    ) -> MaskCase:
        """What was counted, at a threshold.

        Parameters
        ----------
        counts : MaskCounts
        class_names : sequence of str
        threshold : float, optional
            That of the run by default.
        spacing_um_px : float, optional
            Micrometres per level-0 pixel, in place of what the prediction says.
        """
        prediction, frame = self.prediction, self.prediction.frame
        indices = [prediction.class_names.index(name) for name in class_names]
        overlaps = tuple(counts.overlap(index, threshold) for index in indices)
        um = prediction.spacing_um_px if spacing_um_px is None else spacing_um_px * frame.scale
        um2 = None if um is None else um**2
        return MaskCase(self.name, overlaps, frame.width * frame.height, um2)

    def painted(self, class_name: str) -> PaintedLabels:
        """The markup of a class, painted on the pixels of the prediction."""
        frame, markup = self.prediction.frame, self.markup
        number = self.prediction.class_names.index(class_name)
        grid = MaskGrid(frame.width, frame.height, frame.scale, frame.scale, frame.x, frame.y)
        groups = {it: 1 for it, label in self._labels.items() if label == number + 1}
        return PaintedLabels(markup, labels_for(markup.annotations, groups), {}, grid)


class MarkedMasks:
    """Segmentations of slides and their markup, wherever they come from.

    Parameters
    ----------
    found : mapping of str to (Path, MaskPrediction)
        By slide; the path is for errors.
    markup : mapping of str to Markup
    options : MaskOptions
        Of these classes, groups and spacing.

    Raises
    ------
    EvaluationError
        Where they do not belong together, or what groups stand for is not known.
    """

    def __init__(
        self,
        found: Mapping[str, tuple[Path, MaskPrediction]],
        markup: Mapping[str, Markup],
        options: MaskOptions,
    ) -> None:
        place, first = next(iter(found.values()))
        known = first.class_names
        for name, (store, it) in found.items():
            _check(name, store, it, known)
            check_slide(markup[name], _slide_size(it), f'the slide of "{name}"')
        target = known[first.target]
        drawn = list(markup.values())
        labels = class_labels(drawn, known, options.groups, target)
        marked = {known[label - 1] for label in labels.values()}
        unknown = [it for it in options.classes if it not in known]
        if unknown:
            raise EvaluationError(
                f'knows no class "{unknown[0]}"; it has {", ".join(known)}.', path=place
            )
        self.class_names = options.classes or tuple(it for it in known if it in marked) or (target,)
        self.masks = {
            name: MarkedMask(name, it, markup[name], labels, store)
            for name, (store, it) in found.items()
        }
        unused = left_out(drawn, labels)
        words = f"Groups that stand for no class are not looked at: {', '.join(unused)}."
        self.notes: tuple[str, ...] = (words,) if unused else ()


class StoredMaskCases:
    """All slides of an evaluation.

    Parameters
    ----------
    predicted : Path
        A store, or results with one a slide.
    truth : Path
        Markup, a file or a folder of files by slide.
    options : MaskOptions
        Of these classes, groups and spacing; the threshold is that of the run where it is None.
    threshold : float or None

    Raises
    ------
    SlideviewerError
        Where they do not belong together.
    """

    def __init__(
        self, predicted: Path, truth: Path, options: MaskOptions, threshold: float | None
    ) -> None:
        stores = stores_in(predicted)
        files = files_of(truth, MARKUP_SUFFIXES, "markup")
        is_named = truth.is_file() and len(stores) == 1
        pairs = matched(stores, files, (predicted, truth), lone_pair=is_named)
        found = {name: (store, read_mask_prediction(store)) for name, (store, _) in pairs.items()}
        markup = {name: read_markup(path) for name, (_, path) in pairs.items()}
        self._threshold, self._options = threshold, options
        self._marked = MarkedMasks(found, markup, options)
        self.class_names, self.notes = self._marked.class_names, self._marked.notes

    def each(self, progress: Progress = silent) -> Iterator[MaskCase]:
        """Compare slide after slide.

        Raises
        ------
        SlideviewerError
            Where a store cannot be read.
        """
        for mask in self._marked.masks.values():
            counts = mask.counts(self.class_names, progress)
            spacing = self._options.spacing_um_px
            yield mask.case(counts, self.class_names, self._threshold, spacing)

    def seen(self, name: str, class_name: str) -> NDArray[np.uint8]:
        """A slide made small: 1 where a class is predicted, plus 2 where it is true."""
        mask = self._marked.masks[name]
        number = mask.prediction.class_names.index(class_name)
        labels = StoredLabels(mask.path, mask.prediction, number, self._threshold)
        return small(labels, mask.painted(class_name), *(partial(np.equal, 1),) * 2)


def has_stored_masks(path: Path) -> bool:
    """Whether a folder holds stores and no masks of pictures."""
    return path.is_dir() and bool(stores_in(path)) and not any(path.glob("*/mask_*.png"))


def _check(name: str, store: Path, prediction: MaskPrediction, known: tuple[str, ...]) -> None:
    if prediction.class_names != known:
        raise EvaluationError(
            f"has the classes {', '.join(prediction.class_names)}, and others have "
            f"{', '.join(known)}.",
            path=store,
            remedy="Evaluate the answers of one model at a time.",
        )
    if prediction.provenance.get("region") is not None:
        raise EvaluationError(
            f"holds a part of {listed([name])} only.", path=store, remedy="Predict all of it."
        )
    if not prediction.complete:
        raise EvaluationError(
            f"holds a prediction of {listed([name])} that was broken off.",
            path=store,
            remedy="The same predict command again goes on with it.",
        )


def _slide_size(prediction: MaskPrediction) -> tuple[int, int] | None:
    slide = prediction.provenance.get("slide")
    if not isinstance(slide, Mapping):
        return None
    width, height = slide.get("width"), slide.get("height")
    return (width, height) if isinstance(width, int) and isinstance(height, int) else None
