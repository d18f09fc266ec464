"""Shapes that other programs store by less than their outline."""

from __future__ import annotations

import math

import numpy as np

from slideviewer.annotations.model import Points, as_points

_DEVIATION_PX = 0.25
"""How far the sides of a polygon may run inside the ellipse that it stands for."""
_FEWEST, _MOST = 36, 720


def ellipse(x: float, y: float, radius_x: float, radius_y: float) -> Points:
    """An upright ellipse as a polygon, which is what ASAP has for it.

    Parameters
    ----------
    x, y : float
        Its middle, in level-0 pixels.
    radius_x, radius_y : float
        Positive, in level-0 pixels.

    Returns
    -------
    ndarray (count, 2), float64
        Rounded to hundredths. Between two corners an arc of a circle of radius r stands out by
        r (1 - cos(half the angle)); of so many corners that this is a quarter pixel at the most.
    """
    radius = max(radius_x, radius_y)
    half_angle = math.acos(max(-1.0, 1 - _DEVIATION_PX / radius)) if radius > 0 else math.pi
    count = min(max(math.ceil(math.pi / half_angle), _FEWEST), _MOST)
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    corners = np.column_stack([x + radius_x * np.cos(angles), y + radius_y * np.sin(angles)])
    return as_points(corners.round(2))


def rectangle(points: Points) -> Points:
    """The upright rectangle around points, from the top left as in ASAP."""
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return as_points([(left, top), (right, top), (right, bottom), (left, bottom)])


def opened(points: Points) -> Points:
    """A ring without the repeat of its first point at its end."""
    is_closed = len(points) > 1 and np.array_equal(points[0], points[-1])
    return as_points(points[:-1]) if is_closed else points
