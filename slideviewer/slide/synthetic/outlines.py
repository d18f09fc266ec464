"""Irregular closed outlines, as nature draws them."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from slideviewer.annotations.model import Points, as_points


def blob(
    rng: np.random.Generator,
    centre: tuple[float, float],
    radius: float,
    *,
    roughness: float,
    stretch: float = 1.0,
    step: float = 12.0,
) -> Polygon:
    """A closed outline around a centre, uneven at every scale.

    Parameters
    ----------
    rng : numpy.random.Generator
    centre : tuple of float
        In level-0 pixels.
    radius : float
        Mean radius in level-0 pixels.
    roughness : float
        How uneven: 0 is an ellipse, 0.3 very lobed.
    stretch : float
        Length over breadth; the direction is drawn by chance.
    step : float
        Distance between vertices, in level-0 pixels.
    """
    count = int(np.clip(2 * np.pi * radius / step, 24, 4000))
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    orders = np.arange(2, min(40, count // 3))
    heights = rng.normal(0, roughness, orders.size) / orders**1.1
    phases = rng.uniform(0, 2 * np.pi, orders.size)
    waves = np.cos(angle[:, None] * orders + phases) @ heights
    reach = radius * np.maximum(1 + waves, 0.3)
    along, across = reach * np.cos(angle) * stretch**0.5, reach * np.sin(angle) / stretch**0.5
    turn = rng.uniform(0, 2 * np.pi)
    x = centre[0] + along * np.cos(turn) - across * np.sin(turn)
    y = centre[1] + along * np.sin(turn) + across * np.cos(turn)
    return Polygon(np.stack([x, y], axis=1))


def lobed(
    rng: np.random.Generator, centre: tuple[float, float], radius: float, roughness: float = 0.16
) -> Polygon:
    """Several blobs grown together: the outline of an infiltrating nest."""
    parts = [blob(rng, centre, radius * 0.8, roughness=roughness, stretch=rng.uniform(1, 1.5))]
    for _ in range(rng.integers(2, 6)):
        turn, reach = rng.uniform(0, 2 * np.pi), radius * rng.uniform(0.4, 0.8)
        beside = (centre[0] + reach * np.cos(turn), centre[1] + reach * np.sin(turn))
        parts.append(blob(rng, beside, radius * rng.uniform(0.25, 0.5), roughness=roughness))
    bend = radius * 0.05
    grown = shapely.union_all(parts).buffer(bend).buffer(-2 * bend).buffer(bend)
    return largest(grown)


def largest(shape: shapely.Geometry) -> Polygon:
    """The largest part of a shape, its holes filled."""
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon)]
    return Polygon(max(parts, key=lambda part: part.area).exterior)


def wavy_line(
    rng: np.random.Generator,
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    unrest: float,
) -> Points:
    """A line that wanders: ``unrest`` is the sideways sway in parts of its length."""
    along = np.linspace(0, 1, 60)[:, None]
    orders = np.arange(1, 7)
    sway = np.sin(along * np.pi * orders) @ (rng.normal(0, unrest, 6) / orders)
    way = np.asarray(end) - np.asarray(start)
    sideways = np.array([-way[1], way[0]])
    return as_points(np.asarray(start) + along * way + sway[:, None] * sideways)


def outline_points(shape: Polygon) -> Points:
    """The vertices of an outline; the last is not the first again."""
    return as_points(np.asarray(shape.exterior.coords)[:-1])
