"""Words in the pictures of a training."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

INK = (40, 40, 40)
FONT_PX = 13

_WEIGHT = 400


def write(
    picture: NDArray[np.uint8],
    words: str,
    foot: tuple[int, int],
    colour: tuple[int, int, int] = INK,
) -> None:
    """Write words into a picture.

    Parameters
    ----------
    picture : ndarray (height, width, 3), uint8, RGB
        Changed in place.
    words : str
    foot : tuple of int
        Where the line of writing begins: x, y.
    colour : tuple of int
        Red, green, blue.
    """
    cv2.putText(picture, words, foot, colour, cv2.FontFace("sans"), FONT_PX, _WEIGHT)


def width_of(words: str) -> int:
    """How many pixels a line of writing is wide."""
    (left, _, width, _) = cv2.getTextSize(
        (0, 0), words, (0, 0), cv2.FontFace("sans"), FONT_PX, _WEIGHT
    )
    return int(left + width)


def shortened(words: str, width: int) -> str:
    """Words that are no wider, their end cut off if need be."""
    if width_of(words) <= width:
        return words
    while words and width_of(f"{words}…") > width:
        words = words[:-1]
    return f"{words.rstrip()}…"
