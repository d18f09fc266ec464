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
"""Votes a pixel, after the blur, below which nothing is a middle."""


def instances_voted(
    inside: NDArray[np.floating],
    offsets: NDArray[np.floating],
    threshold: float,
    smallest_px: float = 0.0,
    at: tuple[int, int] = (0, 0),
) -> Instances:
    """Let each pixel of a nucleus vote for the middle of its own.

    Where votes pile up is a nucleus, made of those who voted for it: its largest piece, without
    holes. Piles are told apart by how deep the valley between them is (h-maxima, Soille 2003,
    "Morphological image analysis", of the logarithm), and by a watershed. As a pixel's vote is its
    own, nuclei that touch part even where nothing is to be seen between them (after Neven et al.
    2019, arXiv:1906.11109, and Cheng et al. 2020, arXiv:1911.10194).

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
    from skimage.morphology import reconstruction
    from skimage.segmentation import watershed

    rows, columns = np.nonzero(np.nan_to_num(np.asarray(inside, np.float32)) >= threshold)
    shape = inside.shape
    if not len(rows):
        return Instances(np.zeros(shape, np.int32), np.zeros((0, 2), np.int64))
    way = np.rint(as_pixels(offsets[rows, columns])).astype(np.int64)
    to = (
        np.clip(rows + way[:, 1], 0, shape[0] - 1),
        np.clip(columns + way[:, 0], 0, shape[1] - 1),
    )
    votes = np.zeros(shape)
    np.add.at(votes, to, 1)
    piled = ndimage.gaussian_filter(votes, _BLUR_PX, mode="constant")
    height = np.log(piled + _FEWEST) + uneven(shape, at)
    drained = reconstruction(height - _DEEP, height)  # type: ignore[no-untyped-call]
    tops, _ = ndimage.label(height - drained >= _DEEP * (1 - 1e-9))
    basins: Labels = watershed(-height, tops, mask=piled > _FEWEST)  # type: ignore[no-untyped-call]
    labels = np.zeros(shape, np.int32)
    labels[rows, columns] = basins[to]
    return numbered(_whole(labels), tops, smallest_px)


def _whole(labels: Labels) -> Labels:
    """Keep the largest piece of each, and fill its holes."""
    from scipy import ndimage

    found = np.zeros_like(labels)
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        pieces, count = ndimage.label(labels[box] == number)
        largest = 1 + int(np.argmax(np.bincount(pieces.ravel())[1:])) if count > 1 else 1
        filled = ndimage.binary_fill_holes(pieces == largest)
        # What is another's stays so: it lies within, and is told by itself.
        found[box][filled & ((labels[box] == 0) | (labels[box] == number))] = number
    return found
