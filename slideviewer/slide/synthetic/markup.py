"""The made nests as a specialist would have outlined them: nearly, and not all of them."""

from __future__ import annotations

import numpy as np
from shapely.geometry import Polygon

from slideviewer.annotations.model import Points
from slideviewer.slide.synthetic.generate import SyntheticSlide
from slideviewer.slide.synthetic.outlines import outline_points

_MISSED, _OVERSIZED = 2, 2
_FEWEST_VERTICES, _MOST_VERTICES = 30, 200


def imperfect_outlines(
    slide: SyntheticSlide, seed: int
) -> tuple[list[Points], list[int], list[int]]:
    """Outline the nests by hand, so to speak.

    Parameters
    ----------
    slide : SyntheticSlide
    seed : int
        Which nests are missed and which drawn too large.

    Returns
    -------
    drawn : list of Points
        Outlines of 30 to 200 vertices in level-0 pixels, in the order of ``slide.nests`` without
        the missed ones.
    missed : list of int
        Indices into ``slide.nests`` of two middle-sized nests that are left out.
    oversized : list of int
        Indices into ``slide.nests`` of two nests drawn clearly too large.
    """
    rng = np.random.default_rng([seed, 71])
    count = len(slide.nests)
    middle = np.arange(count // 4, count - count // 4)
    missed = sorted(rng.choice(middle, min(_MISSED, middle.size), replace=False).tolist())
    rest = [index for index in range(1, count) if index not in missed]
    oversized = sorted(rng.choice(rest, min(_OVERSIZED, len(rest)), replace=False).tolist())
    drawn = []
    for index, nest in enumerate(slide.nests):
        if index in missed:
            continue
        shape = Polygon(nest)
        if index in oversized:
            # Half again as wide, and rounder, as by a quick hand.
            grown = shape.buffer(0.28 * shape.area**0.5)
            shape = grown if isinstance(grown, Polygon) else shape
        drawn.append(_by_hand(shape))
    return drawn, missed, oversized


def _by_hand(shape: Polygon) -> Points:
    """Fewer vertices: as many as a patient hand sets."""
    size = shape.area**0.5
    for share in np.geomspace(0.0005, 0.05, 25):
        simpler = shape.simplify(share * size)
        if len(simpler.exterior.coords) - 1 <= _MOST_VERTICES:
            break
    missing = _FEWEST_VERTICES - (len(simpler.exterior.coords) - 1)
    if missing > 0:
        simpler = simpler.segmentize(simpler.exterior.length / _FEWEST_VERTICES)
    return outline_points(simpler)
