"""Outlines of the labelled regions of a mask, found block by block and joined without seams.

Every side of a pixel beyond which another label lies is part of an outline. These sides, directed
so that their label lies to the right, form closed rings, clockwise on the screen around a region
and the other way round its holes. They are gathered as straight runs; where one ends another one
begins, whatever block it was found in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.masks.cracks import Runs, runs_in
from slideviewer.annotations.masks.nesting import TracedRegion, nested
from slideviewer.annotations.masks.rings import MOST_LABELS, MOST_SIDE_PX, Ring, rings_of
from slideviewer.errors import AnnotationError
from slideviewer.progress import Progress, Step, silent

ReadLabels = Callable[[int, int, int, int], NDArray[Any]]
"""Reads x, y, width, height, in the mask's pixels, as whole numbers (height, width)."""

MOST_RUNS = 16_000_000
"""Of a whole mask: they need about 2 GB while they are joined."""

_RINGS_AT_ONCE = 5000
"""Joined between two looks at whether the user has cancelled: a tenth of a second."""

TRACING = "Following the outlines"
_REMEDY = "Take it from a threshold, or take a coarser level of it."


def trace(
    size: tuple[int, int],
    read: ReadLabels,
    smallest_px: float = 0.0,
    block: tuple[int, int] = (4096, 512),
    progress: Progress = silent,
) -> list[TracedRegion]:
    """Find the regions of a mask.

    Parameters
    ----------
    size : tuple of int
        Width and height of the mask.
    read : callable
        Called for each block once, row by row.
    smallest_px : float
        Holes of fewer pixels are closed, and regions of fewer left out.
    block : tuple of int
        Width and height of what is read at a time.
    progress : Progress
        Called for each block.

    Returns
    -------
    list of TracedRegion
        Of each label but 0, pixels that touch along a side being one region; larger ones first.

    Raises
    ------
    AnnotationError
        Where the mask is too large, or has as many outlines or labels as only pictures have.
    """
    width, height = size
    if max(size) > MOST_SIDE_PX:
        raise AnnotationError(f"The mask has {width} × {height} px, too many to follow outlines.")
    found: list[Runs] = []
    count = 0
    # One pixel beyond the right and lower edge, too: there the last outlines close.
    above = np.zeros(width + 2, np.int64)
    for top in range(0, height + 1, block[1]):
        rows = min(block[1], height + 1 - top)
        below = np.zeros(width + 2, np.int64)
        before = np.zeros(rows, np.int64)
        for left in range(0, width + 1, block[0]):
            progress(Step(min(top, height), height, TRACING, "rows"))
            columns = min(block[0], width + 1 - left)
            inside = min(columns, width - left), min(rows, height - top)
            part = read(left, top, *inside) if min(inside) > 0 else np.zeros((0, 0), np.uint8)
            pixels = np.zeros((rows + 1, columns + 1), np.promote_types(part.dtype, np.uint8))
            pixels[1 : 1 + part.shape[0], 1 : 1 + part.shape[1]] = part
            pixels[0, :] = above[left : left + columns + 1]
            pixels[1:, 0] = before
            before = pixels[1:, -1].astype(np.int64)
            below[left + 1 : left + columns + 1] = pixels[-1, 1:]
            runs = runs_in(pixels, left, top)
            if len(runs):
                found.append(runs)
            count += len(runs)
            if count > MOST_RUNS:
                raise AnnotationError(
                    "It has far more outlines than a mask has, as pictures do.", remedy=_REMEDY
                )
        above = below
    runs = Runs.together(found)
    if len(np.unique(runs.label)) > MOST_LABELS:
        raise AnnotationError("It has more labels than a mask has, as pictures do.", remedy=_REMEDY)
    return nested(_watched(rings_of(runs), progress), smallest_px)


def _watched(rings: Iterable[Ring], progress: Progress) -> Iterator[Ring]:
    """The rings, with a look now and then at whether the user has cancelled."""
    for number, ring in enumerate(rings):
        if number % _RINGS_AT_ONCE == 0:
            progress(Step(0, 0, "Joining the outlines"))
        yield ring
