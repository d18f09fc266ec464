"""The true classes of a slide's tiles, from the markup that they lie in."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import shapely
from numpy.typing import NDArray

from slideviewer.annotations import AnnotationSet, as_polygon
from slideviewer.annotations.masks import excludes
from slideviewer.evaluation.inputs.markup import labels_for

RULE = "a tile is of a class where its centre half meets markup of it"
"""As in "Slide Analysis Neural Network": half the side, around the middle."""


def classes_of_tiles(
    annotations: AnnotationSet,
    labels: Mapping[str | None, int],
    rects: NDArray[np.float64],
    rest: int,
) -> NDArray[np.int64]:
    """Label tiles by `RULE`; of several classes the one of the later group counts.

    Parameters
    ----------
    annotations : AnnotationSet
    labels : mapping of (str or None) to int
        1 + the index of the class that a group stands for.
    rects : ndarray (n, 4), float64
        x, y, width and height in level-0 pixels.
    rest : int
        Index of the class of tiles that meet nothing.

    Returns
    -------
    ndarray (n,), int64
        Indices of classes.
    """
    x, y, width, height = rects.T
    halves = shapely.box(x + width / 4, y + height / 4, x + width * 0.75, y + height * 0.75)
    classes = np.full(len(rects), rest, np.int64)
    own = labels_for(annotations, labels)
    painted = own.painted(annotations)
    cut = shapely.union_all([as_polygon(it) for it in annotations if _cuts(annotations, it.group)])
    for label in dict.fromkeys(label for _, label in painted if label):
        shape = shapely.union_all([as_polygon(it) for it, number in painted if number == label])
        shape = shapely.difference(shape, cut)
        shapely.prepare(shape)
        classes[shapely.intersects(shape, halves)] = label - 1
    return classes


def _cuts(annotations: AnnotationSet, group: str | None) -> bool:
    return any(excludes(name) for name in annotations.lineage(group) or (group or "",))
