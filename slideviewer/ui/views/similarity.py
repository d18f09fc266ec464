"""How one slide lies on another: turned, mirrored, larger or smaller, shifted. Never skewed."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass, replace

from slideviewer.ui.viewpoint import Viewpoint


@dataclass(frozen=True)
class Similarity:
    """Takes level-0 points of one slide to the same places of another.

    A point is mirrored, turned, scaled and shifted, in this order. There is no skew: the glass
    that a `Viewpoint` stands for cannot skew a slide either.

    Attributes
    ----------
    scale : float
        Level-0 pixels of the other slide per level-0 pixel of the one; above 0.
    rotation : float
        Degrees, clockwise on the screen, from 0 to below 360.
    mirrored : bool
        Whether x changes its sign first.
    shift_x, shift_y : float
        Level-0 pixels of the other slide.
    """

    scale: float = 1.0
    rotation: float = 0.0
    mirrored: bool = False
    shift_x: float = 0.0
    shift_y: float = 0.0

    def __post_init__(self) -> None:
        numbers = (self.scale, self.rotation, self.shift_x, self.shift_y)
        if not all(map(math.isfinite, numbers)) or self.scale <= 0:
            raise ValueError(f"no similarity has these numbers: {self}")

    def apply(self, x: float, y: float) -> tuple[float, float]:
        """The place on the other slide of a level-0 point of the one."""
        point = complex(-x if self.mirrored else x, y) * self._factor
        return point.real + self.shift_x, point.imag + self.shift_y

    @property
    def inverse(self) -> Similarity:
        """From the other slide to the one."""
        back = Similarity(1 / self.scale, self._turned_back(0.0), self.mirrored)
        x, y = back.apply(self.shift_x, self.shift_y)
        return replace(back, shift_x=-x, shift_y=-y)

    def then(self, other: Similarity) -> Similarity:
        """First this one, then another."""
        turn = -self.rotation if other.mirrored else self.rotation
        x, y = other.apply(self.shift_x, self.shift_y)
        return Similarity(
            self.scale * other.scale,
            _degrees(other.rotation + turn),
            self.mirrored != other.mirrored,
            x,
            y,
        )

    def carry(self, view: Viewpoint) -> Viewpoint:
        """What to show of the other slide where this is shown of the one.

        Every place of the tissue then lies at the same place of the screen.
        """
        x, y = self.apply(view.centre_x, view.centre_y)
        return replace(
            view,
            centre_x=x,
            centre_y=y,
            scale=view.scale / self.scale,
            rotation=self._turned_back(view.rotation, view.mirrored),
            mirrored=view.mirrored != self.mirrored,
        )

    @property
    def _factor(self) -> complex:
        return cmath.rect(self.scale, math.radians(self.rotation))

    def _turned_back(self, rotation: float, mirrored: bool = False) -> float:
        """A rotation of the one slide as that of the other; where mirrored, it turns backwards."""
        turn = self.rotation if mirrored != self.mirrored else -self.rotation
        return _degrees(rotation + turn)


def between(shown: Viewpoint, other: Viewpoint, scale: float) -> Similarity:
    """How a slide lies on another, going by what is shown of both.

    Parameters
    ----------
    shown, other : Viewpoint
        Of the one slide and of the other; their middles lie on each other.
    scale : float
        Level-0 pixels of the other slide per level-0 pixel of the one.
    """
    turn = shown.rotation - other.rotation
    made = Similarity(
        scale, _degrees(-turn if other.mirrored else turn), shown.mirrored != other.mirrored
    )
    return centred(made, (shown.centre_x, shown.centre_y), (other.centre_x, other.centre_y))


def centred(
    lying: Similarity, point: tuple[float, float], other: tuple[float, float]
) -> Similarity:
    """The same turn and scale, shifted so that a point comes to lie on another."""
    x, y = replace(lying, shift_x=0.0, shift_y=0.0).apply(*point)
    return replace(lying, shift_x=other[0] - x, shift_y=other[1] - y)


def _degrees(angle: float) -> float:
    """From 0 to below 360; what is left of a tiny negative angle is 360 itself."""
    rest = angle % 360.0
    return 0.0 if rest == 360.0 else rest
