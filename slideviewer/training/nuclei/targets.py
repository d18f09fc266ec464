"""What a network for nuclei learns: where they are, and what parts those that touch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from slideviewer.errors import TrainingError
from slideviewer.inference.nuclei.offsets import as_levels
from slideviewer.models.spec_tasks import OFFSETS
from slideviewer.training.pictures.data import Marks

INSIDE, BORDER = "Inside", "Border"
TARGETS = (INSIDE, BORDER)
NUCLEUS, RIM = "Nucleus", "Rim"

REACH_PX = 2
"""Pixels of a nucleus that are so near another one are border."""


@dataclass(frozen=True)
class NucleiTargets:
    """The targets of a network for nuclei.

    Where there are two, what is surely in one nucleus alone is where the first is more probable
    than the second, and what is of any nucleus is where either is probable: all that
    `slideviewer.inference.nuclei.instances` asks. Where there are three, the others are offsets.

    Attributes
    ----------
    names : tuple of str
    marks : callable
        From numbered nuclei (height, width, 1) to the targets (height, width, n): masks, 0 or 1,
        and offsets as `slideviewer.inference.nuclei.offsets` keeps them.
    words : str
        What was chosen, for the card.
    offsets : bool
        Whether the last two are offsets, and no masks.
    """

    names: tuple[str, ...]
    marks: Marks
    words: str
    offsets: bool = False

    @classmethod
    def chosen(cls, border_px: int, rim: float, *, offsets: bool) -> NucleiTargets:
        """Offsets where they are wanted, else the rim where it is above 0, else the border.

        Raises
        ------
        TrainingError
            If both are wanted.
        """
        if offsets and rim:
            raise TrainingError(
                "A network learns the rim of nuclei or the way to their middle, not both.",
                remedy="Give --rim or --offsets.",
            )
        if offsets:
            return cls.of_offsets()
        return cls.of_rim(rim) if rim else cls.of_border(border_px)

    @classmethod
    def of_border(cls, reach_px: int = REACH_PX) -> NucleiTargets:
        """Insides, and the border where nuclei touch."""
        words = f"border of {reach_px} px"
        return cls(TARGETS, lambda labels: inside_and_border(labels, reach_px), words)

    @classmethod
    def of_rim(cls, share: float) -> NucleiTargets:
        """Whole nuclei, and the rim of each.

        Raises
        ------
        TrainingError
            If the share is not above 0 and below 1.
        """
        if not 0 < share < 1:
            raise TrainingError(
                f"A rim of {share:g} of a nucleus' depth is not above 0 and below 1.",
                remedy="Give --rim 0.4.",
            )
        words = f"rim of {share:.0%} of each nucleus' depth"
        return cls((NUCLEUS, RIM), lambda labels: nucleus_and_rim(labels, share), words)

    @classmethod
    def of_offsets(cls) -> NucleiTargets:
        """Whole nuclei, and from each of their pixels an offset to the middle."""
        return cls((NUCLEUS, *OFFSETS), nucleus_and_offsets, "offsets to the middle", True)


def inside_and_border(labels: NDArray[np.int32], reach_px: int = REACH_PX) -> NDArray[np.uint8]:
    """Part nuclei into inside and border.

    A pixel is border where it is of a nucleus, or of the gap between two, and another nucleus is
    within reach; the rest of a nucleus is inside. So nuclei that touch are parted by a band in
    which no inside is, as the winners of the Data Science Bowl 2018 had it.

    Parameters
    ----------
    labels : ndarray (height, width, 1), int32
        The number of the nucleus at each pixel, 0 for none.
    reach_px : int
        Along either axis.

    Returns
    -------
    ndarray (height, width, 2), uint8
        0 or 1.
    """
    flat = labels[..., 0]
    side = 2 * reach_px + 1
    highest = ndimage.maximum_filter(flat, side)
    none = np.iinfo(flat.dtype).max
    lowest = ndimage.minimum_filter(np.where(flat > 0, flat, none), side)
    border = (highest > 0) & (lowest < highest)
    # A gap as wide as the reach is glass; only the pixel or two of a seam belong to the border.
    border &= (flat > 0) | (_seam(flat))
    inside = (flat > 0) & ~border
    return np.stack([inside, border], axis=2).astype(np.uint8)


def nucleus_and_rim(labels: NDArray[np.int32], share: float) -> NDArray[np.uint8]:
    """Mark nuclei, and the rim of each, which is of the nucleus as well.

    The rim is what lies no deeper in a nucleus than this share of its deepest pixel, so that large
    and small nuclei have a core of the same shape. Where nuclei lie across each other, as in
    stained tissue, their cores lie apart by more than a border of some pixels.

    Parameters
    ----------
    labels : ndarray (height, width, 1), int32
        The number of the nucleus at each pixel, 0 for none.
    share : float
        Above 0 and below 1. What lies beyond the picture cuts no nucleus: there is no rim.

    Returns
    -------
    ndarray (height, width, 2), uint8
        0 or 1.
    """
    flat = labels[..., 0]
    rim = np.zeros(flat.shape, np.bool_)
    for number, box in enumerate(ndimage.find_objects(flat), start=1):
        if box is not None:
            own = flat[box] == number
            depth = _depth(own, box, flat.shape)
            rim[box] |= own & (depth <= share * depth[own].max())
    return np.stack([flat > 0, rim], axis=2).astype(np.uint8)


def nucleus_and_offsets(labels: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Mark nuclei, and from each of their pixels the way to the nucleus' centre of mass.

    So each pixel tells which nucleus it is of, and not those alone that lie where two touch
    (after Neven et al. 2019, arXiv:1906.11109, and Cheng et al. 2020, arXiv:1911.10194).

    Parameters
    ----------
    labels : ndarray (height, width, 1), int32
        The number of the nucleus at each pixel, 0 for none.

    Returns
    -------
    ndarray (height, width, 3), uint8
        0 or 1; across and down as `slideviewer.inference.nuclei.offsets` keeps them.
    """
    flat = labels[..., 0]
    rows, columns = np.mgrid[: flat.shape[0], : flat.shape[1]]
    ways = np.zeros((*flat.shape, 2))
    for number, box in enumerate(ndimage.find_objects(flat), start=1):
        if box is not None:
            own = flat[box] == number
            for part, places in enumerate((columns[box][own], rows[box][own])):
                ways[box][own, part] = places.mean() - places
    return np.concatenate([(flat > 0)[..., None], as_levels(ways)], axis=2).astype(np.uint8)


def _depth(
    own: NDArray[np.bool_], box: tuple[slice, slice], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """How far each pixel of a nucleus is from its edge; the edge of the picture is none."""
    beyond = max(own.shape)
    ends = [
        (beyond * (side.start == 0), beyond * (side.stop == length))
        for side, length in zip(box, shape, strict=True)
    ]
    padded = np.pad(np.pad(own, ends, mode="edge"), 1)
    found = np.asarray(ndimage.distance_transform_edt(padded), np.float64)
    (top, _), (left, _) = ends
    height, width = own.shape
    return found[top + 1 : top + 1 + height, left + 1 : left + 1 + width]


def _seam(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Pixels of no nucleus that have two different ones as neighbours."""
    highest = ndimage.maximum_filter(labels, 3)
    none = np.iinfo(labels.dtype).max
    lowest = ndimage.minimum_filter(np.where(labels > 0, labels, none), 3)
    return np.asarray((labels == 0) & (highest > 0) & (lowest < highest))
