"""Smooth outlines of labelled pixels."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from slideviewer.annotations.masks import trace
from slideviewer.inference.nuclei.instances import Labels

Outline = NDArray[np.float64]
"""A closed ring whose last vertex is joined to the first: shape (count, 2), x and y."""

TOLERANCE_PX = 0.2
"""How far an outline may leave the smoothed one to need fewer vertices."""

_SMOOTHINGS = 2
"""So often each vertex moves halfway to the middle of its neighbours: steps of pixels, which make
every outline a quarter too long, are gone, and what is 16 pixels across shrinks by a hundredth."""


def outlines_of(labels: Labels, count: int) -> list[Outline]:
    """Follow the outline of each label, the largest part of it, without holes.

    Parameters
    ----------
    labels : ndarray (height, width), int32
    count : int
        The highest label.

    Returns
    -------
    list of ndarray (vertices, 2)
        Of label 1, 2 …, in pixels: the first pixel reaches from 0 to 1.
    """
    height, width = labels.shape

    def read(x: int, y: int, across: int, down: int) -> Labels:
        return labels[y : y + down, x : x + across]

    found: list[Outline] = [np.empty((0, 2))] * count
    for region in reversed(trace((width, height), read)):  # the largest last, and it stays
        found[region.label - 1] = _smoothed(_middles(region.outer))
    return found


def roundness(outlines: list[Outline]) -> NDArray[np.float32]:
    """Compare areas with those of circles as long around: 4πA/P², 1 for a circle."""
    rings = [shapely.Polygon(outline) for outline in outlines]
    lengths = shapely.length(rings)
    return np.asarray(4 * np.pi * shapely.area(rings) / np.maximum(lengths, 1e-9) ** 2, np.float32)


def simplified(outlines: list[Outline]) -> list[Outline]:
    """The same outlines with fewer vertices, never crossing themselves."""
    rings = shapely.simplify([shapely.Polygon(outline) for outline in outlines], TOLERANCE_PX)
    return [shapely.get_coordinates(shapely.get_exterior_ring(ring))[:-1] for ring in rings]


def _middles(corners: NDArray[np.int64]) -> Outline:
    """The middle of each side of a pixel along a ring of corners."""
    along = np.roll(corners, -1, axis=0) - corners
    lengths = np.abs(along).sum(axis=1)
    steps = np.repeat(np.sign(along), lengths, axis=0)
    first = np.repeat(np.cumsum(lengths) - lengths, lengths)
    number = np.arange(lengths.sum()) - first
    middles: Outline = np.repeat(corners, lengths, axis=0) + steps * (number[:, None] + 0.5)
    return middles


def _smoothed(ring: Outline) -> Outline:
    for _ in range(_SMOOTHINGS):
        ring = (np.roll(ring, 1, axis=0) + 2 * ring + np.roll(ring, -1, axis=0)) / 4
    return ring
