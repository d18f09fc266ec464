"""A plain picture in memory, before it becomes a slide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import SlideError
from slideviewer.slide.channel_colours import Label

MAX_PICTURE_PX = 200_000_000
"""The largest plain picture that is opened, in pixels: it needs 0.8 GB, twice that for a moment.
Of pictures with more than 3 bytes a pixel fewer pixels are opened."""


@dataclass(frozen=True)
class Picture:
    """What a picture file holds.

    Attributes
    ----------
    pixels : ndarray (height, width, 3), uint8, RGB
        The right way up, as the file's orientation tag says. With labels (height, width,
        channels), uint8, uint16 or float32, as the file has them.
    vendor : str
        "png", "jpeg", "bmp" or "tiff".
    properties : mapping of str to str
    icc_profile : bytes or None
    labels : tuple of Label
        One for each channel; empty for pictures of 8 bits in grey or colour.
    is_colour : bool
        Whether the channels are red, green and blue.
    spacing_words : str
        The part of an OME header that states the spacing of the image shown; may be empty.
    """

    pixels: NDArray[Any]
    vendor: str
    properties: Mapping[str, str] = field(default_factory=dict)
    icc_profile: bytes | None = None
    labels: tuple[Label, ...] = ()
    is_colour: bool = False
    spacing_words: str = ""


ORIENTATION = 274
"""The tag that tells how a picture has to be turned, in TIFF and EXIF."""
UPRIGHT = 1


def refuse_oversize(path: Path, width: int, height: int, pixel_bytes: int = 3) -> None:
    """Refuse a picture by the size it claims, before any memory is asked for.

    Parameters
    ----------
    path : Path
    width, height : int
    pixel_bytes : int
        Memory for each pixel.

    Raises
    ------
    SlideError
        Where it has no pixels or more than `MAX_PICTURE_PX`.
    """
    if width < 1 or height < 1:
        raise SlideError(f"The picture claims a size of {width} x {height} pixels.", path=path)
    most = MAX_PICTURE_PX * 3 // max(3, pixel_bytes)
    if width * height > most:
        raise SlideError(
            f"The picture has {width} x {height} pixels, too many to open in one piece "
            f"(at most {most:,} in all).",
            path=path,
            remedy="Convert it to a tiled TIFF with several levels, or cut out a part.",
        )


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn pixels as an orientation tag asks, so that annotations meet what viewers show.

    Parameters
    ----------
    pixels : ndarray (height, width, ...)
    orientation : int
        1 to 8 as in TIFF 6.0 and EXIF, tag 274; any other number counts as 1, upright.
    """
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels
