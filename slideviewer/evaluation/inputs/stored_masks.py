"""Stored segmentations of slides against markup: each class by itself, for they may overlap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    check_slide,
    class_labels,
    labels_for,
    left_out,
    read_markup,
)
from slideviewer.evaluation.inputs.mask_cases import MaskOptions
from slideviewer.evaluation.inputs.mask_reading import small
from slideviewer.evaluation.inputs.run_facts import stores_in
from slideviewer.evaluation.label_pairs import count_pairs
from slideviewer.evaluation.masks import MaskCase, Overlap
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
        self._found = {
            name: (store, read_mask_prediction(store)) for name, (store, _) in pairs.items()
        }
        self._markup = {name: read_markup(path) for name, (_, path) in pairs.items()}
        self._threshold, self._options = threshold, options
        first = next(iter(self._found.values()))[1]
        known = first.class_names
        for name, (store, it) in self._found.items():
            _check(name, store, it, known)
            check_slide(self._markup[name], _slide_size(it), f'the slide of "{name}"')
        target = known[first.target]
        drawn = list(self._markup.values())
        self._labels = class_labels(drawn, known, options.groups, target)
        marked = {known[label - 1] for label in self._labels.values()}
        unknown = [it for it in options.classes if it not in known]
        if unknown:
            raise EvaluationError(
                f'knows no class "{unknown[0]}"; it has {", ".join(known)}.', path=predicted
            )
        self.class_names = options.classes or tuple(it for it in known if it in marked) or (target,)
        unused = left_out(drawn, self._labels)
        words = f"Groups that stand for no class are not looked at: {', '.join(unused)}."
        self.notes: tuple[str, ...] = (words,) if unused else ()

    def each(self, progress: Progress = silent) -> Iterator[MaskCase]:
        """Compare slide after slide.

        Raises
        ------
        SlideviewerError
            Where a store cannot be read.
        """
        for name, (_, prediction) in self._found.items():
            overlaps = []
            for class_name in self.class_names:
                one, other = self._sources(name, class_name)
                size = one.width, one.height
                found = count_pairs(size, one.read, other.read, one.block, progress)
                overlaps.append(
                    Overlap(
                        sum(count for (said, _), count in found.items() if said),
                        sum(count for (_, true), count in found.items() if true),
                        found[1, 1],
                    )
                )
            frame = prediction.frame
            spacing = self._options.spacing_um_px
            um = prediction.spacing_um_px if spacing is None else spacing * frame.scale
            um2 = None if um is None else um**2
            yield MaskCase(name, tuple(overlaps), frame.width * frame.height, um2)

    def seen(self, name: str, class_name: str) -> NDArray[np.uint8]:
        """A slide made small: 1 where a class is predicted, plus 2 where it is true."""
        return small(*self._sources(name, class_name), *(partial(np.equal, 1),) * 2)

    def _sources(self, name: str, class_name: str) -> tuple[StoredLabels, PaintedLabels]:
        store, prediction = self._found[name]
        number = prediction.class_names.index(class_name)
        labels = StoredLabels(store, prediction, number, self._threshold)
        frame, markup = prediction.frame, self._markup[name]
        grid = MaskGrid(frame.width, frame.height, frame.scale, frame.scale, frame.x, frame.y)
        groups = {it: 1 for it, label in self._labels.items() if label == number + 1}
        painted = PaintedLabels(markup, labels_for(markup.annotations, groups), {}, grid)
        return labels, painted


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
