"""What a slide is to the rest of the house, whatever file it comes from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from slideviewer.geometry import Rect
from slideviewer.slide.channels import Channel
from slideviewer.slide.pyramid import Pyramid

Pixels = NDArray[np.uint8]
"""A picture: shape (height, width, 3), uint8, RGB."""

PLAUSIBLE_SPACING_UM_PX = (0.01, 100.0)
"""The range of micrometres per level-0 pixel that a slide can honestly state."""


@dataclass(frozen=True)
class Spacing:
    """Micrometres per level-0 pixel along x and y."""

    x_um_px: float
    y_um_px: float

    @property
    def um_px(self) -> float:
        """One number for both directions: their geometric mean."""
        return float((self.x_um_px * self.y_um_px) ** 0.5)


@dataclass(frozen=True)
class UnknownSpacing:
    """The slide does not say, or says something absurd, how large its pixels are.

    Attributes
    ----------
    reason : str
        Why it is unknown, for the user.
    """

    reason: str


@runtime_checkable
class Slide(Protocol):
    """An open slide. Safe to read from several threads at once.

    Attributes
    ----------
    path : Path
    vendor : str
        The format's name ("aperio", "generic-tiff", "png").
    pyramid : Pyramid
        Its levels, level 0 first.
    spacing : Spacing or UnknownSpacing
    bounds : Rect
        The part of level 0 that was scanned; all of it where the file does not say.
    properties : mapping of str to str
        Everything the file says about itself.
    associated_names : tuple of str
        Names of the pictures beside the pyramid ("label", "macro", "thumbnail").
    icc_profile : bytes or None
        The colour profile of level 0; None where the file has none.
    channels : tuple of Channel
        Empty for an ordinary colour slide of 8 bits. Their ranges are found on the first call,
        by reading a sample of the coarsest level.
    """

    path: Path
    vendor: str
    pyramid: Pyramid
    spacing: Spacing | UnknownSpacing
    bounds: Rect
    properties: Mapping[str, str]
    associated_names: tuple[str, ...]

    @property
    def icc_profile(self) -> bytes | None:
        """The colour profile of level 0."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """What there is to mix; nothing in a colour slide."""

    def read_region(
        self, level: int, x_level: int, y_level: int, width: int, height: int
    ) -> Pixels:
        """Read part of a level.

        Parameters
        ----------
        level : int
        x_level, y_level, width, height : int
            In pixels of that level. What lies beyond the border, or was never scanned, is white.

        Returns
        -------
        ndarray (height, width, 3), uint8, RGB
            Of a slide with channels their mix, as `channels.automatic_looks` has it.

        Raises
        ------
        SlideError
            Where the file is damaged there.
        """

    def read_channels(
        self,
        level: int,
        x_level: int,
        y_level: int,
        width: int,
        height: int,
        wanted: Collection[int] | None = None,
    ) -> NDArray[Any]:
        """Read part of a level as the file holds it, for a mix of one's own.

        Parameters
        ----------
        level : int
        x_level, y_level, width, height : int
            In pixels of that level. What lies beyond the border, or was never scanned, is 0.
        wanted : collection of int, optional
            The numbers of the channels that matter; the others may be 0, for they take time to
            decode. All where it is not given.

        Returns
        -------
        ndarray (height, width, channels), uint8, uint16 or float32

        Raises
        ------
        SlideError
            Where the file is damaged there.
        ValueError
            Where the slide has no channels.
        """

    def associated_image(self, name: str) -> Pixels:
        """Read a picture beside the pyramid; KeyError for a name that is not there."""

    def thumbnail(self, longest_side: int) -> Pixels:
        """The whole slide, at most ``longest_side`` pixels wide and high."""

    def close(self) -> None:
        """Let go of the file. Closing twice is harmless."""
