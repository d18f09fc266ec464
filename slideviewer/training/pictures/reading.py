"""Pictures and masks as a training takes them: whole, and masks as yes or no."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError
from slideviewer.slide import open_slide
from slideviewer.slide.masks import open_mask

MOST_PICTURE_PX = 1 << 27
"""A larger one is a slide, and is read tile by tile."""

_HALF = 128
Size = tuple[int, int]


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture as predictions see it: shape (height, width, 3), uint8, RGB.

    Raises
    ------
    SlideError
        If it cannot be read.
    TrainingError
        If it is too large.
    """
    with closing(open_slide(path)) as slide:
        width, height = slide.pyramid.width, slide.pyramid.height
        if width * height > MOST_PICTURE_PX:
            raise TrainingError(
                f"It has {width} x {height} pixels, too many for a picture.",
                path=path,
                remedy="Give it as a slide, with annotations.",
            )
        return slide.read_region(0, 0, 0, width, height)


def read_mask(path: Path, size: Size) -> NDArray[np.bool_]:
    """Read a mask of one target.

    White is the target. Of a mask with 0 and small numbers alone, as masks of labels have them,
    all but 0 is; of one with greys between black and white, and of a JPEG, which is never quite
    black, the brighter half.

    Parameters
    ----------
    path : Path
    size : tuple of int
        Width and height that it must have.

    Returns
    -------
    ndarray (height, width), bool

    Raises
    ------
    TrainingError
        If it is of another size.
    SlideError
        If it cannot be read, or is no mask.
    """
    with closing(open_slide(path)) as slide:
        if slide.vendor == "jpeg":
            found = slide.pyramid.width, slide.pyramid.height
            _refuse_other_size(path, found, size)
            pixels = slide.read_region(0, 0, 0, *size)
            return np.asarray(pixels.mean(axis=2) >= _HALF)
    values = _values(path, size)
    largest = int(values.max(initial=0))
    return np.asarray(values > 0 if largest < _HALF else values >= (largest + 1) // 2)


def read_labels(path: Path, size: Size) -> NDArray[np.int32]:
    """Read instance labels, 0 being none: shape (height, width), int32.

    Raises
    ------
    TrainingError
        If they are of another size.
    SlideError
        If they cannot be read.
    """
    return _values(path, size).astype(np.int32)


def _values(path: Path, size: Size) -> NDArray[Any]:
    with closing(open_mask(path)) as mask:
        _refuse_other_size(path, (mask.width, mask.height), size)
        return mask.read(0, 0, *size)


def _refuse_other_size(path: Path, found: Size, size: Size) -> None:
    if found != size:
        raise TrainingError(
            f"This mask has {found[0]} x {found[1]} pixels, and its picture {size[0]} x {size[1]}.",
            path=path,
            remedy="Give a mask of the picture's own size.",
        )
