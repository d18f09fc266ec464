"""Where the pixels of a mask lie on the slide."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from slideviewer.annotations.model import Points, as_points


@dataclass(frozen=True)
class MaskGrid:
    """The pixels of a mask: how many, and how much of the slide each covers.

    Attributes
    ----------
    width, height : int
        Of the mask, in its own pixels.
    scale_x, scale_y : float
        Level-0 pixels per mask pixel. The mask's pixel (column, row) has its centre at the
        level-0 point (x + (column + 0.5) * scale_x, y + (row + 0.5) * scale_y).
    x, y : float
        The top left corner of its first pixel, in level-0 pixels.
    """

    width: int
    height: int
    scale_x: float = 1.0
    scale_y: float = 1.0
    x: float = 0.0
    y: float = 0.0

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a mask needs pixels, not {self.width} x {self.height}")
        if not all(math.isfinite(it) and it > 0 for it in (self.scale_x, self.scale_y)):
            raise ValueError(f"a mask's pixels need a size, not {self.scale_x} x {self.scale_y}")

    @classmethod
    def covering(cls, width: int, height: int, downsample: float) -> MaskGrid:
        """The mask over all of a slide whose pixels have a given size.

        Parameters
        ----------
        width, height : int
            Of the slide, in level-0 pixels.
        downsample : float
            Level-0 pixels per mask pixel, along both axes. The last pixels may reach beyond the
            slide's edge.
        """
        across, down = (math.ceil(side / downsample - 1e-9) for side in (width, height))
        return cls(max(1, across), max(1, down), downsample, downsample)

    @classmethod
    def fitted(cls, size: tuple[int, int], mask_size: tuple[int, int]) -> MaskGrid:
        """The mask of a given size (width, height) over all of a slide of another.

        Where the mask is the slide made smaller by a whole number, but for the rounding of its
        sides, the pixels are of just that size: levels of slides are made so.
        """
        (width, height), (across, down) = size, mask_size
        whole = max(1, round(width / across))
        rounded = all(
            mask in (side // whole, -(-side // whole))
            for side, mask in ((width, across), (height, down))
        )
        if rounded:
            return cls(across, down, whole, whole)
        return cls(across, down, width / across, height / down)

    @property
    def halved(self) -> MaskGrid:
        """The next level of a pyramid: each pixel covers two by two of these."""
        width, height = (self.width + 1) // 2, (self.height + 1) // 2
        return replace(
            self, width=width, height=height, scale_x=2 * self.scale_x, scale_y=2 * self.scale_y
        )

    @property
    def scale(self) -> tuple[float, float]:
        """Level-0 pixels per mask pixel, along x and y."""
        return self.scale_x, self.scale_y

    @property
    def pixels(self) -> int:
        """How many there are."""
        return self.width * self.height

    def from_level_0(self, points: Points) -> Points:
        """Points in the mask's pixels; its first pixel reaches from 0 to 1."""
        return as_points((points - np.array((self.x, self.y))) / np.array(self.scale))

    def to_level_0(self, points: Points) -> Points:
        """Points in level-0 pixels, of points in the mask's."""
        return as_points(points * np.array(self.scale) + np.array((self.x, self.y)))
