"""From nuclei and the offsets to their middles to nuclei one by one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.nuclei.instances import Instances, Labels, numbered, uneven
from slideviewer.inference.nuclei.offsets import as_pixels

_BLUR_PX = 1.5
"""Votes for one middle lie about so far apart."""
_DEEP = 1.0
"""What parts two middles: between them the votes fall below the lower one's by a factor of e to
this."""
_FEWEST = 1e-3
"""Votes a pixel, after the blur, up to which none is near: of a single one 0.07 stay in place."""


def instances_voted(
    inside: NDArray[np.floating],
    offsets: NDArray[np.floating],
    threshold: float,
    smallest_px: float = 0.0,
    at: tuple[int, int] = (0, 0),
) -> Instances:
    """Let each pixel of a nucleus vote for the middle of its own.

    Where votes pile up is a nucleus, made of those who voted for it: its largest piece, without
    holes. Piles are told apart by a watershed, and by how deep the valley between them is, in
    logarithms (their dynamics, Grimaud 1992, "A new measure of contrast: the dynamics"). As a
    pixel's vote is its own, nuclei that touch part even where nothing is to be seen between them
    (after Neven et al. 2019, arXiv:1906.11109, and Cheng et al. 2020, arXiv:1911.10194).

    Parameters
    ----------
    inside : ndarray (height, width)
        Probabilities from 0 to 1; NaN, where nobody looked, counts as 0.
    offsets : ndarray (height, width, 2)
        Across and down, as `slideviewer.inference.nuclei.offsets` has them.
    threshold, smallest_px, at
        As in `slideviewer.inference.nuclei.instances.instances_in`.
    """
    from scipy import ndimage  # late: the window shows nuclei, and finds none

    rows, columns = np.nonzero(~np.isnan(inside) & (inside >= threshold))
    shape = inside.shape
    if not len(rows):
        return Instances(np.zeros(shape, np.int32), np.zeros((0, 2), np.int64))
    way = np.rint(as_pixels(offsets[rows, columns])).astype(np.int64)
    to = (
        np.clip(rows + way[:, 1], 0, shape[0] - 1),
        np.clip(columns + way[:, 0], 0, shape[1] - 1),
    )
    votes = np.bincount(np.ravel_multi_index(to, shape), minlength=inside.size).reshape(shape)
    piled = ndimage.gaussian_filter(votes.astype(np.float64), _BLUR_PX, mode="constant")
    height = np.log(piled + _FEWEST) + uneven(shape, at)
    piles, tops = _piles(height, piled > _FEWEST)
    voted = piles[to]
    voted[np.bincount(voted)[voted] < smallest_px] = 0  # strays, whose places are holes
    labels = np.zeros(shape, np.int32)
    labels[rows, columns] = voted
    return numbered(_whole(labels), tops, smallest_px)


def _piles(height: NDArray[np.float64], somewhere: NDArray[np.bool_]) -> tuple[Labels, Labels]:
    """Number the piles, and their tops alone, the same numbers at one pixel each."""
    from scipy import ndimage
    from skimage.segmentation import watershed

    peaks = somewhere & (height == ndimage.maximum_filter(height, 3))
    at = np.flatnonzero(peaks)
    seeds = np.zeros(height.shape, np.int32)
    seeds.flat[at] = np.arange(1, len(at) + 1)
    basins: Labels = watershed(  # type: ignore[no-untyped-call]
        -height, seeds, connectivity=2, mask=somewhere
    )
    pile_of = _joined(height.flat[at], *_passes(height, basins))
    tops = np.zeros_like(seeds)
    kept = pile_of[1:] == seeds.flat[at]
    tops.flat[at[kept]] = seeds.flat[at[kept]]
    return pile_of[basins], tops


def _passes(
    height: NDArray[np.float64], basins: Labels
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Where two basins meet: both numbers (n, 2), and the height, from the highest on."""
    ends = []
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        one = np.s_[: -down or None, max(0, -across) : -across if across > 0 else None]
        other = np.s_[down:, max(0, across) : across if across < 0 else None]
        pair = basins[one], basins[other]
        meet = (pair[0] != pair[1]) & (pair[0] > 0) & (pair[1] > 0)
        low = np.minimum(height[one][meet], height[other][meet])
        ends.append((pair[0][meet], pair[1][meet], low))
    first, second, low = (np.concatenate(part) for part in zip(*ends, strict=True))
    order = np.argsort(-low, kind="stable")
    return np.stack([first[order], second[order]], axis=1).astype(np.int64), low[order]


def _joined(
    peaks: NDArray[np.float64], pairs: NDArray[np.int64], low: NDArray[np.float64]
) -> NDArray[np.int32]:
    """The pile of each basin by its number: the lower of two is of the higher, but for a valley."""
    top = [0.0, *peaks.tolist()]
    of = list(range(len(top)))

    def pile(number: int) -> int:
        while of[number] != number:
            of[number] = of[of[number]]
            number = of[number]
        return number

    _, once = np.unique(np.sort(pairs, axis=1), axis=0, return_index=True)
    once.sort()  # the highest pass of each pair
    for (first, second), level in zip(pairs[once].tolist(), low[once].tolist(), strict=True):
        lower, higher = sorted((pile(first), pile(second)), key=top.__getitem__)
        if lower != higher and top[lower] - level < _DEEP:
            of[lower] = higher
    return np.array([pile(number) for number in range(len(of))], np.int32)


def _whole(labels: Labels) -> Labels:
    """Keep the largest piece of each, and fill its holes."""
    from scipy import ndimage
    from skimage.measure import label

    pieces = label(labels, connectivity=1)  # type: ignore[no-untyped-call]
    sizes = np.bincount(pieces.ravel())
    owner = np.zeros(len(sizes), np.int32)
    owner[pieces] = labels
    by_size = np.argsort(sizes, kind="stable")
    largest = np.zeros(int(labels.max()) + 1, np.int64)
    largest[owner[by_size]] = by_size
    found = np.where(largest[labels] == pieces, labels, 0)
    gaps, count = ndimage.label(found == 0)
    lowest, highest = np.full(count + 1, np.iinfo(np.int32).max), np.zeros(count + 1, np.int64)
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        for within, beside in ((gaps[one], found[other]), (gaps[other], found[one])):
            meet = (within > 0) & (beside > 0)
            np.minimum.at(lowest, within[meet], beside[meet])
            np.maximum.at(highest, within[meet], beside[meet])
    is_hole = lowest == highest
    for end in (gaps[0], gaps[-1], gaps[:, 0], gaps[:, -1]):
        is_hole[end] = False
    return np.where(is_hole[gaps], highest[gaps], found).astype(np.int32)
