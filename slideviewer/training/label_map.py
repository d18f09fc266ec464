"""What a specialist marked on a slide as one small picture of class numbers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations import AnnotationSet, read_annotations
from slideviewer.annotations.masks import Labels, MaskGrid, MaskPainting, group_named
from slideviewer.annotations.masks.labels import excludes
from slideviewer.errors import TrainingError
from slideviewer.slide import open_slide
from slideviewer.slide.masks import MaskFile, open_mask
from slideviewer.training.slide_list import MarkedSlide

REST, IGNORED = "rest", "ignore"
"""In place of a group: all tissue that no named group holds. In place of a class: areas that no
tile may touch."""
WHITE = "white"
"""In place of a mask's label: every one from 128 on; in a mask that has none so high, all but 0."""
LOSSY_SUFFIXES = (".jpg", ".jpeg")
"""Masks whose labels are only nearly what was painted; of them only white can be told."""
LEFT_OUT = 255
"""The number of areas that no tile may touch."""
MOST_CLASSES = 200

_FINENESS = 16
"""Pixels of the map across a tile: shares are then right to about a hundredth."""
_LONGEST_SIDE = 8192
HALF_WHITE = 128
"""From here on a pixel of 8 bits is nearer to white than to black."""


@dataclass(frozen=True, eq=False)
class LabelMap:
    """Class numbers over all of a slide.

    Attributes
    ----------
    labels : ndarray (height, width), uint8
        0 where nothing is marked, `LEFT_OUT`, or 1 + the index of a class.
    grid : MaskGrid
        Where its pixels lie on the slide.
    found : frozenset of str
        Which of the sources (groups, labels of a mask) occur.
    unnamed : frozenset of str
        Groups that occur and that nobody named: they count as nothing marked.
    """

    labels: NDArray[np.uint8]
    grid: MaskGrid
    found: frozenset[str]
    unnamed: frozenset[str] = frozenset()


def class_numbers(classes: Mapping[str, str]) -> dict[str, int]:
    """The number of each source in a label map.

    Parameters
    ----------
    classes : mapping of str to str
        From source to class name or `IGNORED`; `REST` among the sources is left out.
    """
    names = class_names(classes)
    return {
        source: LEFT_OUT if name == IGNORED else names.index(name) + 1
        for source, name in classes.items()
        if source != REST
    }


def class_names(classes: Mapping[str, str]) -> tuple[str, ...]:
    """The classes of a mapping, in order, without what is left out."""
    return tuple(dict.fromkeys(name for name in classes.values() if name != IGNORED))


def label_map(
    marked: MarkedSlide, size: tuple[int, int], tile_side: float, classes: Mapping[str, str]
) -> LabelMap:
    """Paint a slide's markup, or read its mask, at the fineness that tiles need.

    Parameters
    ----------
    marked : MarkedSlide
    size : tuple of int
        Width and height of the slide, in level-0 pixels.
    tile_side : float
        In level-0 pixels.
    classes : mapping of str to str
        As in `class_numbers`.

    Raises
    ------
    SlideError, AnnotationError
        If the markup cannot be read.
    TrainingError
        If a mask was made for another slide.
    """
    downsample = max(1.0, tile_side / _FINENESS, max(size) / _LONGEST_SIDE)
    grid = MaskGrid.covering(*size, downsample)
    numbers = class_numbers(classes)
    if marked.markup is None:
        return LabelMap(np.zeros((grid.height, grid.width), np.uint8), grid, frozenset())
    if marked.has_mask:
        return _from_mask(marked, size, grid, numbers)
    return _from_annotations(read_annotations(marked.markup).annotations, grid, numbers)


def _from_annotations(
    annotations: AnnotationSet, grid: MaskGrid, numbers: Mapping[str, int]
) -> LabelMap:
    named = {group_named(source): number for source, number in numbers.items()}
    labels = Labels(named)
    painted = labels.painted(annotations)
    around = {name for shape, _ in painted for name in annotations.lineage(shape.group)}
    around |= {shape.group or "None" for shape, _ in painted}
    unnamed = {
        annotation.group or "None"
        for annotation in annotations
        if labels.of(annotations, annotation.group) is None
        and not (annotation.group is not None and excludes(annotation.group))
    }
    bands = MaskPainting(annotations, labels, grid).bands()
    painting = np.concatenate([*bands]).astype(np.uint8)
    return LabelMap(painting, grid, frozenset(around & numbers.keys()), frozenset(unnamed))


