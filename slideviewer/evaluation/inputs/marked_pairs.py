"""The markup of two annotators, painted on the same pixels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.masks import UNGROUPED_WORD, MaskGrid, excludes
from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.cases import files_of, matched
from slideviewer.evaluation.inputs.label_sources import PaintedLabels, facts_of_slide
from slideviewer.evaluation.inputs.markup import (
    MARKUP_SUFFIXES,
    Markup,
    check_slide,
    class_labels,
    labels_for,
    read_markup,
)
from slideviewer.evaluation.label_pairs import count_pairs
from slideviewer.evaluation.masks import MaskCase, case_of
from slideviewer.progress import Progress, silent

MOST_PX = 1 << 26
"""Markup is painted as fine as so many pixels a slide allow, where nothing else is asked for."""
_SEEN_PX = 488


@dataclass(frozen=True)
class PairOptions:
    """How markup is compared.

    Attributes
    ----------
    groups : mapping of str to str
        Which class a group stands for; empty for the groups themselves.
    downsample : float or None
        Level-0 pixels per pixel that is compared.
    slides : mapping of str to Path
        Slides by the names of cases, in small letters.
    size : tuple of int or None
        Width and height of the slide in level-0 pixels.
    spacing_um_px : float or None
        Micrometres per level-0 pixel.
    """

    groups: Mapping[str, str] = field(default_factory=dict)
    downsample: float | None = None
    slides: Mapping[str, Path] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    spacing_um_px: float | None = None


class MarkedPairs:
    """The markup of both for each slide.

    Parameters
    ----------
    markup : mapping of str to (Markup, Markup)
        By slide, the first one's and the second one's.
    options : PairOptions

    Raises
    ------
    SlideviewerError
        Where they do not belong together, or nobody knows how large a slide is.
    """

    def __init__(self, markup: Mapping[str, tuple[Markup, Markup]], options: PairOptions) -> None:
        self.markup = markup
        every = [it for pair in self.markup.values() for it in pair]
        names = tuple(dict.fromkeys(options.groups.values())) or _outermost(every)
        if not names:
            raise EvaluationError("and the other file mark nothing.", path=every[0].path)
        given = options.groups or {name: name for name in names}
        self.group_names = names
        self._labels = class_labels(every, names, given, names[0])
        self._options = options
        self._sizes = {name: self._size_of(name, pair) for name, pair in self.markup.items()}
        self.downsample = options.downsample or _downsample(self._sizes.values())

    @classmethod
    def read(cls, first: Path, second: Path, options: PairOptions) -> MarkedPairs:
        """Read files, or folders of them by slide; errors as of the pairs themselves."""
        files = matched(
            files_of(first, MARKUP_SUFFIXES, "markup"),
            files_of(second, MARKUP_SUFFIXES, "markup"),
            (first, second),
        )
        return cls(
            {name: (read_markup(a), read_markup(b)) for name, (a, b) in files.items()}, options
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader of a report should know."""
        told = [f"Compared on pixels of {self.downsample:g} × {self.downsample:g} level-0 pixels."]
        for number, who in enumerate(("first", "second")):
            own = {group for pair in self.markup.values() for group in pair[number].groups}
            other = {group for pair in self.markup.values() for group in pair[1 - number].groups}
            lone = [it for it in self.group_names if it in own and it not in other]
            if lone and not self._options.groups:
                told.append(f"Only the {who} used {', '.join(lone)}.")
        return tuple(told)

    @property
    def notices(self) -> Mapping[Path, tuple[str, ...]]:
        """What is odd about files."""
        return {it.path: it.notices for pair in self.markup.values() for it in pair if it.notices}

    def each(self, progress: Progress = silent) -> Iterator[MaskCase]:
        """Compare slide after slide."""
        numbers = {it: it for it in range(1, len(self.group_names) + 1)}
        for name in self.markup:
            one, other = self._painted(name)
            with closing(one), closing(other):
                # What the first drew stands for the truth, so that rows are the first's.
                pairs = count_pairs(
                    (one.width, one.height), other.read, one.read, one.block, progress
                )
            um2 = self._pixel_um2(name)
            yield case_of(name, pairs, numbers, numbers, len(self.group_names), um2)

    def seen(self, name: str, group: str) -> NDArray[np.uint8]:
        """A slide made small: 1 where the second marked a group, plus 2 where the first did."""
        number = self.group_names.index(group) + 1
        size = self._sizes[name]
        grid = MaskGrid.covering(*size, max(1.0, max(size) / _SEEN_PX))
        codes = np.zeros((grid.height, grid.width), np.uint8)
        for side, markup in enumerate(self.markup[name]):
            labels = PaintedLabels(markup, labels_for(markup.annotations, self._labels), {}, grid)
            drawn = labels.read(0, 0, grid.width, grid.height) == number
            codes |= drawn.astype(np.uint8) << (1 - side)
        return codes

    def _painted(self, name: str) -> tuple[PaintedLabels, PaintedLabels]:
        grid = MaskGrid.covering(*self._sizes[name], self.downsample)
        one, other = (
            PaintedLabels(it, labels_for(it.annotations, self._labels), {}, grid)
            for it in self.markup[name]
        )
        return one, other

    def _size_of(self, name: str, pair: tuple[Markup, Markup]) -> tuple[int, int]:
        slide = self._options.slides.get(name.casefold())
        if self._options.slides and slide is None:
            raise EvaluationError(f'No slide of "{name}" is in the folder of --slides.')
        size = self._options.size or (facts_of_slide(slide)[0] if slide is not None else None)
        size = size or next((it.size for it in pair if it.size is not None), None)
        if size is None:
            raise EvaluationError(
                "How large its slide is is not known.",
                path=pair[0].path,
                remedy="Name the folder of the slides with --slides, or give --size WIDTH,HEIGHT.",
            )
        for it in pair:
            check_slide(it, size, "its slide")
        return size

    def _pixel_um2(self, name: str) -> float | None:
        slide = self._options.slides.get(name.casefold())
        known = [self._options.spacing_um_px]
        if slide is not None:
            known.append(facts_of_slide(slide)[1])
        known.extend(it.spacing_um_px for it in self.markup[name])
        spacing = next((it for it in known if it is not None), None)
        return None if spacing is None else (spacing * self.downsample) ** 2


def _outermost(markup: list[Markup]) -> tuple[str, ...]:
    """The groups that lie in no other one and cut nothing out."""
    found: dict[str, None] = {}
    for it in markup:
        for group in it.groups:
            lineage = it.annotations.lineage(None if group == UNGROUPED_WORD else group)
            if not lineage or lineage[-1] == group:
                found[group] = None
    return tuple(it for it in found if not excludes(it))


def _downsample(sizes: Iterable[tuple[int, int]]) -> float:
    """The least power of two that keeps all slides within `MOST_PX`."""
    scale = 1
    for width, height in sizes:
        while (width // scale) * (height // scale) > MOST_PX:
            scale *= 2
    return float(scale)
