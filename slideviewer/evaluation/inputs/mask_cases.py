"""Predicted and true masks put together, and compared part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.cases import listed, matched
from slideviewer.evaluation.inputs.label_sources import (
    LabelSource,
    Pixels,
    facts_of_slide,
    open_labels,
)
from slideviewer.evaluation.inputs.markup import MARKUP_SUFFIXES
from slideviewer.evaluation.inputs.mask_classes import named_classes
from slideviewer.evaluation.inputs.mask_layout import Layout, layout_of, plain
from slideviewer.evaluation.inputs.mask_reading import both_open, same_size, small
from slideviewer.evaluation.inputs.painted import paint_like
from slideviewer.evaluation.label_pairs import count_pairs
from slideviewer.evaluation.masks import MaskCase, Overlap, case_of
from slideviewer.progress import Progress, silent


@dataclass(frozen=True)
class MaskOptions:
    """How masks are understood.

    Attributes
    ----------
    classes : tuple of str
        Those that are evaluated; empty for all of the truth.
    labels, truth_labels : mapping of str to int
        The label of each class, of what is predicted and of the truth.
    groups : mapping of str to str
        Of markup: which class a group stands for.
    grey : int or None
        From which grey on a pixel is of the class, where there is one class a file.
    threshold : float
        For maps of probabilities.
    slides : mapping of str to Path
        Slides by the names of cases, in small letters.
    size : tuple of int or None
        Width and height of the slide in level-0 pixels, in place of what anything says.
    spacing_um_px : float or None
        Micrometres per level-0 pixel, in place of what anything says.
    """

    classes: tuple[str, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    truth_labels: Mapping[str, int] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    grey: int | None = None
    threshold: float = 0.5
    slides: Mapping[str, Path] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    spacing_um_px: float | None = None


class MaskCases:
    """All cases of an evaluation.

    Parameters
    ----------
    predicted, truth : Path
    options : MaskOptions

    Raises
    ------
    SlideviewerError
        Where they do not belong together.
    """

    def __init__(self, predicted: Path, truth: Path, options: MaskOptions) -> None:
        first, second = layout_of(predicted), layout_of(truth)
        if bool(first.by_class) != bool(second.by_class):
            one, other = (first, second) if first.by_class else (second, first)
            raise EvaluationError(
                f"holds a file a class, and {other.path} holds all classes in one.",
                path=one.path,
                remedy="Give both as CLASS/CASE.png, or both as one file of labels a case.",
            )
        self.options, self.is_by_class = options, bool(first.by_class)
        places = predicted, truth
        self.files: Mapping[str, tuple[Path, Path]] = {}
        self.by_class: Mapping[str, tuple[Mapping[str, Path], Mapping[str, Path]]] = {}
        if self.is_by_class:
            self.by_class = matched(first.by_class, second.by_class, places)
            self.class_names = _shared_classes(first, second, options.classes)
        else:
            self.files = matched(first.files, second.files, places)
            self._named = named_classes(self.files, options)
            self.class_names = self._named.class_names

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader of a report should know."""
        return () if self.is_by_class else self._named.notes

    def each(self, progress: Progress = silent) -> Iterator[MaskCase]:
        """Compare case after case.

        Raises
        ------
        SlideviewerError
            Where one cannot be read, or two have different sizes.
        """
        for name in self.by_class if self.is_by_class else self.files:
            yield self._by_class(name, progress) if self.is_by_class else self._one(name, progress)

    def seen(self, name: str, class_name: str) -> NDArray[np.uint8]:
        """A case made small: 1 where a class is predicted, plus 2 where it is true."""
        number = self.class_names.index(class_name)
        if self.is_by_class:
            first, second = self._files_of(name, class_name)
            with both_open(self._opened(first), self._opened(second)) as (one, other):
                return small(one, other, self._is_class, self._is_class)
        predicted, truth = self._named.of(name)
        with self._open(name) as (one, other):
            return small(
                one,
                other,
                lambda it: np.isin(it, [k for k, v in predicted.items() if v == number + 1]),
                lambda it: np.isin(it, [k for k, v in truth.items() if v == number + 1]),
            )

    def _one(self, name: str, progress: Progress) -> MaskCase:
        with self._open(name) as (one, other):
            pairs = count_pairs((one.width, one.height), one.read, other.read, one.block, progress)
            self._named.check(name, pairs)
            predicted, truth = self._named.of(name, pairs)
            um2 = self._pixel_um2(name, one, other)
            return case_of(name, pairs, predicted, truth, len(self.class_names), um2)

    def _by_class(self, name: str, progress: Progress) -> MaskCase:
        overlaps, size, um2 = [], None, None
        for class_name in self.class_names:
            first, second = self._files_of(name, class_name)
            with both_open(self._opened(first), self._opened(second)) as (one, other):
                size = one.width, one.height
                pairs = count_pairs(size, one.read, other.read, one.block, progress)
                um2 = self._pixel_um2(name, one, other)
            is_one, is_other = (
                self._class_labels(labels, path)
                for labels, path in (
                    ({pair[0] for pair in pairs}, first),
                    ({pair[1] for pair in pairs}, second),
                )
            )
            overlaps.append(
                Overlap(
                    sum(n for (said, _), n in pairs.items() if said in is_one),
                    sum(n for (_, true), n in pairs.items() if true in is_other),
                    sum(n for (a, b), n in pairs.items() if a in is_one and b in is_other),
                )
            )
        assert size is not None  # there is a class
        return MaskCase(name, tuple(overlaps), size[0] * size[1], um2)

    def _files_of(self, name: str, class_name: str) -> tuple[Path, Path]:
        found = []
        for side in self.by_class[name]:
            path = next((it for key, it in side.items() if plain(key) == plain(class_name)), None)
            if path is None:
                raise EvaluationError(
                    f'has no mask of "{class_name}" for {listed([name])}.',
                    path=next(iter(side.values())).parent,
                )
            found.append(path)
        return found[0], found[1]

    def _class_labels(self, labels: set[int], path: Path) -> set[int]:
        """The labels of a file of one class that are the class."""
        if self.options.grey is not None:
            return {it for it in labels if it >= self.options.grey}
        found = labels - {0}
        if len(found) > 1:
            raise _many_labels(path, found)
        return found

    def _is_class(self, labels: Pixels) -> NDArray[np.bool_]:
        return np.asarray(labels >= (self.options.grey or 1))

    def _opened(self, path: Path, threshold: float | None = None) -> LabelSource:
        return open_labels(path, threshold, is_grey=self.options.grey is not None)

    @contextmanager
    def _open(self, name: str) -> Iterator[tuple[LabelSource, LabelSource]]:
        first, second = self.files[name]
        slide = self.options.slides.get(name.casefold())
        size = self.options.size or (facts_of_slide(slide)[0] if slide is not None else None)
        is_markup = [it.name.lower().endswith(MARKUP_SUFFIXES) for it in (first, second)]
        if all(is_markup):
            raise EvaluationError(
                "and the truth are both markup.",
                path=first,
                remedy="Compare them with slideviewer evaluate annotations.",
            )
        with ExitStack() as stack:
            sources: list[LabelSource] = []
            for path, drawn in zip((first, second), is_markup, strict=True):
                if not drawn:
                    threshold = self.options.threshold if path == first else None
                    source = self._opened(path, threshold)
                    stack.callback(source.close)
                    _check_size(source, size)
                    sources.append(source)
            if any(is_markup):
                drawn_at = is_markup.index(True)
                markup = self._named.markup[name]
                labels = self._named.group_labels
                sources.insert(drawn_at, paint_like(sources[0], markup, labels, size))
            one, other = same_size(stack, sources[0], sources[1])
            yield one, other

    def _pixel_um2(self, name: str, *sources: LabelSource) -> float | None:
        spacing, size = self.options.spacing_um_px, self.options.size
        slide = self.options.slides.get(name.casefold())
        if slide is not None:
            own, um_px = facts_of_slide(slide)
            size, spacing = size or own, spacing or um_px
        if spacing is None:
            return None
        size = size or next((it.size for it in sources if it.size is not None), None)
        scale_x = size[0] / sources[0].width if size else 1.0
        scale_y = size[1] / sources[0].height if size else 1.0
        return spacing**2 * scale_x * scale_y


def _check_size(source: LabelSource, size: tuple[int, int] | None) -> None:
    if size is not None and source.size is not None and source.size != size:
        raise EvaluationError(
            f"was made for a slide of {source.size[0]} × {source.size[1]} px, and its slide has "
            f"{size[0]} × {size[1]}: it is of another slide.",
            path=source.path,
        )


def _shared_classes(first: Layout, second: Layout, wanted: Sequence[str]) -> tuple[str, ...]:
    """The classes to evaluate, by the truth's names."""
    names = tuple(wanted) or second.class_names
    for name in names:
        for side in (first, second):
            if plain(name) not in {plain(it) for it in side.class_names}:
                raise EvaluationError(
                    f'has no masks of "{name}"; it has {", ".join(side.class_names)}.',
                    path=side.path,
                    remedy="Name the classes that both have with --classes.",
                )
    return names


def _many_labels(path: Path, found: set[int]) -> EvaluationError:
    return EvaluationError(
        f"is a mask of one class, and has {len(found)} values besides 0.",
        path=path,
        remedy="Say from which grey on a pixel is of it, for example --grey 128.",
    )
