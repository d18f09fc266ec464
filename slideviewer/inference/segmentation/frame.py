"""Where the pixels of a predicted mask lie on the slide."""

from __future__ import annotations

import math
from dataclasses import dataclass

from slideviewer.geometry import Rect

_ROUNDING_PX = 1e-3
"""A remainder of less than this part of a mask pixel is rounding, not tissue."""


@dataclass(frozen=True)
class MaskFrame:
    """Square pixels of a mask at the model's spacing.

    Attributes
    ----------
    x, y : float
        Top left corner of the first pixel, in level-0 pixels.
    scale : float
        Level-0 pixels per mask pixel; any positive number, since a model's spacing seldom
        divides the slide's.
    width, height : int
        In mask pixels. The last ones may reach beyond the area that was asked for.
    """

    x: float
    y: float
    scale: float
    width: int
    height: int

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"the pixels of a mask need a positive size, not {self.scale}")
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a mask needs pixels, not {self.width} x {self.height}")

    @classmethod
    def covering(cls, area: Rect, scale: float) -> MaskFrame:
        """The smallest frame from the area's top left corner that covers all of the area."""
        sides = (math.ceil(side / scale - _ROUNDING_PX) for side in (area.width, area.height))
        width, height = (max(1, side) for side in sides)
        return cls(area.x, area.y, scale, width, height)

    @property
    def extent(self) -> Rect:
        """The level-0 rectangle of all pixels together."""
        return self.rect(0, 0, self.width, self.height)

    @property
    def pixels(self) -> int:
        """How many there are."""
        return self.width * self.height

    def rect(self, x_mask: int, y_mask: int, width: int, height: int) -> Rect:
        """The level-0 rectangle of some of the pixels; they may lie outside the frame."""
        return Rect(
            self.x + x_mask * self.scale,
            self.y + y_mask * self.scale,
            width * self.scale,
            height * self.scale,
        )

    def box_around(self, area: Rect) -> tuple[int, int, int, int]:
        """Find the pixels of the frame that meet a level-0 rectangle: x, y, width, height.

        Width and height are 0 where there are none.
        """
        left = math.floor((area.x - self.x) / self.scale + _ROUNDING_PX)
        top = math.floor((area.y - self.y) / self.scale + _ROUNDING_PX)
        right = math.ceil((area.right - self.x) / self.scale - _ROUNDING_PX)
        bottom = math.ceil((area.bottom - self.y) / self.scale - _ROUNDING_PX)
        left, right = max(0, left), min(self.width, right)
        top, bottom = max(0, top), min(self.height, bottom)
        return left, top, max(0, right - left), max(0, bottom - top)

    def part(self, x_mask: int, y_mask: int, width: int, height: int) -> MaskFrame:
        """The frame of some of these pixels."""
        corner = self.rect(x_mask, y_mask, width, height)
        return MaskFrame(corner.x, corner.y, self.scale, width, height)

    @property
    def halved(self) -> MaskFrame:
        """The next level of a pyramid: each pixel covers two by two of these."""
        return MaskFrame(
            self.x, self.y, 2 * self.scale, (self.width + 1) // 2, (self.height + 1) // 2
        )
