"""Plain pictures as slides: all in memory, with levels made here so that they zoom alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np

from slideviewer.slide.picture import Picture
from slideviewer.slide.pyramid import Level, Pyramid
from slideviewer.slide.reducing import read_reduced, size_within
from slideviewer.slide.slide import Pixels, Spacing, UnknownSpacing
from slideviewer.slide.spacing import spacing_from

SMALLEST_LEVEL_PX = 512
"""Levels are halved until the longest side is no longer than this."""


class PictureSlide:
    """A plain picture; see `slideviewer.slide.slide.Slide`. Nothing is read after opening."""

    def __init__(self, path: Path, picture: Picture) -> None:
        self.path = path
        self.vendor = picture.vendor
        self.properties: Mapping[str, str] = MappingProxyType(dict(picture.properties))
        self.associated_names: tuple[str, ...] = ()
        self.icc_profile = picture.icc_profile
        self._levels = _halved(picture.pixels)
        height, width = picture.pixels.shape[:2]
        self.pyramid = Pyramid(
            tuple(
                Level(
                    pixels.shape[1],
                    pixels.shape[0],
                    (width / pixels.shape[1] + height / pixels.shape[0]) / 2,
                )
                for pixels in self._levels
            )
        )
        self.spacing: Spacing | UnknownSpacing = spacing_from(self.properties, self.vendor)
        self.bounds = self.pyramid.extent

    def read_region(
        self, level: int, x_level: int, y_level: int, width: int, height: int
    ) -> Pixels:
        """See `slideviewer.slide.slide.Slide.read_region`; never fails."""
        at = self.pyramid.check_region(level, width, height)
        region = np.full((height, width, 3), 255, np.uint8)
        left, right = max(0, x_level), min(at.width, x_level + width)
        top, bottom = max(0, y_level), min(at.height, y_level + height)
        if left < right and top < bottom:
            region[top - y_level : bottom - y_level, left - x_level : right - x_level] = (
                self._levels[level][top:bottom, left:right]
            )
        return region

    def associated_image(self, name: str) -> Pixels:
        """See `slideviewer.slide.slide.Slide.associated_image`; a picture has none."""
        raise KeyError(name)

    def thumbnail(self, longest_side: int) -> Pixels:
        """See `slideviewer.slide.slide.Slide.thumbnail`."""
        return read_reduced(self, *size_within(self, longest_side)).pixels

    def close(self) -> None:
        """See `slideviewer.slide.slide.Slide.close`; the memory goes with the last reader."""


def _halved(pixels: Pixels) -> tuple[Pixels, ...]:
    levels = [pixels]
    while max(pixels.shape[:2]) > SMALLEST_LEVEL_PX:
        size = max(1, pixels.shape[1] // 2), max(1, pixels.shape[0] // 2)
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        levels.append(pixels)
    return tuple(levels)
