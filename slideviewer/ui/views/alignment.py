"""How two slides lie on each other, found from a few places that were pointed out on both."""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import SlideviewerError
from slideviewer.ui.views.similarity import Similarity

FEWEST_PAIRS = 2

LEAST_SPREAD_PX = 50.0
"""Level-0 pixels between the farthest two places. A click is good to a few pixels, so places
nearer than this say little about the turn."""

WORST_RESIDUAL = 0.5
"""Of the standard deviation of the places: beyond, some of the pairs are no pairs."""

LEAST_BREADTH = 0.05
"""Of the points' length: narrower ones lie on a line, which looks the same in a mirror."""


class AlignmentError(SlideviewerError):
    """Two slides cannot be aligned by these places."""


@dataclass(frozen=True)
class PointPair:
    """The same place of the tissue on both slides, in level-0 pixels of each."""

    x: float
    y: float
    x_other: float
    y_other: float


@dataclass(frozen=True)
class Alignment:
    """What the places say.

    Attributes
    ----------
    similarity : Similarity
        From the one slide to the other.
    residual_px : float
        Root mean square distance, in level-0 pixels of the other slide, between where a place
        was pointed out there and where it comes to lie. Always 0 for two pairs.
    """

    similarity: Similarity
    residual_px: float


def align(pairs: Sequence[PointPair], *, mirrored: bool = False) -> Alignment:
    """Find the similarity that brings the places closest together, by least squares.

    In the plane it has a closed form in complex numbers; it is the solution of Horn (1987,
    doi:10.1364/JOSAA.4.000629) and Umeyama (1991, doi:10.1109/34.88573), with the scale free.
    An affine transform would bring the places closer still, but by skewing the tissue.

    Parameters
    ----------
    pairs : sequence of PointPair
        Two or more.
    mirrored : bool
        Whether one slide shows the other's back. Only asked where the places leave it open:
        three or more that do not lie on a line decide themselves.

    Raises
    ------
    AlignmentError
        Where there are too few pairs, or their places lie too close together.
    """
    if len(pairs) < FEWEST_PAIRS:
        raise AlignmentError(
            f"{len(pairs)} of at least {FEWEST_PAIRS} pairs of points.",
            remedy="Point out the same place on both slides, twice or more.",
        )
    points = np.array([complex(pair.x, pair.y) for pair in pairs])
    others = np.array([complex(pair.x_other, pair.y_other) for pair in pairs])
    if not (np.isfinite(points).all() and np.isfinite(others).all()):
        raise AlignmentError("A point has no finite coordinates.", remedy="Point it out again.")
    for places in (points, others):
        if _length(places) < LEAST_SPREAD_PX:
            raise AlignmentError(
                "The points of one slide are too close together to tell how it is turned.",
                remedy=f"Point out places more than {LEAST_SPREAD_PX:.0f} pixels apart.",
            )
    plain, flipped = _fit(points, others, False), _fit(points, others, True)
    if min(_breadth(points), _breadth(others)) >= LEAST_BREADTH:
        fit = min(plain, flipped, key=lambda each: each.residual_px)
    else:
        fit = flipped if mirrored else plain
    if fit.residual_px > WORST_RESIDUAL * float(np.std(others)):
        raise AlignmentError(
            "The pairs contradict each other: check which place is which.",
            remedy="Take back the last ones and point them out again.",
        )
    return fit


def _fit(points: NDArray[np.complex128], others: NDArray[np.complex128], flip: bool) -> Alignment:
    if flip:
        points = -points.conj()
    around, around_others = points - points.mean(), others - others.mean()
    factor = complex(np.vdot(around, around_others) / np.vdot(around, around).real)
    shift = complex(others.mean() - factor * points.mean())
    off = np.abs(around_others - factor * around)
    residual = float(np.sqrt((off**2).mean()))
    scale, rotation = abs(factor), math.degrees(cmath.phase(factor)) % 360.0
    # Places that cancel out have no scale; they are refused for their residual.
    scale = max(scale, np.finfo(float).tiny)
    return Alignment(Similarity(scale, rotation, flip, shift.real, shift.imag), residual)


def _length(places: NDArray[np.complex128]) -> float:
    """The distance of the farthest two."""
    return float(np.abs(places[:, None] - places[None, :]).max())


def _breadth(places: NDArray[np.complex128]) -> float:
    """How broad the places lie, as a share of how long; 0 on a line."""
    around = places - places.mean()
    spread = np.linalg.svd(np.stack([around.real, around.imag]), compute_uv=False)
    return float(spread[1] / spread[0]) if spread[0] > 0 else 0.0
