"""Plain shapes in level-0 pixels, x to the right and y down."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Rect:
    """An axis-aligned rectangle in level-0 pixels.

    Attributes
    ----------
    x, y : float
        Left and top edge.
    width, height : float
        Extent; never negative.
    """

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.x, self.y, self.width, self.height))):
            raise ValueError(f"a rectangle needs finite numbers, not {self}")
        if self.width < 0 or self.height < 0:
            raise ValueError(f"a rectangle cannot have a negative size: {self}")

    @classmethod
    def from_corners(cls, left: float, top: float, right: float, bottom: float) -> Rect:
        """The rectangle between two opposite corners, given in any order."""
        return cls(min(left, right), min(top, bottom), abs(right - left), abs(bottom - top))

    @property
    def right(self) -> float:
        """The right edge, x + width."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The bottom edge, y + height."""
        return self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        """The middle, (x, y)."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def is_empty(self) -> bool:
        """Whether it covers no area."""
        return self.width == 0 or self.height == 0

    def contains(self, x: float, y: float) -> bool:
        """Whether a point lies inside; the right and bottom edges belong to the neighbours."""
        return self.x <= x < self.right and self.y <= y < self.bottom

    def intersects(self, other: Rect) -> bool:
        """Whether the two share some area."""
        return not self.intersection(other).is_empty

    def intersection(self, other: Rect) -> Rect:
        """What both cover; of no size where they are apart."""
        left, top = max(self.x, other.x), max(self.y, other.y)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Rect(left, top, max(0.0, right - left), max(0.0, bottom - top))

    def grown(self, margin: float) -> Rect:
        """The rectangle with a margin added on all four sides (a negative one shrinks it)."""
        width, height = max(0.0, self.width + 2 * margin), max(0.0, self.height + 2 * margin)
        centre_x, centre_y = self.centre
        return Rect(centre_x - width / 2, centre_y - height / 2, width, height)


def round_length(longest: float) -> float:
    """The largest of 1, 2 or 5 times a power of ten that is not longer than this."""
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in (1, 2, 5) if step * power <= longest * (1 + 1e-9))
