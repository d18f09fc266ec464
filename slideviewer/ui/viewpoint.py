"""Which part of the slide the canvas shows, as a value; the only place that knows the transform."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from slideviewer.geometry import Rect

LARGEST_SCALE = 64.0
"""Screen pixels per level-0 pixel beyond which zooming in shows nothing new."""

FIT_MARGIN = 1.06
"""How much more than the fitted rectangle is shown, so that its edges do not touch the frame."""


class Affine(NamedTuple):
    """Level-0 to screen: ``x_screen = xx * x + yx * y + dx``, ``y_screen = xy * x + yy * y + dy``.

    The order is that of ``QTransform``'s six numbers.
    """

    xx: float
    xy: float
    yx: float
    yy: float
    dx: float
    dy: float


@dataclass(frozen=True)
class Viewpoint:
    """A place, a scale and how the slide lies under the glass.

    Attributes
    ----------
    centre_x, centre_y : float
        The level-0 point in the middle of the canvas.
    scale : float
        Screen (logical) pixels per level-0 pixel.
    width, height : int
        Of the canvas, in screen pixels.
    rotation : float
        Degrees, clockwise on the screen, from 0 to below 360.
    mirrored : bool
        Whether left and right are swapped, before the rotation.
    """

    centre_x: float = 0.0
    centre_y: float = 0.0
    scale: float = 1.0
    width: int = 1
    height: int = 1
    rotation: float = 0.0
    mirrored: bool = False

    @property
    def is_upright(self) -> bool:
        """Whether the slide lies as it was scanned."""
        return self.rotation == 0 and not self.mirrored

    @cached_property
    def affine(self) -> Affine:
        """The whole transform, for painters."""
        cosine, sine = _turn(self.rotation)
        flip = -1.0 if self.mirrored else 1.0
        xx, xy = flip * self.scale * cosine, flip * self.scale * sine
        yx, yy = -self.scale * sine, self.scale * cosine
        return Affine(
            xx,
            xy,
            yx,
            yy,
            self.width / 2 - xx * self.centre_x - yx * self.centre_y,
            self.height / 2 - xy * self.centre_x - yy * self.centre_y,
        )

    @cached_property
    def visible(self) -> Rect:
        """The smallest level-0 rectangle that holds all that is on the screen."""
        return self.seen_through(0, 0, self.width, self.height)

    def seen_through(
        self, x_screen: float, y_screen: float, width_screen: float, height_screen: float
    ) -> Rect:
        """The smallest level-0 rectangle that holds what a rectangle of the screen shows."""
        if self.is_upright:
            x, y = self.to_slide(x_screen, y_screen)
            return Rect(x, y, width_screen / self.scale, height_screen / self.scale)
        corners = [
            self.to_slide(x_screen + right * width_screen, y_screen + down * height_screen)
            for right in (0, 1)
            for down in (0, 1)
        ]
        xs, ys = zip(*corners, strict=True)
        return Rect.from_corners(min(xs), min(ys), max(xs), max(ys))

    def covered_by(self, rect: Rect) -> Rect:
        """The smallest screen rectangle that holds a level-0 rectangle."""
        corners = [
            self.to_screen(x, y) for x in (rect.x, rect.right) for y in (rect.y, rect.bottom)
        ]
        xs, ys = zip(*corners, strict=True)
        return Rect.from_corners(min(xs), min(ys), max(xs), max(ys))

    def to_screen(self, x: float, y: float) -> tuple[float, float]:
        """The screen position of a level-0 point."""
        dx, dy = self._turned(x - self.centre_x, y - self.centre_y)
        return dx + self.width / 2, dy + self.height / 2

    def to_slide(self, x_screen: float, y_screen: float) -> tuple[float, float]:
        """The level-0 point under a screen position."""
        dx, dy = self._turned_back(x_screen - self.width / 2, y_screen - self.height / 2)
        return dx + self.centre_x, dy + self.centre_y

    def resized(self, width: int, height: int) -> Viewpoint:
        """The same place and scale on a canvas of another size."""
        return replace(self, width=max(1, width), height=max(1, height))

    def panned(self, dx_screen: float, dy_screen: float) -> Viewpoint:
        """The slide moved by so many screen pixels."""
        dx, dy = self._turned_back(dx_screen, dy_screen)
        return replace(self, centre_x=self.centre_x - dx, centre_y=self.centre_y - dy)

    def zoomed(self, scale: float, x_screen: float, y_screen: float) -> Viewpoint:
        """Another scale, with the level-0 point under a screen position staying there."""
        return self._keeping(replace(self, scale=scale), x_screen, y_screen)

    def turned(self, rotation: float, x_screen: float, y_screen: float) -> Viewpoint:
        """Another rotation, with the level-0 point under a screen position staying there."""
        return self._keeping(replace(self, rotation=rotation % 360.0), x_screen, y_screen)

    def flipped_across(self) -> Viewpoint:
        """Left and right of the screen swapped."""
        return replace(self, mirrored=not self.mirrored, rotation=-self.rotation % 360.0)

    def flipped_down(self) -> Viewpoint:
        """Top and bottom of the screen swapped."""
        return replace(self, mirrored=not self.mirrored, rotation=(180.0 - self.rotation) % 360.0)

    def fitted(self, rect: Rect) -> Viewpoint:
        """All of a level-0 rectangle in view, with a little margin."""
        if rect.is_empty:
            return self
        on_screen = replace(self, scale=1.0).covered_by(rect)
        scale = min(self.width / on_screen.width, self.height / on_screen.height) / FIT_MARGIN
        centre_x, centre_y = rect.centre
        return replace(self, centre_x=centre_x, centre_y=centre_y, scale=min(scale, LARGEST_SCALE))

    def kept_on(self, extent: Rect) -> Viewpoint:
        """The nearest viewpoint that shows some of the slide at a sensible scale."""
        fit = min(self.width / extent.width, self.height / extent.height)
        smallest = min(fit / 4, LARGEST_SCALE)
        scale = min(max(self.scale, smallest), LARGEST_SCALE)
        return replace(
            self,
            scale=scale,
            centre_x=min(max(self.centre_x, extent.x), extent.right),
            centre_y=min(max(self.centre_y, extent.y), extent.bottom),
        )

    def shift_from(self, earlier: Viewpoint) -> tuple[float, float] | None:
        """How many screen pixels the picture moved since, or None where more than that changed."""
        if (self.scale, self.rotation, self.mirrored, self.width, self.height) != (
            earlier.scale,
            earlier.rotation,
            earlier.mirrored,
            earlier.width,
            earlier.height,
        ):
            return None
        return self._turned(earlier.centre_x - self.centre_x, earlier.centre_y - self.centre_y)

    def _keeping(self, other: Viewpoint, x_screen: float, y_screen: float) -> Viewpoint:
        x, y = self.to_slide(x_screen, y_screen)
        there_x, there_y = other.to_slide(x_screen, y_screen)
        return replace(
            other,
            centre_x=other.centre_x + x - there_x,
            centre_y=other.centre_y + y - there_y,
        )

    def _turned(self, dx: float, dy: float) -> tuple[float, float]:
        cosine, sine = _turn(self.rotation)
        dx = -dx if self.mirrored else dx
        return (dx * cosine - dy * sine) * self.scale, (dx * sine + dy * cosine) * self.scale

    def _turned_back(self, dx_screen: float, dy_screen: float) -> tuple[float, float]:
        cosine, sine = _turn(self.rotation)
        dx = (dx_screen * cosine + dy_screen * sine) / self.scale
        dy = (dy_screen * cosine - dx_screen * sine) / self.scale
        return (-dx if self.mirrored else dx), dy


def _turn(degrees: float) -> tuple[float, float]:
    """Cosine and sine, exact at quarter turns."""
    quarters, rest = divmod(degrees, 90.0)
    if rest == 0:
        return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(quarters) % 4]
    return math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
