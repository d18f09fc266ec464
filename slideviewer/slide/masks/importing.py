"""Reading masks as annotations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from slideviewer.annotations.loaded import Loaded
from slideviewer.annotations.masks import MOST_CUT, HoleStyle, MaskGrid, Outlining, outlined, trace
from slideviewer.annotations.model import Group
from slideviewer.errors import AnnotationError
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide.masks.mask_file import Labelled, MaskFile, open_mask

_LOOKED_AT_PX = 50_000_000
"""The finest level that has no more pixels is looked through for its labels."""
_LOOKING = "Looking for labels"


@dataclass(frozen=True)
class MaskImport:
    """How a mask is read.

    Attributes
    ----------
    outlining : Outlining
        Where it names no group for a label, a mask of our own may.
    threshold : int or None
        Whatever is at least this counts as label 1, all else as background.
    smallest_px2 : float
        Regions of a smaller area are left out and smaller holes closed, in square level-0 pixels.
    size : tuple of int or None
        Width and height of the slide, in level-0 pixels. Without it a mask of our own lies where
        it says, and any other one has the slide's own pixels.
    level : int
        Of a mask with levels.
    """

    outlining: Outlining = field(default_factory=Outlining)
    threshold: int | None = None
    smallest_px2: float = 0.0
    size: tuple[int, int] | None = None
    level: int = 0


def read_mask(
    path: Path,
    how: MaskImport | None = None,
    known: Sequence[Group] = (),
    progress: Progress = silent,
) -> Loaded:
    """Read a mask as polygons, tile by tile and joined without seams.

    Parameters
    ----------
    path : Path
        TIFF or PNG in grey.
    how : MaskImport, optional
    known : sequence of Group
        Groups whose properties are taken over where they are met.
    progress : Progress

    Returns
    -------
    Loaded

    Raises
    ------
    SlideError
        Where the file cannot be read, or shows colours.
    AnnotationError
        Where it has as many labels or outlines as only a picture has.
    """
    how = how or MaskImport()
    with closing(open_mask(path, how.level)) as mask:
        grid = _grid(mask, how)
        outlining = how.outlining
        if mask.note is not None and how.threshold is None:
            groups = {**mask.note.groups, **outlining.groups}
            outlining = Outlining(groups, outlining.tolerance_px, outlining.holes)

        def read(x: int, y: int, width: int, height: int) -> Labelled:
            return _thresholded(mask.read(x, y, width, height), how.threshold)

        try:
            regions = trace(
                (mask.width, mask.height),
                read,
                how.smallest_px2 / (grid.scale_x * grid.scale_y),
                mask.block,
                progress,
            )
        except AnnotationError as error:
            raise AnnotationError(error.problem, path=path, remedy=error.remedy) from error
        annotations = outlined(regions, grid, outlining, known)
        notices = _notices(mask, grid, how, is_empty=not len(annotations))
        riddled = sum(len(region.holes) > MOST_CUT for region in regions)
        if how.outlining.holes == HoleStyle.CUT and riddled:
            notices += (
                f"Regions with more than {MOST_CUT} holes were not cut open; their holes became "
                f"annotations: {riddled}.",
            )
        return Loaded(annotations, notices)


@dataclass(frozen=True)
class MaskSummary:
    """What a mask holds, at a glance.

    Attributes
    ----------
    size : tuple of int
        Width and height of its level 0.
    labels : mapping of int to int
        About how many pixels of level 0 each label has, in the order of the labels and without
        the background. Where the mask is large a coarser level was looked at, and labels of the
        smallest regions may be missing.
    groups : mapping of int to (str or None)
        The group of a label, None for no group, where the file says so.
    """

    size: tuple[int, int]
    labels: Mapping[int, int]
    groups: Mapping[int, str | None]


def summary_of(path: Path, progress: Progress = silent) -> MaskSummary:
    """Look through a level of a mask that is quickly read.

    Raises
    ------
    SlideError
        Where the file cannot be read, or shows colours.
    """
    with closing(open_mask(path)) as mask:
        sizes, note = mask.sizes, mask.note
    pixels = [width * height for width, height in sizes]
    quick = (number for number, count in enumerate(pixels) if count <= _LOOKED_AT_PX)
    level = next(quick, len(sizes) - 1)
    counts: dict[int, int] = {}
    with closing(open_mask(path, level)) as mask:
        across, down = mask.block
        for top in range(0, mask.height, down):
            progress(Step(top, mask.height, _LOOKING, "rows"))
            for left in range(0, mask.width, across):
                width, height = min(across, mask.width - left), min(down, mask.height - top)
                for label, count in _counted(mask.read(left, top, width, height)):
                    counts[label] = counts.get(label, 0) + count
    counts.pop(0, None)
    enlarged = pixels[0] / pixels[level]
    labels = {label: round(count * enlarged) for label, count in sorted(counts.items())}
    return MaskSummary(sizes[0], labels, note.groups if note else {})


def _grid(mask: MaskFile, how: MaskImport) -> MaskGrid:
    size = mask.width, mask.height
    note = mask.note
    if note is not None and how.size in (None, note.size):
        factor = 2**how.level
        return MaskGrid(*size, note.scale[0] * factor, note.scale[1] * factor)
    return MaskGrid.fitted(how.size or mask.sizes[0], size)


def _thresholded(labels: Labelled, threshold: int | None) -> Labelled:
    return labels if threshold is None else (labels >= threshold).astype(np.uint8)


def _counted(block: Labelled) -> Iterator[tuple[int, int]]:
    """Each label of a block with its pixels."""
    if block.dtype.itemsize <= 2:  # counting is ten times as fast as sorting
        counts = np.bincount(block.ravel())
        labels = np.flatnonzero(counts)
        counts = counts[labels]
    else:
        labels, counts = np.unique(block, return_counts=True)
    yield from zip(labels.tolist(), counts.tolist(), strict=True)


def _notices(mask: MaskFile, grid: MaskGrid, how: MaskImport, *, is_empty: bool) -> tuple[str, ...]:
    found = []
    if mask.note is not None and how.size not in (None, mask.note.size):
        found.append(
            "The mask was made for a slide of {} × {} px, and this one has {} × {}.".format(
                *mask.note.size, *(how.size or mask.note.size)
            )
        )
    off = abs(grid.scale_x / grid.scale_y - 1)
    if off > 1 / mask.width + 1 / mask.height:
        found.append(
            f"The mask ({mask.width} × {mask.height} px) has another shape than the slide; it was "
            "stretched to fit."
        )
    if is_empty:
        found.append("The mask holds nothing but background.")
    return tuple(found)
