"""From the probabilities of insides and borders to nuclei one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int32]
"""Which nucleus each pixel belongs to: shape (height, width); 0 is none."""

_RISE, _UNEVEN = 1e-4, 1e-13
"""Of level ground, a pixel away from a core; and of pixels that are equally far from one. The
probabilities they are added to are of float16."""
_MIXERS, _DIFFERENT = (73_856_093, 19_349_663), 1 << 24
"""Two primes that scatter the places of a picture (Teschner et al. 2003, "Optimized spatial
hashing"), and how many heights there are."""


@dataclass(frozen=True, eq=False)
class Instances:
    """The nuclei of a picture.

    Attributes
    ----------
    labels : ndarray (height, width), int32
        1 to count; 0 is no nucleus.
    first : ndarray (count, 2), int64
        x and y of the first pixel, row by row, of the core that each one grew from; or of the top
        of the votes for it, which may lie outside. It says to whom a nucleus belongs where parts
        of a slide overlap.
    """

    labels: Labels
    first: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first)


def instances_in(
    inside: NDArray[np.floating],
    border: NDArray[np.floating],
    threshold: float,
    smallest_px: float = 0.0,
    at: tuple[int, int] = (0, 0),
) -> Instances:
    """Grow nuclei from the places that are surely inside one.

    A core is a connected place where the inside is more probable than the border, or the rim of
    each nucleus, by the threshold. From the cores a watershed floods what is of a nucleus, inside
    or border, over the landscape of the difference (Vincent and Soille 1991), so that nuclei that
    touch meet on the border between them. What a nucleus becomes depends on what is near it alone:
    no two places are flooded at the same height, where chance, or what lies far away, would decide.

    Parameters
    ----------
    inside, border : ndarray (height, width)
        Probabilities from 0 to 1; NaN, where nobody looked, counts as 0.
    threshold : float
        From which a pixel is of a nucleus.
    smallest_px : float
        Nuclei of fewer pixels are left out.
    at : tuple of int
        x and y of the first pixel in the picture that this is a part of.
    """
    from scipy import ndimage  # late: the window shows nuclei, and finds none
    from skimage.segmentation import watershed

    inside = np.nan_to_num(np.asarray(inside, np.float32), nan=0.0)
    border = np.nan_to_num(np.asarray(border, np.float32), nan=0.0)
    surely = inside - border
    cores, _ = ndimage.label(surely >= threshold)
    of_nuclei = np.maximum(inside, border) >= threshold
    heights = -surely.astype(np.float64) + _slope(cores, at)
    flooded: Labels = watershed(heights, cores, mask=of_nuclei)  # type: ignore[no-untyped-call]
    return numbered(flooded, cores, smallest_px)


def numbered(flooded: Labels, cores: Labels, smallest_px: float) -> Instances:
    """Number nuclei from 1 in the order of their cores, without those that are too small.

    Parameters
    ----------
    flooded, cores : ndarray (height, width), int32
        What became of each core, by the core's number.
    smallest_px : float
    """
    sizes = np.bincount(flooded.ravel(), minlength=int(cores.max()) + 1)
    sizes[0] = 0
    kept = np.flatnonzero(sizes >= max(1.0, smallest_px))
    numbers = np.zeros(len(sizes), np.int32)
    numbers[kept] = np.arange(1, len(kept) + 1)
    names, place = np.unique(cores, return_index=True)
    first = np.zeros(len(sizes), np.int64)
    first[names] = place
    rows, columns = np.divmod(first[kept], cores.shape[1])
    return Instances(numbers[flooded], np.stack([columns, rows], axis=1))


def _slope(cores: Labels, at: tuple[int, int]) -> NDArray[np.float64]:
    """A little height for each pixel: level ground rises away from the cores, nowhere alike."""
    from scipy import ndimage

    away = ndimage.distance_transform_edt(cores == 0) if cores.any() else np.zeros(cores.shape)
    return np.asarray(_RISE * away + uneven(cores.shape, at))


def uneven(shape: tuple[int, ...], at: tuple[int, int]) -> NDArray[np.float64]:
    """Next to nothing, another at each pixel of a picture, so that no two heights are alike.

    Parameters
    ----------
    shape : tuple of int
        Height and width.
    at : tuple of int
        x and y of the first pixel in the picture that this is a part of.
    """
    x, y = np.arange(shape[1]) + at[0], np.arange(shape[0]) + at[1]
    mixed = (x * _MIXERS[0])[None, :] ^ (y * _MIXERS[1])[:, None]
    return np.asarray(_UNEVEN * (mixed % _DIFFERENT))
