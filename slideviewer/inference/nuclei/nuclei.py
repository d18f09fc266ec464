"""Nuclei and what was measured of them, as values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.nuclei.instances import Instances
from slideviewer.inference.nuclei.outlines import outlines_of, roundness, simplified
from slideviewer.inference.nuclei.stains import optical_density, stain_densities
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.slide.slide import Pixels


@dataclass(frozen=True, eq=False)
class Nuclei:
    """Many nuclei, column by column.

    Attributes
    ----------
    vertices : ndarray (count,), int64
        Of each outline.
    points : ndarray (sum of vertices, 2), float32
        The outlines one after another, in the pixels of the mask they were found in.
    centres : ndarray (count, 2), float32
        The middles of their pixels, in the same.
    pixels : ndarray (count,), float32
        How many pixels of the mask they cover.
    roundness : ndarray (count,), float32
        4πA/P²: 1 for a circle.
    stains : ndarray (count, 2), float32
        Mean optical density of haematoxylin and of eosin; NaN where the slide cannot be read.
    """

    vertices: NDArray[np.int64]
    points: NDArray[np.float32]
    centres: NDArray[np.float32]
    pixels: NDArray[np.float32]
    roundness: NDArray[np.float32]
    stains: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.vertices)

    @classmethod
    def none(cls) -> Nuclei:
        """Not one."""
        lone, pair = np.empty(0, np.float32), np.empty((0, 2), np.float32)
        return cls(np.empty(0, np.int64), pair, pair, lone, lone, pair)

    @classmethod
    def together(cls, parts: Sequence[Nuclei]) -> Nuclei:
        """Those of all parts, in their order."""
        parts = [cls.none(), *parts]
        columns = [[getattr(part, name) for part in parts] for name in cls.__dataclass_fields__]
        return cls(*(np.concatenate(column) for column in columns))

    def outlines(self, frame: MaskFrame) -> Iterator[NDArray[np.float64]]:
        """The outline of each, in level-0 pixels.

        Parameters
        ----------
        frame : MaskFrame
            Of the mask that they were found in.
        """
        placed = self.points.astype(np.float64) * frame.scale + (frame.x, frame.y)
        yield from np.split(placed, np.cumsum(self.vertices)[:-1]) if len(self) else ()

    def centres_level_0(self, frame: MaskFrame) -> NDArray[np.float64]:
        """The middles of all, in level-0 pixels."""
        placed: NDArray[np.float64] = self.centres.astype(np.float64) * frame.scale
        return np.add(placed, (frame.x, frame.y))


def measured(
    instances: Instances, picture: Pixels | None, x: int, y: int, owned: NDArray[np.bool_]
) -> Nuclei:
    """Measure nuclei.

    Parameters
    ----------
    instances : Instances
        Found in a window of a mask.
    picture : ndarray (height, width, 3), uint8, RGB, or None
        The slide in that window; None where it cannot be read.
    x, y : int
        Where the window begins, in pixels of the mask.
    owned : ndarray (count,), bool
        Those that are measured; the others belong to another window.
    """
    names = 1 + np.flatnonzero(owned)
    if not len(names):
        return Nuclei.none()
    numbers = np.zeros(len(owned) + 1, np.int32)
    numbers[names] = np.arange(1, len(names) + 1)
    labels = numbers[instances.labels]
    rows, columns = np.nonzero(labels)
    of = labels[rows, columns] - 1
    count = len(names)
    pixels = np.bincount(of, minlength=count)

    def mean(values: NDArray[np.floating]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = np.bincount(of, values, minlength=count) / pixels
        return found

    centres = np.stack([mean(columns + 0.5 + x), mean(rows + 0.5 + y)], axis=1)
    stains = np.full((count, 2), np.nan)
    if picture is not None:
        densities = optical_density(picture[rows, columns])
        stains = stain_densities(np.stack([mean(densities[:, c]) for c in range(3)], axis=1))
    rings = outlines_of(labels, count)
    round_ones = roundness(rings)
    rings = simplified(rings)
    return Nuclei(
        np.array([len(ring) for ring in rings], np.int64),
        np.add(np.concatenate(rings), (x, y)).astype(np.float32),
        centres.astype(np.float32),
        pixels.astype(np.float32),
        round_ones,
        stains.astype(np.float32),
    )
