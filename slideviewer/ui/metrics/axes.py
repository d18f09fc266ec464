"""Where the values of a curve lie on a plot."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF

from slideviewer.evaluation.report import Curve

STEPS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
BEYOND = 1.15
"""A logarithmic axis ends so much behind its last tick."""


@dataclass(frozen=True)
class Axes:
    """The plane of a curve, laid into a rectangle of the screen.

    Attributes
    ----------
    field : QRectF
        Within the axes.
    x_ticks, y_ticks : tuple of float
    is_log : bool
        Whether x goes by powers of two.
    x_first, x_last, y_last : float
        The ends; y begins at 0.
    """

    field: QRectF
    x_ticks: tuple[float, ...]
    y_ticks: tuple[float, ...]
    is_log: bool
    x_first: float
    x_last: float
    y_last: float

    @classmethod
    def of(cls, curve: Curve, field: QRectF) -> Axes:
        """The axes that a report means for a curve."""
        y_last = 1.0 if curve.most_y is None else curve.most_y
        y_ticks = tuple(it * y_last for it in STEPS)
        if not curve.x_ticks:
            return cls(field, STEPS, y_ticks, False, 0.0, 1.0, y_last)
        first, last = curve.x_ticks[0] / 2, curve.x_ticks[-1] * BEYOND
        return cls(field, curve.x_ticks, y_ticks, True, first, last, y_last)

    def place(self, x: float, y: float) -> QPointF:
        """Where a value lies on the screen; one beyond an end lies at that end."""
        first, last, value = self.x_first, self.x_last, max(x, self.x_first)
        if self.is_log:
            first, last, value = (math.log2(it) for it in (first, last, value))
        share = min(1.0, (value - first) / (last - first))
        up = min(1.0, max(0.0, y / self.y_last))
        return QPointF(
            self.field.left() + share * self.field.width(),
            self.field.bottom() - up * self.field.height(),
        )
