"""Channels: what a file says of each, how each is looked at, and the picture they make together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

ROBUST_PERCENTILES = (0.1, 99.9)
"""The automatic range leaves out so little that dim stain stays, yet dust and hot pixels do not
decide how bright all else is."""

MOST_SHOWN = 7
"""Colours that are told apart. More channels at once make a white fog, and have to be decoded."""

_FINENESS = 16
"""Each channel's share is added up in sixteenths of a grey level, so that rounding does not add
up: the sum is rounded once."""
_AT_ONCE = 15
"""A sum already cut at white and so many more channels still fit 16 bits."""
_LOOKED_AT_PX = 500_000
"""So many pixels, evenly spread, tell a channel's range."""


@dataclass(frozen=True)
class Channel:
    """One channel of a slide: what the file says of it, and how bright it is.

    Attributes
    ----------
    name : str
        As the file says ("DAPI"), else "Channel 1" and so on.
    colour : tuple of int
        Red, green and blue, 0 to 255: what the file says, else one by the name or the place.
    lowest, highest : float
        The automatic range, in the pixels' own numbers: what is shown black and in full colour
        at first.
    """

    name: str
    colour: Colour
    lowest: float
    highest: float


@dataclass(frozen=True)
class ChannelLook:
    """How a channel is looked at.

    Attributes
    ----------
    colour : tuple of int
        Red, green and blue, 0 to 255, of its brightest pixels.
    low, high : float
        The values shown black and in full colour; what lies beyond is cut. Where both are the
        same, that value and all above are shown in full.
    visible : bool
    gamma : float
        Between black (0) and full colour (1) a value v is shown as v ** gamma: below 1 dim
        parts come out, above 1 they go.

    Raises
    ------
    ValueError
        Where ``high`` is below ``low``, gamma is not above 0, or a number is not finite.
    """

    colour: Colour
    low: float
    high: float
    visible: bool = True
    gamma: float = 1.0

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.low, self.high, self.gamma))):
            raise ValueError(f"a look needs finite numbers, not {self}")
        if self.high < self.low or self.gamma <= 0:
            raise ValueError(f"a look needs low <= high and gamma > 0, not {self}")


def automatic_looks(channels: Sequence[Channel]) -> tuple[ChannelLook, ...]:
    """Show the first `MOST_SHOWN` channels, each in its own colour over its automatic range."""
    return tuple(
        ChannelLook(channel.colour, channel.lowest, channel.highest, number < MOST_SHOWN)
        for number, channel in enumerate(channels)
    )


def visible_channels(looks: Sequence[ChannelLook]) -> list[int]:
    """The numbers of the channels that are shown, which alone need to be read."""
    return [number for number, look in enumerate(looks) if look.visible]


def composite(pixels: NDArray[Any], looks: Sequence[ChannelLook]) -> NDArray[np.uint8]:
    """Mix channels as coloured lights: the colours are added up and cut at white.

    Parameters
    ----------
    pixels : ndarray (height, width, channels), uint8, uint16 or float32
        Quickest where each channel lies together in memory. What is no number is dark.
    looks : sequence of ChannelLook
        One for each channel.

    Returns
    -------
    ndarray (height, width, 3), uint8, RGB
        Black where no channel is visible.

    Raises
    ------
    ValueError
        Where the looks do not fit the pixels, or these are other numbers.
    """
    if pixels.ndim != 3 or pixels.shape[2] != len(looks):
        raise ValueError(f"{len(looks)} looks do not fit pixels of the shape {pixels.shape}")
    if pixels.dtype not in (np.uint8, np.uint16, np.float32):
        raise ValueError(f"channels are uint8, uint16 or float32 numbers, not {pixels.dtype.name}")
    height, width = pixels.shape[:2]
    visible = visible_channels(looks)
    if not visible or pixels.size == 0:
        return np.zeros((height, width, 3), np.uint8)
    total: NDArray[np.uint64] | None = None
    for count, number in enumerate(visible, start=1):
        share = _share(pixels[..., number], looks[number])
        total = share if total is None else np.add(total, share, out=total)
        if count % _AT_ONCE == 0:
            words = total.view(np.uint16)
            np.minimum(words, 255 * _FINENESS, out=words)
    assert total is not None
    words = total.view(np.uint16).reshape(height, width, 4)
    # OpenCV's two passes take a tenth of numpy's time; the fourth word is always 0.
    colours = cv2.cvtColor(words, cv2.COLOR_BGRA2BGR)
    return np.asarray(cv2.convertScaleAbs(colours, alpha=1 / _FINENESS), np.uint8)


