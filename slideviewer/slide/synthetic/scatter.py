"""Where cells lie: evenly crowded points over the whole plane, and the room each of them has."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from slideviewer.slide.synthetic.noise import Plane, made_once

PERIOD = 2048
"""After so many pixels the places (not the cells drawn there) come again."""

Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Scatter:
    """Points that keep their distance, and the plane shared out among them.

    Attributes
    ----------
    points : ndarray (count, 2), int64
        Columns x and y in one period, 0 to `PERIOD` - 1.
    rim : ndarray (PERIOD, PERIOD), float32
        How far a pixel is from the border between two points' shares, in pixels.
    shade : ndarray (PERIOD, PERIOD), float32
        One number a share, in [-1, 1].
    """

    points: Whole
    rim: Plane
    shade: Plane

    def within(self, x: int, y: int, width: int, height: int) -> tuple[Whole, Whole]:
        """The x and y of the points in a rectangle, in an order that every rectangle agrees on."""
        found_x, found_y = [], []
        for row in range(y // PERIOD, (y + height - 1) // PERIOD + 1):
            for column in range(x // PERIOD, (x + width - 1) // PERIOD + 1):
                at_x = self.points[:, 0] + column * PERIOD
                at_y = self.points[:, 1] + row * PERIOD
                inside = (at_x >= x) & (at_x < x + width) & (at_y >= y) & (at_y < y + height)
                found_x.append(at_x[inside])
                found_y.append(at_y[inside])
        return np.concatenate(found_x), np.concatenate(found_y)


@made_once
def scatter(distance: float, unrest: float, number: int) -> Scatter:
    """Spread points about evenly.

    Parameters
    ----------
    distance : float
        Typical distance between neighbours, in pixels.
    unrest : float
        How far a point strays at the end, in parts of the distance: 0 gives the even spread of
        packed balls, 0.5 nearly chance.
    number : int
        Another number gives other points.
    """
    rng = np.random.default_rng([number, round(distance * 10)])
    count = round(PERIOD**2 / (distance**2 * 0.9))
    places = rng.random((count, 2)) * PERIOD
    for _ in range(24):
        # Each point is pushed off by its neighbours: a cheap relaxation towards blue noise.
        gaps, neighbours = cKDTree(places, boxsize=PERIOD).query(places, k=7)
        away = places[:, None] - places[neighbours[:, 1:]]
        away -= np.round(away / PERIOD) * PERIOD
        gaps = np.maximum(gaps[:, 1:, None], 1e-3)
        push = away / gaps * np.maximum(0, 1.05 * distance - gaps)
        places = (places + 0.35 * push.sum(axis=1)) % PERIOD
    places = (places + rng.normal(0, unrest * distance / 2, places.shape)) % PERIOD
    rim, owner = _shares(places)
    shade = rng.uniform(-1, 1, count).astype(np.float32)[owner]
    points = np.floor(places).astype(np.int64)
    for array in (points, rim, shade):
        array.setflags(write=False)
    return Scatter(points, rim, shade)


def _shares(places: NDArray[np.float64]) -> tuple[Plane, NDArray[np.int32]]:
    half = PERIOD // 2
    grid = (np.stack(np.meshgrid(np.arange(half), np.arange(half)), axis=-1) * 2 + 1.0) % PERIOD
    gaps, owners = cKDTree(places, boxsize=PERIOD).query(grid.reshape(-1, 2), k=2, workers=2)
    rim = ((gaps[:, 1] - gaps[:, 0]) / 2).astype(np.float32).reshape(half, half)
    owner = owners[:, 0].astype(np.int32).reshape(half, half)
    wrapped = cv2.copyMakeBorder(rim, 4, 4, 4, 4, cv2.BORDER_WRAP)
    large = cv2.resize(wrapped, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    nearest = np.repeat(np.repeat(owner, 2, axis=0), 2, axis=1)
    return np.ascontiguousarray(large[8:-8, 8:-8], dtype=np.float32), nearest
