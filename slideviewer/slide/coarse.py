"""Coarse levels for files that have none, so that the whole of a vast flat slide can be shown."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import SlideError
from slideviewer.geometry import Rect
from slideviewer.slide.channels import Channel, automatic_looks, composite
from slideviewer.slide.decoded_tiles import DecodedTiles
from slideviewer.slide.mosaic import lay_tiles
from slideviewer.slide.open_file import FileGone
from slideviewer.slide.pyramid import Level, Pyramid, TileKey
from slideviewer.slide.reducing import read_reduced, size_within
from slideviewer.slide.shrinking import shrunk
from slideviewer.slide.slide import Pixels, Slide, Spacing, UnknownSpacing

FACTOR = 4
"""Each added level has a quarter of the sides of the one before."""

MOST_TILES = 64
"""A coarsest level of more tiles takes too long to show; one of fewer is left as it is."""

ENOUGH_TILES = 16
"""Levels are added until one has no more tiles."""

COUNTED_TILE_PX = 256
KEPT_BYTES = 32 * 2**20
"""A made level that is smaller than this as a whole is never made again."""
CACHE_BYTES = 64 * 2**20
"""What is kept of all larger made levels together."""

_log = logging.getLogger(__name__)


def with_coarse_levels(slide: Slide) -> Slide:
    """Add coarse levels to a slide whose coarsest is too large to be shown at once.

    Parameters
    ----------
    slide : Slide

    Returns
    -------
    Slide
        The slide itself where its coarsest level is handy. Else one that makes further levels by
        averaging as they are asked for: the first look at all of it decodes every tile once. For
        the screen alone: what is damaged is shown white there (0 in channels), and a model would
        not be told.
    """
    level = slide.pyramid.levels[-1]
    added = []
    if _tiles(level) > MOST_TILES:
        while _tiles(level) > ENOUGH_TILES:
            width, height = -(-level.width // FACTOR), -(-level.height // FACTOR)
            level = Level(width, height, level.downsample * FACTOR)
            added.append(level)
    return CoarseSlide(slide, tuple(added)) if added else slide


def _tiles(level: Level) -> int:
    return -(-level.width // COUNTED_TILE_PX) * -(-level.height // COUNTED_TILE_PX)


@dataclass(frozen=True)
class Damage:
    """A part of a stored level that is left blank in the levels made of it.

    Attributes
    ----------
    level : int
        The stored level that cannot be read there.
    rect : Rect
        In level-0 pixels.
    reason : str
        Why, for the user.
    """

    level: int
    rect: Rect
    reason: str


class CoarseSlide:
    """A slide with further levels made on reading; see `slideviewer.slide.slide.Slide`.

    Pixel (x, y) of an added level is the mean of the pixels from (4 x, 4 y) up to (4 x + 4,
    4 y + 4) of the level before, give or take 1; at the right and bottom border the last ones are
    repeated.
    """

    def __init__(self, slide: Slide, added: tuple[Level, ...]) -> None:
        self._slide = slide
        self._stored = len(slide.pyramid.levels)
        self.path: Path = slide.path
        self.vendor: str = slide.vendor
        self.pyramid = Pyramid(slide.pyramid.levels + added, slide.pyramid.tile_size)
        self.spacing: Spacing | UnknownSpacing = slide.spacing
        self.bounds: Rect = slide.bounds
        self.properties: Mapping[str, str] = slide.properties
        self.associated_names: tuple[str, ...] = slide.associated_names
        self.channels: tuple[Channel, ...] = slide.channels
        self._looks = automatic_looks(self.channels)
        # A tile's parts must be a whole number of pixels.
        size = slide.pyramid.tile_size
        self._tile_px = size if size % FACTOR == 0 else COUNTED_TILE_PX
        self._grid = Pyramid(self.pyramid.levels, self._tile_px)
        self._number = slide.read_channels(0, 0, 0, 0, 0).dtype if self.channels else np.uint8
        shared = DecodedTiles(CACHE_BYTES)
        self._tiles = [self._kept_of(level, shared) for level in added]
        self._damaged: dict[TileKey, str] = {}

    @property
    def icc_profile(self) -> bytes | None:
        """See `slideviewer.slide.slide.Slide`."""
        return self._slide.icc_profile

    @property
    def stored_levels(self) -> int:
        """How many levels are the slide's own; those after them are made here."""
        return self._stored

    @property
    def damage(self) -> tuple[Damage, ...]:
        """The parts found damaged so far while levels were made, and why they are."""
        return tuple(
            Damage(key.level, self._grid.tile_rect(key), reason)
            for key, reason in sorted(self._damaged.copy().items())
        )

    def forget_damage(self) -> None:
        """Make anew what was left blank, when it is next asked for: the file may be whole again."""
        damaged, self._damaged = self._damaged, {}
        for key in damaged:
            column, row = key.column, key.row
            for number, tiles in enumerate(self._tiles):
                column, row = column // FACTOR, row // FACTOR
                tiles.forget(TileKey(self._stored + number, column, row))

    def read_region(
        self, level: int, x_level: int, y_level: int, width: int, height: int
    ) -> Pixels:
        """See `slideviewer.slide.slide.Slide.read_region`; damage leaves an added one blank."""
        if level < self._stored:
            return self._slide.read_region(level, x_level, y_level, width, height)
        self.pyramid.check_region(level, width, height)
        made, inside = self._assembled(level, x_level, y_level, width, height)
        if not self.channels:
            return np.asarray(made, np.uint8)
        region = np.full((height, width, 3), 255, np.uint8)
        region[inside] = composite(made[inside], self._looks)
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
        """See `slideviewer.slide.slide.Slide.read_channels`; damage leaves an added one blank.

        An added level is made of all channels at once, so that to look at another one later does
        not take reading the whole slide again.
        """
        if level < self._stored or not self.channels:
            return self._slide.read_channels(level, x_level, y_level, width, height, wanted=wanted)
        self.pyramid.check_region(level, width, height)
        return self._assembled(level, x_level, y_level, width, height)[0]

    def associated_image(self, name: str) -> Pixels:
        """See `slideviewer.slide.slide.Slide.associated_image`."""
        return self._slide.associated_image(name)

    def thumbnail(self, longest_side: int) -> Pixels:
        """See `slideviewer.slide.slide.Slide.thumbnail`."""
        return read_reduced(self, *size_within(self, longest_side)).pixels

    def close(self) -> None:
        """See `slideviewer.slide.slide.Slide.close`."""
        self._slide.close()

    def _assembled(
        self, level: int, x_level: int, y_level: int, width: int, height: int
    ) -> tuple[NDArray[Any], tuple[slice, slice]]:
        """Lay tiles of an added level together; what lies beyond it is blank."""
        at = self.pyramid.levels[level]
        region = self._blank(height, width)
        inside = lay_tiles(
            region,
            (x_level, y_level),
            (at.width, at.height),
            (self._tile_px, self._tile_px),
            lambda column, row: self._tile(TileKey(level, column, row)),
        )
        return region, inside

    def _blank(self, height: int, width: int) -> NDArray[Any]:
        """Make an empty part: white in colours, 0 in channels."""
        if self.channels:
            return np.zeros((height, width, len(self.channels)), self._number)
        return np.full((height, width, 3), 255, np.uint8)

    def _kept_of(self, level: Level, shared: DecodedTiles) -> DecodedTiles:
        level_bytes = level.width * level.height * self._blank(1, 1).nbytes
        return DecodedTiles(level_bytes) if level_bytes <= KEPT_BYTES else shared

    def _tile(self, key: TileKey) -> NDArray[Any]:
        # A tile is made of finer ones alone, so threads never wait for each other in a ring.
        return self._tiles[key.level - self._stored].get(key, lambda: self._made(key))

    def _made(self, key: TileKey) -> NDArray[Any]:
        """Average the 4 x 4 tiles of the level before."""
        size, at = self._tile_px, self.pyramid.levels[key.level]
        x, y = key.column * size, key.row * size
        tile = self._blank(min(size, at.height - y), min(size, at.width - x))
        part = size // FACTOR
        finer_columns, finer_rows = self._grid.tile_count(key.level - 1)
        for down, across in itertools.product(range(FACTOR), repeat=2):
            finer = TileKey(key.level - 1, key.column * FACTOR + across, key.row * FACTOR + down)
            if finer.column < finer_columns and finer.row < finer_rows:
                averaged = _quartered(self._source(finer))
                tile[
                    down * part : down * part + averaged.shape[0],
                    across * part : across * part + averaged.shape[1],
                ] = averaged
        return tile

    def _source(self, key: TileKey) -> NDArray[Any]:
        """Read a tile of the level before; of a stored level white or 0 where it is damaged."""
        if key.level >= self._stored:
            return self._tile(key)
        box = self._grid.tile_box_level(key)
        read = self._slide.read_channels if self.channels else self._slide.read_region
        try:
            return read(key.level, *box)
        except FileGone:
            raise  # what the file holds there may be whole, so nothing may be made of this
        except SlideError as error:
            if key not in self._damaged:
                _log.warning("left blank: %s", error)
                self._damaged[key] = str(error)
            return self._blank(box[3], box[2])


def _quartered(pixels: NDArray[Any]) -> NDArray[Any]:
    """Average squares of 4 x 4 pixels, the last row and column repeated to fill them."""
    height, width = pixels.shape[:2]
    missing = (-height % FACTOR, -width % FACTOR)
    if any(missing):
        pixels = np.pad(pixels, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
    # OpenCV halves twice in a third of the time, and off by one at most.
    for _ in range(2):
        pixels = shrunk(pixels, pixels.shape[1] // 2, pixels.shape[0] // 2)
    return pixels
