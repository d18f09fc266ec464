"""Lesions of the truth, and which of them were found: the rules of Camelyon16.

Bejnordi et al. 2017, "Diagnostic assessment of deep learning algorithms for detection of lymph node
metastases in women with breast cancer" (JAMA 318:2199), and the evaluation code beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

JOINED_UM = 75.0
"""Regions nearer to each other than this are one lesion: about five tumour cells."""
ITC_BELOW_UM = 275.0
"""Isolated tumour cells are shorter: 200 µm, and the margin on both ends."""
MACRO_FROM_UM = 2075.0
"""Macrometastases are longer: 2 mm, and the same margin; between the two lie micrometastases."""
LEVEL_UM_PX = 0.243 * 2**5
"""Camelyon16 looks at level 5 of slides of 0.243 µm per pixel."""


@dataclass(frozen=True, eq=False)
class Lesions:
    """The regions of one slide.

    Attributes
    ----------
    labels : ndarray (height, width), int32
        The region of each pixel, from 1; 0 for none. Only the part with regions.
    left, top : int
        Where that part begins, in pixels of the mask.
    is_itc : ndarray (regions,), bool
        Whether a region is isolated tumour cells.
    scale : float
        Level-0 pixels per pixel of the mask.
    axes_um : ndarray (regions,), float64
        The major axis of each region.
    """

    labels: NDArray[np.int32]
    left: int
    top: int
    is_itc: NDArray[np.bool_]
    scale: float
    axes_um: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.is_itc)

    def at(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """The region under each point.

        Parameters
        ----------
        points : ndarray (n, 2), float64
            x and y in level-0 pixels.

        Returns
        -------
        ndarray (n,), int64
            0 where there is none.
        """
        columns, rows = np.floor(points / self.scale).astype(np.int64).T
        columns, rows = columns - self.left, rows - self.top
        height, width = self.labels.shape
        is_inside = (columns >= 0) & (rows >= 0) & (columns < width) & (rows < height)
        found = np.zeros(len(points), np.int64)
        found[is_inside] = self.labels[rows[is_inside], columns[is_inside]]
        return found


def downsample_for(spacing_um_px: float) -> int:
    """The power of two that makes a slide's pixels about as large as those Camelyon16 looks at."""
    return int(2 ** max(0, round(math.log2(LEVEL_UM_PX / spacing_um_px))))


def find_lesions(tumour: NDArray[np.bool_], scale: float, spacing_um_px: float) -> Lesions:
    """Find the regions of a mask.

    What is nearer than half of `JOINED_UM` to tumour joins it, holes are filled, and regions hang
    together by sides and corners. One whose major axis, that of the ellipse with the same second
    moments, is shorter than `ITC_BELOW_UM` is isolated tumour cells.

    Parameters
    ----------
    tumour : ndarray (height, width), bool
    scale : float
        Level-0 pixels per pixel of the mask.
    spacing_um_px : float
        Micrometres per level-0 pixel.
    """
    from skimage.measure import label, regionprops  # late: nothing else here needs it

    rows, columns = np.flatnonzero(tumour.any(axis=1)), np.flatnonzero(tumour.any(axis=0))
    if not len(rows):
        return Lesions(np.zeros((0, 0), np.int32), 0, 0, np.zeros(0, np.bool_), scale, np.zeros(0))
    um_px = scale * spacing_um_px
    reach = JOINED_UM / (2 * um_px)
    margin = math.ceil(reach) + 1
    top, left = (max(0, int(it[0]) - margin) for it in (rows, columns))
    part = tumour[top : rows[-1] + margin + 1, left : columns[-1] + margin + 1]
    near = ndimage.distance_transform_edt(~part) < reach
    filled = ndimage.binary_fill_holes(near)
    labels = np.asarray(label(filled, connectivity=2), np.int32)  # type: ignore[no-untyped-call]
    shortest = ITC_BELOW_UM / um_px
    regions = regionprops(labels)  # type: ignore[no-untyped-call]
    axes = np.array([region.axis_major_length for region in regions], np.float64)
    return Lesions(labels, left, top, axes < shortest, scale, axes * um_px)


@dataclass(frozen=True, eq=False)
class Detections:
    """Points that a model took for lesions.

    Attributes
    ----------
    probabilities : ndarray (n,), float64
    points : ndarray (n, 2), float64
        x and y in level-0 pixels.
    """

    probabilities: NDArray[np.float64]
    points: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SlideFindings:
    """What was found of one slide's lesions.

    Attributes
    ----------
    name : str
    has_tumour : bool
        Isolated tumour cells count here.
    lesions : ndarray (lesions,), float64
        The highest probability of any point on each, isolated tumour cells left out; 0 where it
        was missed.
    false : ndarray (n,), float64
        Probabilities of the points beside all regions.
    itc : int
        Regions of isolated tumour cells.
    on_itc : int
        Points on them, which are neither true nor false.
    highest : float
        The highest probability of any point; 0 where there is none.
    axes_um : ndarray (lesions,), float64
        The major axis of each lesion; empty where that is not known.
    itc_best : ndarray (itc,), float64
        As `lesions`, of the regions of isolated tumour cells; empty where that is not known.
    """

    name: str
    has_tumour: bool
    lesions: NDArray[np.float64]
    false: NDArray[np.float64]
    itc: int
    on_itc: int
    highest: float
    axes_um: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    itc_best: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @property
    def missed(self) -> int:
        """Lesions without any point on them."""
        return int((self.lesions <= 0).sum())


def findings(name: str, detections: Detections, lesions: Lesions | None) -> SlideFindings:
    """Tell which lesions were found.

    Parameters
    ----------
    name : str
        Of the slide.
    detections : Detections
    lesions : Lesions or None
        None of a normal slide, on which every point is false.
    """
    chances = detections.probabilities
    highest = float(chances.max()) if len(chances) else 0.0
    if lesions is None or not len(lesions):
        return SlideFindings(name, False, np.zeros(0), chances, 0, 0, highest)
    regions = lesions.at(detections.points)
    best = np.zeros(len(lesions) + 1)
    np.maximum.at(best, regions, chances)
    is_itc = np.concatenate([[False], lesions.is_itc])
    return SlideFindings(
        name,
        True,
        best[1:][~lesions.is_itc],
        chances[regions == 0],
        int(lesions.is_itc.sum()),
        int(is_itc[regions].sum()),
        highest,
        lesions.axes_um[~lesions.is_itc],
        best[1:][lesions.is_itc],
    )
