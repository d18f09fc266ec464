"""A plain picture in memory, before it becomes a slide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import SlideError
from slideviewer.slide.slide import Pixels

MAX_PICTURE_PX = 200_000_000
"""The largest plain picture that is opened, in pixels: it needs 0.8 GB, twice that for a moment."""


@dataclass(frozen=True)
class Picture:
    """What a picture file holds.

    Attributes
    ----------
    pixels : ndarray (height, width, 3), uint8, RGB
        The right way up, as the file's orientation tag says.
    vendor : str
        "png", "jpeg", "bmp" or "tiff".
    properties : mapping of str to str
    icc_profile : bytes or None
    """

    pixels: Pixels
    vendor: str
    properties: Mapping[str, str] = field(default_factory=dict)
    icc_profile: bytes | None = None


def refuse_oversize(path: Path, width: int, height: int) -> None:
    """Refuse a picture by the size it claims, before any memory is asked for.

    Raises
    ------
    SlideError
        Where it has no pixels or more than `MAX_PICTURE_PX`.
    """
    if width < 1 or height < 1:
        raise SlideError(f"The picture claims a size of {width} x {height} pixels.", path=path)
    if width * height > MAX_PICTURE_PX:
        raise SlideError(
            f"The picture has {width} x {height} pixels, too many to open in one piece "
            f"(at most {MAX_PICTURE_PX:,} in all).",
            path=path,
            remedy="Convert it to a tiled TIFF with several levels and 8 bits a channel, "
            "or cut out a part.",
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
