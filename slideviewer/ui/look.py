"""How a view shows its tiles: brightness, contrast, gamma, colour profile and channels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from slideviewer.geometry import Rect
from slideviewer.slide import Pixels, Slide, TileKey
from slideviewer.slide.channels import ChannelLook, composite, visible_channels
from slideviewer.ui.colour_management import Unmanaged, conversion_of

BRIGHTNESS = (-1.0, 1.0)
CONTRAST = (0.0, 4.0)
GAMMA = (0.1, 5.0)

MOST_SEEN_PX = 500_000
"""So many pixels tell how dark and light a view is."""


@dataclass(frozen=True)
class Look:
    """What is done to pixels on their way to the screen. No model ever sees it.

    Attributes
    ----------
    brightness : float
        -1 (black) to 1 (white), added to every value.
    contrast : float
        0 (all grey) to 4, the slope around the middle grey.
    gamma : float
        0.1 to 5; below 1 lightens what is between black and white, above 1 darkens it.
    managed : bool
        Whether the slide's own colour profile is used, where it has one.
    channels : tuple of ChannelLook
        One for each of the slide's channels; empty for a slide without channels, and for the
        looks that the slide itself gives them.
    """

    brightness: float = 0.0
    contrast: float = 1.0
    gamma: float = 1.0
    managed: bool = True
    channels: tuple[ChannelLook, ...] = ()

    def __post_init__(self) -> None:
        for name, (lowest, highest) in (
            ("brightness", BRIGHTNESS),
            ("contrast", CONTRAST),
            ("gamma", GAMMA),
        ):
            value = getattr(self, name)
            if not lowest <= value <= highest:  # also where it is not a number
                raise ValueError(f"{name} is {value}, not between {lowest} and {highest}")

    @property
    def is_plain(self) -> bool:
        """Whether neither values nor channels are changed; the profile may still be used."""
        return self.has_plain_values and not self.channels

    @property
    def has_plain_values(self) -> bool:
        """Whether brightness, contrast and gamma are at rest."""
        return (self.brightness, self.contrast, self.gamma) == (0.0, 1.0, 1.0)

    @property
    def table(self) -> NDArray[np.uint8]:
        """What becomes of each value from 0 to 255: shape (256,), uint8.

        A value v in 0..1 is shown as clip(contrast * (v - 0.5) + 0.5 + brightness, 0, 1) ** gamma,
        gamma being that of a channel's look.
        """
        return _table(self.brightness, self.contrast, self.gamma)


@lru_cache(maxsize=64)
def _table(brightness: float, contrast: float, gamma: float) -> NDArray[np.uint8]:
    values = np.arange(256) / 255
    stretched = np.clip(contrast * (values - 0.5) + 0.5 + brightness, 0, 1)
    table = np.rint(255 * stretched**gamma).astype(np.uint8)
    table.setflags(write=False)
    return table


def read_tile(slide: Slide, key: TileKey, look: Look) -> QImage:
    """Read a tile as it is to be shown. Safe to call from several threads at once.

    Returns
    -------
    QImage
        Format RGB32, the tile's own size; it owns its memory.

    Raises
    ------
    SlideError
        Where the file is damaged there.
    """
    return to_image(
        adjusted(_read(slide, key.level, slide.pyramid.tile_box_level(key), look), look)
    )


def read_seen(slide: Slide, seen: Rect, look: Look) -> Pixels:
    """Read a level-0 rectangle as it is without brightness, contrast and gamma.

    Returns
    -------
    ndarray (height, width, 3), uint8, RGB
        From the finest level in which it has at most `MOST_SEEN_PX` pixels, else the coarsest;
        empty where the rectangle is off the slide.

    Raises
    ------
    SlideError
        Where the file is damaged there.
    """
    pyramid = slide.pyramid
    seen = seen.intersection(pyramid.extent)
    if seen.is_empty:
        return np.empty((0, 0, 3), np.uint8)
    boxes = []
    for at in pyramid.levels:
        across, down = at.width / pyramid.width, at.height / pyramid.height
        left, top = int(seen.x * across), int(seen.y * down)
        width = max(1, min(at.width, math.ceil(seen.right * across)) - left)
        height = max(1, min(at.height, math.ceil(seen.bottom * down)) - top)
        boxes.append((left, top, width, height))
    fit = (level for level, box in enumerate(boxes) if box[2] * box[3] <= MOST_SEEN_PX)
    level = next(fit, len(boxes) - 1)
    return _read(slide, level, boxes[level], look)


def _read(slide: Slide, level: int, box: tuple[int, int, int, int], look: Look) -> Pixels:
    """Read part of a level with its channels mixed or its profile used.

    Looks that are not as many as the slide's channels are those of another slide, and not used.
    """
    if look.channels and len(look.channels) == len(slide.channels):
        shown = visible_channels(look.channels)
        return composite(slide.read_channels(level, *box, wanted=shown), look.channels)
    pixels = slide.read_region(level, *box)
    if look.managed:
        conversion = conversion_of(slide)
        if not isinstance(conversion, Unmanaged):
            return conversion.apply(pixels)
    return pixels


def adjusted(pixels: Pixels, look: Look) -> Pixels:
    """Lay brightness, contrast and gamma over pixels; the same array where these are at rest."""
    if look.has_plain_values:
        return pixels
    return np.asarray(cv2.LUT(pixels, look.table), np.uint8)


def to_image(pixels: Pixels) -> QImage:
    """Make a QImage that owns its memory, in the format that Qt paints fastest.

    Parameters
    ----------
    pixels : ndarray (height, width, 3), uint8, RGB
    """
    height, width = pixels.shape[:2]
    image = QImage(width, height, QImage.Format.Format_RGB32)
    # Rows of 32-bit pixels have no padding, so OpenCV can write straight into the picture.
    memory = np.frombuffer(image.bits(), np.uint8).reshape(height, width, 4)
    cv2.cvtColor(pixels, cv2.COLOR_RGB2BGRA, dst=memory)
    return image