def robust_range(values: NDArray[Any]) -> tuple[float, float]:
    """Find the range of a channel that is shown at first.

    Parameters
    ----------
    values : ndarray of any shape, uint8, uint16 or float32
        The channel, or a sample of it; what is not finite does not count.

    Returns
    -------
    tuple of float
        The `ROBUST_PERCENTILES`; where these are the same (a few bright spots on nothing), the
        least and the greatest value; where even these are, that value and 0; for nothing but 0,
        0 and 1. Without any values all that the numbers can hold.
    """
    some = values.ravel()[:: max(1, values.size // _LOOKED_AT_PX)]
    some = some[np.isfinite(some)]
    if some.size == 0:
        return 0.0, 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
    lowest, highest = (
        float(value) for value in np.percentile(some, ROBUST_PERCENTILES, method="nearest")
    )
    if lowest == highest:
        lowest, highest = float(some.min()), float(some.max())
    if lowest == highest:
        lowest, highest = min(0.0, lowest), max(0.0, highest)
    if lowest == highest:
        return 0.0, 1.0
    return lowest, highest


def colour_range(values: NDArray[Any]) -> tuple[float, float]:
    """Find the one range of a colour picture's red, green and blue, which keeps its hues.

    Parameters
    ----------
    values : ndarray of any shape, uint8, uint16 or float32

    Returns
    -------
    tuple of float
        From 0 to the largest number of the fewest bits that hold the greatest value (a camera's
        12 bits in a 16-bit file are not shown black); for fractions to 1, or the greatest value.
    """
    if values.dtype.kind == "f":
        finite = values[np.isfinite(values)]
        return 0.0, max(1.0, float(finite.max(initial=0)))
    bits = int(values.max(initial=0)).bit_length()
    return 0.0, float(2 ** max(8, bits) - 1)


def ranged(
    named: Sequence[tuple[str, Colour]], values: NDArray[Any], *, is_colour: bool
) -> tuple[Channel, ...]:
    """Make channels of names, colours and a sample of the pixels.

    Parameters
    ----------
    named : sequence of (str, tuple of int)
    values : ndarray (pixels, channels), uint8, uint16 or float32
    is_colour : bool
        Whether they are red, green and blue, which get one range: `colour_range`. Others have
        each its `robust_range`, but the only one of 8 bits all of them: a grey picture stays as
        it is.
    """
    if is_colour:
        ranges = [colour_range(values)] * len(named)
    elif len(named) == 1 and values.dtype == np.uint8:
        ranges = [(0.0, 255.0)]
    else:
        ranges = [robust_range(values[:, channel]) for channel in range(len(named))]
    return tuple(
        Channel(name, colour, *limits) for (name, colour), limits in zip(named, ranges, strict=True)
    )


def _share(plane: NDArray[Any], look: ChannelLook) -> NDArray[np.uint64]:
    """Look up what a channel adds to red, green and blue: three 16-bit words in one of 64."""
    if plane.dtype == np.float32:
        # As fine as 16 bits are, one table serves every kind of number. Gamma comes before it:
        # below 1 it draws the darkest of the table's steps far apart.
        if look.high > look.low:
            with np.errstate(invalid="ignore", over="ignore"):
                scale = np.float32(1 / (look.high - look.low))
                strength = (plane - np.float32(look.low)) * scale
        else:
            strength = (plane >= look.low).astype(np.float32)
        strength = np.fmin(np.fmax(strength, 0), 1)
        if look.gamma != 1:
            strength = strength ** np.float32(look.gamma)
        plane = (strength * 65535).astype(np.uint16)
        look = ChannelLook(look.colour, 0, 65535)
    table = _table(look, 256 if plane.dtype == np.uint8 else 65536)
    return np.asarray(table[plane], np.uint64)


@lru_cache(maxsize=64)  # 32 MiB at most
def _table(look: ChannelLook, size: int) -> NDArray[np.uint64]:
    values = np.arange(size)
    if look.high > look.low:
        strength = np.clip((values - look.low) / (look.high - look.low), 0, 1) ** look.gamma
    else:
        strength = (values >= look.low).astype(np.float64)
    words = np.zeros((size, 4), np.uint16)
    words[:, :3] = np.rint(strength[:, None] * np.array(look.colour) * _FINENESS)
    return words.view(np.uint64)[:, 0]
