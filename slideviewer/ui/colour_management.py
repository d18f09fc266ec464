"""From a scanner's colours to those of a screen, by the ICC profile that the slide carries."""

from __future__ import annotations

import io
import mmap
import threading
from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from slideviewer.errors import SlideError
from slideviewer.slide import Pixels, Slide

MAX_PROFILE_BYTES = 4 * 2**20
"""Scanners' profiles hold at most some hundred kilobytes; a larger one is taken for damage."""

MOST_CONVERSIONS = 4
"""So many profiles' conversions are kept while no slide uses them; each takes up to 64 MiB."""

_COLOURS = 1 << 24


@dataclass(frozen=True)
class Unmanaged:
    """A slide's colours are shown as they are stored.

    Attributes
    ----------
    reason : str
        Why, for the user: one sentence or two.
    is_fault : bool
        Whether the slide has a profile which is of no use: that, the user should be told once.
        A slide without a profile is nothing out of the ordinary.
    """

    reason: str
    is_fault: bool


class Conversion:
    """Turns a profile's RGB into sRGB. Safe to use from several threads at once.

    LittleCMS takes longer over a tile than decoding it does. So each of the 2**24 colours is
    asked of it once, when a tile first holds it, and looked up from then on: the result is that
    of LittleCMS to the bit, while an interpolated table of 64 steps a side is off by up to 11 of
    255 in dark colours.
    """

    def __init__(self, transform: ImageCms.ImageCmsTransform) -> None:
        self._transform = transform
        # Each entry is blue, green, red and 255 as one word, so 0 means: not asked for yet. Two
        # threads that find the same gap write the same word.
        self._known: NDArray[np.uint32] = np.frombuffer(mmap.mmap(-1, 4 * _COLOURS), np.uint32)

    def apply(self, pixels: Pixels) -> Pixels:
        """Convert pixels.

        Parameters
        ----------
        pixels : ndarray (height, width, 3), uint8, RGB
            In the profile's colours.

        Returns
        -------
        ndarray (height, width, 3), uint8, RGB
            In sRGB.
        """
        if pixels.size == 0:
            return pixels
        colours = _words(pixels)
        np.bitwise_and(colours, _COLOURS - 1, out=colours)
        converted = self._known.take(colours)
        if not converted.all():
            gaps = converted == 0
            found = self._asked(pixels[gaps])
            self._known[colours[gaps]] = found
            converted[gaps] = found
        height, width = pixels.shape[:2]
        bgra = converted.view(np.uint8).reshape(height, width, 4)
        return np.asarray(cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGB), np.uint8)

    def _asked(self, colours: NDArray[np.uint8]) -> NDArray[np.uint32]:
        picture = Image.fromarray(colours[None])
        self._transform.apply_in_place(picture)
        words: NDArray[np.uint32] = _words(np.asarray(picture))[0]
        return words


def conversion_of(slide: Slide) -> Conversion | Unmanaged:
    """How a slide's stored colours become those of the screen. Safe from several threads.

    The screen counts as sRGB: Qt's widgets do not say which profile a screen has. The intent is
    perceptual, as for pictures. Slides with the same profile share one conversion, and a slide's
    profile is read once.
    """
    with _lock:
        known = _by_slide.get(slide)
    if known is None:
        # Without the lock: one slide on a slow disk must not hold up another's tiles.
        found = _find(slide)
        with _lock:
            known = _by_slide.setdefault(slide, found)
    return known


_lock = threading.Lock()
_by_slide: WeakKeyDictionary[Slide, Conversion | Unmanaged] = WeakKeyDictionary()


def _find(slide: Slide) -> Conversion | Unmanaged:
    try:
        if slide.channels:
            return Unmanaged(
                "The colours of channels are chosen, so they have no profile.", is_fault=False
            )
        profile = slide.icc_profile
    except SlideError as error:
        return _unusable(f"it cannot be read ({error.problem.rstrip('.')})")
    if not profile:
        return Unmanaged("This slide has no colour profile.", is_fault=False)
    if len(profile) > MAX_PROFILE_BYTES:
        return _unusable(f"it claims {len(profile) / 2**20:.1f} MiB, far more than any scanner's")
    return _conversion(profile)


@lru_cache(maxsize=MOST_CONVERSIONS)
def _conversion(profile: bytes) -> Conversion | Unmanaged:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        if space != "RGB":
            return _unusable(f"it is for {space or 'unnamed'} colours, and the slide is RGB")
        screen = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        intent = ImageCms.Intent.PERCEPTUAL
        return Conversion(ImageCms.ImageCmsTransform(source, screen, "RGB", "RGB", intent))
    except (OSError, ValueError, ImageCms.PyCMSError):  # what Pillow raises for a bad profile
        return _unusable("it is damaged")


def _unusable(why: str) -> Unmanaged:
    return Unmanaged(
        f"The colour profile of this slide is not used: {why}. "
        "Its colours are shown as they are stored.",
        is_fault=True,
    )


def _words(pixels: Pixels) -> NDArray[np.uint32]:
    """Each pixel as one little-endian word of blue, green, red and 255: shape (height, width)."""
    bgra = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGRA), np.uint8)
    words: NDArray[np.uint32] = bgra.view("<u4")[..., 0]
    return words
