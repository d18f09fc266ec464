"""Writing maps: one value for each square of a slide, as a pyramidal TIFF."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

from slideviewer.errors import SlideError

TILE_SIZE = 512
"""ASAP's own tiles."""

SMALLEST_SIDE = 256
"""Levels are added until one is no larger."""


def write_map(
    path: Path, values: NDArray[Any], *, description: str, spacing_um_px: float | None = None
) -> None:
    """Write a map with levels of half the sides each.

    Pixel (x, y) of a further level is that of (2 x, 2 y) before it: of float the mean of the four
    pixels from there on, of whole numbers, which stand for classes, the first of them. A last odd
    row or column has no pixel in the next level, so that every level lies exactly on the slide.

    Parameters
    ----------
    path : Path
        Replaced only when all is written.
    values : ndarray (height, width), float32 or uint8
    description : str
        Of the file; ASCII.
    spacing_um_px : float, optional
        Micrometres per pixel of the map.

    Raises
    ------
    SlideError
        Where the file cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            with tifffile.TiffWriter(part, byteorder="<") as file:
                for number, level in enumerate(_levels(values)):
                    pixels_cm = 1e4 / (spacing_um_px * 2**number) if spacing_um_px else 1.0
                    file.write(
                        np.ascontiguousarray(level),
                        tile=(TILE_SIZE, TILE_SIZE),
                        photometric="minisblack",
                        compression="zlib",
                        resolution=(pixels_cm, pixels_cm),
                        resolutionunit="CENTIMETER" if spacing_um_px else "NONE",
                        subfiletype=1 if number else 0,
                        description=None if number else description,
                        software="slideviewer",
                        metadata=None,
                    )
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise SlideError(
            f"The map cannot be written ({error.strerror or error}).",
            path=path,
            remedy="Choose a folder that exists, may be written to and has room.",
        ) from error


def _levels(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    yield values
    while max(values.shape) > SMALLEST_SIDE and min(values.shape) > 1:
        height, width = (side // 2 for side in values.shape)
        even = values[: 2 * height, : 2 * width]
        if values.dtype == np.float32:
            values = np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
        else:
            values = even[::2, ::2]
        yield values
