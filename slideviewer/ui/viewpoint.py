"""Which part of the slide the canvas shows, as a value; the only place that knows the transform."""

from __future__ import annotations

from dataclasses import dataclass, replace

from slideviewer.geometry import Rect

LARGEST_SCALE = 64.0
"""Screen pixels per level-0 pixel beyond which zooming in shows nothing new."""

FIT_MARGIN = 1.06
"""How much more than the fitted rectangle is shown, so that its edges do not touch the frame."""


@dataclass(frozen=True)
class Viewpoint:
    """A place and a scale.

    Attributes
    ----------
    centre_x, centre_y : float
        The level-0 point in the middle of the canvas.
    scale : float
        Screen (logical) pixels per level-0 pixel.
    width, height : int
        Of the canvas, in screen pixels.
    """

    centre_x: float = 0.0
    centre_y: float = 0.0
    scale: float = 1.0
    width: int = 1
    height: int = 1

    @property
    def visible(self) -> Rect:
        """The level-0 rectangle on the screen."""
        width, height = self.width / self.scale, self.height / self.scale
        return Rect(self.centre_x - width / 2, self.centre_y - height / 2, width, height)

    def to_screen(self, x: float, y: float) -> tuple[float, float]:
        """The screen position of a level-0 point."""
        return (
            (x - self.centre_x) * self.scale + self.width / 2,
            (y - self.centre_y) * self.scale + self.height / 2,
        )

    def to_slide(self, x_screen: float, y_screen: float) -> tuple[float, float]:
        """The level-0 point under a screen position."""
        return (
            (x_screen - self.width / 2) / self.scale + self.centre_x,
            (y_screen - self.height / 2) / self.scale + self.centre_y,
        )

    def resized(self, width: int, height: int) -> Viewpoint:
        """The same place and scale on a canvas of another size."""
        return replace(self, width=max(1, width), height=max(1, height))

    def panned(self, dx_screen: float, dy_screen: float) -> Viewpoint:
        """The slide moved by so many screen pixels."""
        return replace(
            self,
            centre_x=self.centre_x - dx_screen / self.scale,
            centre_y=self.centre_y - dy_screen / self.scale,
        )

    def zoomed(self, scale: float, x_screen: float, y_screen: float) -> Viewpoint:
        """Another scale, with the level-0 point under a screen position staying there."""
        x, y = self.to_slide(x_screen, y_screen)
        return replace(
            self,
            scale=scale,
            centre_x=x - (x_screen - self.width / 2) / scale,
            centre_y=y - (y_screen - self.height / 2) / scale,
        )

    def fitted(self, rect: Rect) -> Viewpoint:
        """All of a level-0 rectangle in view, with a little margin."""
        if rect.is_empty:
            return self
        scale = min(self.width / rect.width, self.height / rect.height) / FIT_MARGIN
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