def _from_mask(
    marked: MarkedSlide, size: tuple[int, int], grid: MaskGrid, numbers: Mapping[str, int]
) -> LabelMap:
    assert marked.markup is not None
    with closing(open_any_mask(marked.markup)) as mask:
        level = max(
            (at for at, (width, _) in enumerate(mask.sizes) if width >= grid.width), default=0
        )
        finest = mask.sizes[0]
    with closing(open_any_mask(marked.markup, level)) as mask:
        note = mask.note
        if note is not None and note.size != size:
            raise TrainingError(
                "The mask was made for a slide of {} × {} px, and {} has {} × {}.".format(
                    *note.size, marked.path.name, *size
                ),
                path=marked.markup,
                remedy="Check which mask belongs to which slide.",
            )
        if abs(finest[0] / size[0] * size[1] / finest[1] - 1) > 0.02 + 2 / min(finest):
            raise TrainingError(
                f"The mask of {finest[0]} × {finest[1]} px has not the shape of {marked.path.name},"
                f" which has {size[0]} × {size[1]} px.",
                path=marked.markup,
                remedy="Check which mask belongs to which slide.",
            )
        groups = {name or "None": label for label, name in note.groups.items()} if note else {}
        of_label: dict[int, int] = {}
        for source, number in numbers.items():
            label = groups.get(source, int(source) if source.isdecimal() else None)
            if label is not None:
                of_label[label] = number
        picked = _picked(mask, size, grid)
    values = np.unique(picked).tolist()
    seen = set(values)
    # A picture compressed with losses is not quite black where it is black.
    is_lossy = marked.markup.suffix.lower() in LOSSY_SUFFIXES
    least_white = HALF_WHITE if is_lossy or max(values) >= HALF_WHITE else 1
    labels = np.zeros(picked.shape, np.uint8)
    whites: set[int] = set()
    for value in values:
        number = of_label.get(value, 0)
        if not number and value not in of_label and WHITE in numbers and value >= least_white:
            number = numbers[WHITE]
            whites.add(value)
        if number:
            labels[picked == value] = number
    found = {source for source in numbers if source.isdecimal() and int(source) in seen}
    found |= {source for source, label in groups.items() if source in numbers and label in seen}
    if whites:
        found.add(WHITE)
    unnamed = set() if WHITE in numbers or is_lossy else seen - {0} - of_label.keys()
    return LabelMap(labels, grid, frozenset(found), frozenset(map(str, unnamed)))


def open_any_mask(path: Path, level: int = 0) -> MaskFile:
    """Open a mask; of one with losses, whose grey is not quite grey, the mean of its colours.

    Raises
    ------
    SlideError
        As `open_mask`.
    """
    if path.suffix.lower() not in LOSSY_SUFFIXES:
        return open_mask(path, level)
    picture = open_slide(path)

    def read(x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        region = picture.read_region(0, x, y, width, height)
        return np.asarray(region.mean(axis=-1), np.uint8)

    return MaskFile(path, [(picture.pyramid.width, picture.pyramid.height)], 0, read, picture.close)


def _picked(mask: MaskFile, size: tuple[int, int], grid: MaskGrid) -> NDArray[np.generic]:
    """The mask's label at the centre of each of the map's pixels."""
    columns = _centres(grid.width, grid.scale_x, mask.width, size[0])
    rows = _centres(grid.height, grid.scale_y, mask.height, size[1])
    rows_at_once = max(1, mask.block[1] * grid.height // mask.height)
    parts = []
    for top in range(0, grid.height, rows_at_once):
        wanted = rows[top : top + rows_at_once]
        first = int(wanted.min())
        part = mask.read(0, first, mask.width, int(wanted.max()) + 1 - first)
        parts.append(part[wanted - first][:, columns])
    return np.concatenate(parts)


def _centres(count: int, scale: float, mask_length: int, length: int) -> NDArray[np.int64]:
    """The mask's pixel at the centre of each of the map's, along one side."""
    places = (np.arange(count) + 0.5) * scale * mask_length / length
    return np.clip(places.astype(np.int64), 0, mask_length - 1)
