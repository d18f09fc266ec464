"""Tiled TIFF slides that OpenSlide does not know, or not all of: channels, deep pixels, SubIFDs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import SlideError
from slideviewer.slide.channel_colours import labelled
from slideviewer.slide.channels import (
    Channel,
    automatic_looks,
    composite,
    ranged,
    visible_channels,
)
from slideviewer.slide.colour import WHITE, rgb_from_any
from slideviewer.slide.decoded_tiles import DecodedTiles
from slideviewer.slide.mosaic import lay_tiles
from slideviewer.slide.open_file import OpenFile
from slideviewer.slide.picture_tiff import read_tiff_page
from slideviewer.slide.pyramid import Level, Pyramid, handy_tile_size
from slideviewer.slide.reducing import read_reduced, size_within
from slideviewer.slide.slide import Pixels, Spacing, UnknownSpacing
from slideviewer.slide.spacing import spacing_from
from slideviewer.slide.stored_levels import StoredLevel
from slideviewer.slide.stored_tiles import DamagedTile, StoredTiles
from slideviewer.slide.tiff_layout import Layout
from slideviewer.slide.tile_decoding import MINISWHITE, RGB, YCBCR

CACHE_BYTES = 128 * 2**20
"""Decoded tiles kept for each open slide, so that a grid that does not fit the stored tiles
decodes them once."""

_SAMPLED_TILES = 64

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Source:
    """Where one channel, or all samples of a page, are stored."""

    tiles: StoredTiles
    plane: int


class TiledTiff:
    """A tiled TIFF read tile by tile; see `slideviewer.slide.slide.Slide`.

    Parameters
    ----------
    file : OpenFile
        Closed with the slide.
    layout : Layout
    levels : sequence of sequence of StoredTiles
        Of each level the tiles of each plane.
    properties : mapping of str to str
    icc_profile : bytes or None
    """

    def __init__(
        self,
        file: OpenFile,
        layout: Layout,
        levels: Sequence[Sequence[StoredTiles]],
        properties: Mapping[str, str],
        icc_profile: bytes | None,
    ) -> None:
        self._file = file
        self._layout = layout
        self._levels = [
            [_Source(tiles, plane) for tiles in planes for plane in range(tiles.planes)]
            for planes in levels
        ]
        first = levels[0][0]
        self.path = file.path
        self.vendor = layout.vendor
        self.icc_profile = icc_profile
        self.properties: Mapping[str, str] = MappingProxyType(dict(properties))
        self.associated_names = tuple(layout.associated)
        self.pyramid = Pyramid(
            tuple(
                Level(
                    planes[0].width,
                    planes[0].height,
                    (first.width / planes[0].width + first.height / planes[0].height) / 2,
                )
                for planes in levels
            ),
            handy_tile_size(first.tile_width, first.tile_height),
        )
        self.spacing: Spacing | UnknownSpacing = spacing_from(
            {**self.properties, "tiff.ImageDescription": layout.spacing_words},
            # A resolution beside an OME header may be a drawing program's own.
            "qptiff" if self.vendor == "qptiff" else "tiff",
        )
        self.bounds = self.pyramid.extent
        self._samples = sum(source.tiles.samples for source in self._levels[0])
        self._is_inverted = first.format.photometric == MINISWHITE
        self._cache = DecodedTiles(CACHE_BYTES)
        self._shrinking = [
            StoredLevel(planes[0], self._cache, WHITE) if _is_colour(layout, planes) else None
            for planes in levels
        ]
        self._channels: tuple[Channel, ...] | None = None
        self._finding_channels = threading.Lock()

    @property
    def channels(self) -> tuple[Channel, ...]:
        """See `slideviewer.slide.slide.Slide`."""
        if not self._layout.labels:
            return ()
        with self._finding_channels:
            if self._channels is None:
                named = labelled(self._layout.labels)
                is_colour = self._layout.is_colour
                self._channels = ranged(named, self._sampled(), is_colour=is_colour)
            return self._channels

    def read_region(
        self, level: int, x_level: int, y_level: int, width: int, height: int
    ) -> Pixels:
        """See `slideviewer.slide.slide.Slide.read_region`."""
        box = level, x_level, y_level, width, height
        if self.channels:
            looks = automatic_looks(self.channels)
            read, inside = self._read(*box, visible_channels(looks))
            pixels = composite(read[inside], looks)
        else:
            read, inside = self._read(*box)
            pixels = rgb_from_any(read[inside])
        if pixels.shape[:2] == (height, width):
            return pixels
        region = np.full((height, width, 3), 255, np.uint8)
        region[inside] = pixels
        return region

    def read_shrunk(
        self, level: int, factor: int, x_shrunk: int, y_shrunk: int, width: int, height: int
    ) -> Pixels | None:
        """See `slideviewer.slide.shrunk_reading.ShrinksWhileDecoding`."""
        stored = self._shrinking[level]
        if stored is None or not stored.shrinks(factor):
            return None
        try:
            return stored.read_shrunk(factor, x_shrunk, y_shrunk, width, height)
        except DamagedTile:
            return None  # reading it whole tells what is damaged

    def read_channels(
        self,
        level: int,
        x_level: int,
        y_level: int,
        width: int,
        height: int,
        wanted: Collection[int] | None = None,
    ) -> NDArray[Any]:
        """See `slideviewer.slide.slide.Slide.read_channels`."""
        if not self._layout.labels:
            raise ValueError(f"{self.path} is a slide in colours and has no channels")
        return self._read(level, x_level, y_level, width, height, wanted)[0]

    def associated_image(self, name: str) -> Pixels:
        """See `slideviewer.slide.slide.Slide.associated_image`."""
        return read_tiff_page(self.path, self._layout.associated[name])

    def thumbnail(self, longest_side: int) -> Pixels:
        """See `slideviewer.slide.slide.Slide.thumbnail`; damaged parts stay white."""
        return read_reduced(self, *size_within(self, longest_side)).pixels

    def close(self) -> None:
        """See `slideviewer.slide.slide.Slide.close`; reads under way still end well."""
        self._file.close()
        self._cache = DecodedTiles(CACHE_BYTES)
        self._shrinking = [None] * len(self._levels)

    def _read(
        self,
        level: int,
        x_level: int,
        y_level: int,
        width: int,
        height: int,
        wanted: Collection[int] | None = None,
    ) -> tuple[NDArray[Any], tuple[slice, slice]]:
        """Read the samples of a region, and tell which part of it lies within the level.

        Of channels stored apart those not wanted stay 0, for they take time to decode.
        """
        at = self.pyramid.check_region(level, width, height)
        sources = self._levels[level]
        tiles = sources[0].tiles
        if len(sources) > 1:
            # Each channel lies together in memory, as it is written here and mixed later.
            region = np.moveaxis(self._blank(len(sources), height, width), 0, -1)
        else:
            region = self._blank(height, width, tiles.samples)
        inside = slice(0, 0), slice(0, 0)

        def reader(number: int) -> Callable[[int, int], NDArray[Any]]:
            return lambda column, row: self._tile(level, number, column, row)

        for number, source in enumerate(sources):
            if wanted is not None and len(sources) > 1 and number not in wanted:
                continue
            part = region if len(sources) == 1 else region[..., number : number + 1]
            inside = lay_tiles(
                part,
                (x_level, y_level),
                (at.width, at.height),
                (source.tiles.tile_width, source.tiles.tile_height),
                reader(number),
            )
        return region, inside

    def _tile(self, level: int, number: int, column: int, row: int) -> NDArray[Any]:
        source = self._levels[level][number]

        def decode() -> NDArray[Any]:
            try:
                tile = source.tiles.read_tile(column, row, source.plane)
            except DamagedTile as error:
                raise SlideError(
                    f"Level {level}: {error.problem}", path=self.path, remedy=error.remedy
                ) from error
            if tile is None:
                tiles = source.tiles
                return self._blank(tiles.tile_height, tiles.tile_width, tiles.samples)
            return ~tile if self._is_inverted else tile

        return self._cache.get((level, number, column, row), decode)

    def _blank(self, *shape: int) -> NDArray[Any]:
        """Make an empty part: 0 in channels, white in colours."""
        dtype = self._levels[0][0].tiles.dtype
        # Zeros take neither time nor memory until they are written to.
        return np.zeros(shape, dtype) if self._layout.labels else np.full(shape, 255, dtype)

    def _sampled(self) -> NDArray[Any]:
        """Read tiles spread evenly over the coarsest level: (pixels, channels)."""
        level = len(self.pyramid.levels) - 1
        at = self.pyramid.levels[level]
        keys = self.pyramid.tiles_in(self.pyramid.extent, level)
        keys.sort()
        spread = keys[:: max(1, -(-len(keys) // _SAMPLED_TILES))]
        step = max(1, round((at.width * at.height / len(keys) * len(spread) / 2**20) ** 0.5))
        sampled = [np.zeros((0, self._samples), self._levels[0][0].tiles.dtype)]
        for key in spread:
            try:
                pixels = self._read(level, *self.pyramid.tile_box_level(key))[0]
            except SlideError as error:
                _log.warning("not counted in the range of the channels: %s", error)
                continue
            sampled.append(pixels[::step, ::step].reshape(-1, self._samples))
        return np.concatenate(sampled)


def _is_colour(layout: Layout, planes: Sequence[StoredTiles]) -> bool:
    """Whether a level is stored as nothing but red, green and blue of 8 bits."""
    tiles = planes[0]
    return (
        not layout.labels
        and (len(planes), tiles.planes, tiles.samples) == (1, 1, 3)
        and tiles.dtype == np.uint8
        and tiles.format.photometric in (RGB, YCBCR)
    )
