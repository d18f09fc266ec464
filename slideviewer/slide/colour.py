"""From what files hold (transparency, grey, deep colours) to plain RGB."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.slide.slide import Pixels

WHITE = (255, 255, 255)


def rgb_from_premultiplied(
    bgra: NDArray[np.uint8], background: tuple[int, int, int] = WHITE
) -> Pixels:
    """Lay premultiplied pixels over a background.

    Premultiplied colour needs no division to be laid over another: result = colour +
    (1 - alpha) * background (Porter and Duff, "Compositing digital images", 1984, "over").

    Parameters
    ----------
    bgra : ndarray (height, width, 4), uint8, contiguous
        Blue, green, red, alpha; the colours already multiplied by alpha.
    background : tuple of int
        Red, green, blue.

    Returns
    -------
    ndarray (height, width, 3), uint8, RGB
    """
    if bgra.size == 0:
        return np.empty((*bgra.shape[:2], 3), np.uint8)
    rgb = np.asarray(cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGB), np.uint8)
    # Nearly every tile is opaque, and one look at whole words is the cheapest way to know.
    if int(bgra.view("<u4").min()) >= 0xFF000000:
        return rgb
    clear = 255 - bgra[..., 3:].astype(np.uint16)
    shine = (clear * np.array(background, np.uint16) + 127) // 255
    return np.asarray(np.minimum(rgb + shine, 255), np.uint8)


def rgb_from_any(pixels: NDArray[Any]) -> Pixels:
    """Grey, grey with alpha, RGB or RGB with alpha, of any depth, as RGB over white.

    More than 8 bits are cut to 8 by the smallest power of two that holds the brightest value, so
    that a camera's 12 bits in a 16-bit file are not shown black.

    Parameters
    ----------
    pixels : ndarray (height, width) or (height, width, 1 to 4), bool or unsigned integer

    Returns
    -------
    ndarray (height, width, 3), uint8, RGB

    Raises
    ------
    ValueError
        For any other shape or kind of number; the words are for the user.
    """
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3 or not 1 <= pixels.shape[2] <= 4:
        raise ValueError(f"its pixels have the shape {pixels.shape}, neither grey nor RGB")
    if pixels.dtype.kind not in "bu":
        raise ValueError(f"its pixels are {pixels.dtype.name} numbers, not 8 or 16 bit integers")
    channels = pixels.shape[2]
    deep = pixels[..., : channels - 1] if channels in (2, 4) else pixels
    colours = _eight_bit(deep)
    rgb = np.repeat(colours, 3, axis=2) if colours.shape[2] == 1 else colours
    if channels in (2, 4):
        alpha = pixels[..., channels - 1 :].astype(np.float32) / _full(pixels)
        rgb = np.rint(rgb * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return np.ascontiguousarray(rgb)


def _full(pixels: NDArray[Any]) -> int:
    return 1 if pixels.dtype.kind == "b" else int(np.iinfo(pixels.dtype).max)


def _eight_bit(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    if pixels.dtype.kind == "b":
        return pixels.astype(np.uint8) * 255
    if pixels.dtype == np.uint8:
        return pixels
    bits = int(pixels.max()).bit_length() if pixels.size else 0
    return (pixels >> max(0, bits - 8)).astype(np.uint8)
