"""Plain pictures as slides: all in memory, with levels made here so that they zoom alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.slide.channel_colours import labelled
from slideviewer.slide.channels import Channel, automatic_looks, composite, ranged
from slideviewer.slide.picture import Picture
from slideviewer.slide.pyramid import Level, Pyramid
from slideviewer.slide.reducing import read_reduced, size_within
from slideviewer.slide.shrinking import shrunk
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
        words = {"tiff.ImageDescription": picture.spacing_words} if picture.spacing_words else {}
        self.spacing: Spacing | UnknownSpacing = spacing_from(
            {**self.properties, **words}, self.vendor
        )
        self.bounds = self.pyramid.extent
        self.channels: tuple[Channel, ...] = ()
        if picture.labels:
            values = picture.pixels.reshape(-1, len(picture.labels))
            self.channels = ranged(labelled(picture.labels), values, is_colour=picture.is_colour)

    def read_region(
        self, level: int, x_level: int, y_level: int, width: int, height: int
    ) -> Pixels:
        """See `slideviewer.slide.slide.Slide.read_region`; never fails."""
        read, inside = self._cut(level, x_level, y_level, width, height)
        region = np.full((height, width, 3), 255, np.uint8)
        region[inside] = composite(read, automatic_looks(self.channels)) if self.channels else read
        return region

    def read_channels(
        self,
        level: int,
        x_level: int,
        y_level: int,
        width: int,
        height: int,
        wanted: Collection[int] | None = None,
    ) -> NDArray[Any]:
        """See `slideviewer.slide.slide.Slide.read_channels`; there is no damage."""
        if not self.channels:
            raise ValueError(f"{self.path} is a picture in colours and has no channels")
        read, inside = self._cut(level, x_level, y_level, width, height)
        region = np.zeros((height, width, read.shape[2]), read.dtype)
        region[inside] = read
        return region

    def _cut(
        self, level: int, x_level: int, y_level: int, width: int, height: int
    ) -> tuple[NDArray[Any], tuple[slice, slice]]:
        """Cut out what there is of a region, and tell where in the region it lies."""
        at = self.pyramid.check_region(level, width, height)
        left, right = max(0, x_level), max(0, min(at.width, x_level + width))
        top, bottom = max(0, y_level), max(0, min(at.height, y_level + height))
        read = self._levels[level][top:bottom, left:right]
        from_y, from_x = min(top - y_level, height), min(left - x_level, width)
        rows, columns = read.shape[:2]
        return read, (slice(from_y, from_y + rows), slice(from_x, from_x + columns))

    def associated_image(self, name: str) -> Pixels:
        """See `slideviewer.slide.slide.Slide.associated_image`; a picture has none."""
        raise KeyError(name)

    def thumbnail(self, longest_side: int) -> Pixels:
        """See `slideviewer.slide.slide.Slide.thumbnail`."""
        return read_reduced(self, *size_within(self, longest_side)).pixels

    def close(self) -> None:
        """See `slideviewer.slide.slide.Slide.close`; the memory goes with the last reader."""


def _halved(pixels: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    levels = [pixels]
    while max(pixels.shape[:2]) > SMALLEST_LEVEL_PX:
        pixels = shrunk(pixels, max(1, pixels.shape[1] // 2), max(1, pixels.shape[0] // 2))
        levels.append(pixels)
    return tuple(levels)
