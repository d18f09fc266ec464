"""Two pictures of labels laid on each other: how many pixels have which pair of labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.progress import Progress, Step, silent

Read = Callable[[int, int, int, int], NDArray[Any]]
"""Reads x, y, width and height: an array (height, width) of whole numbers."""

Pairs = Mapping[tuple[int, int], int]
"""Pixels by their first and second label; pairs that do not occur are left out."""

_MOST_COUNTED = 1 << 22
"""So many possible pairs are counted in a table; of more, those that occur are sorted."""


def count_pairs(
    size: tuple[int, int],
    first: Read,
    second: Read,
    block: tuple[int, int] = (4096, 512),
    progress: Progress = silent,
) -> Counter[tuple[int, int]]:
    """Count the pairs of all pixels, block by block: memory does not grow with the pictures.

    Parameters
    ----------
    size : tuple of int
        Width and height of both.
    first, second : callable
    block : tuple of int
        Width and height of what is read at a time.
    progress : Progress
        Told rows.
    """
    width, height = size
    found: Counter[tuple[int, int]] = Counter()
    across, down = block
    for top in range(0, height, down):
        progress(Step(top, height, "Comparing", "rows"))
        rows = min(down, height - top)
        for left in range(0, width, across):
            columns = min(across, width - left)
            found.update(
                pairs_of(first(left, top, columns, rows), second(left, top, columns, rows))
            )
    return found


def pairs_of(first: NDArray[Any], second: NDArray[Any]) -> dict[tuple[int, int], int]:
    """Count the pairs of two arrays of one shape."""
    if not first.size:
        return {}
    one, other = (int(it.flat[0]) for it in (first, second))
    if (first == one).all() and (second == other).all():
        return {(one, other): first.size}
    wide = int(second.max()) + 1
    codes = first.astype(np.int64) * wide + second
    if (int(first.max()) + 1) * wide <= _MOST_COUNTED:
        counts = np.bincount(codes.ravel())
        values = np.flatnonzero(counts)
        counts = counts[values]
    else:
        values, counts = np.unique(codes, return_counts=True)
    rows, columns = np.divmod(values, wide)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return dict(zip(pairs, counts.tolist(), strict=True))
