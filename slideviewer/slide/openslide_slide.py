"""Slides that OpenSlide reads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from ctypes import POINTER, c_uint32
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn, TypeVar

import numpy as np
from openslide import OpenSlideError, lowlevel

from slideviewer.errors import SlideError
from slideviewer.geometry import Rect
from slideviewer.slide.channels import Channel
from slideviewer.slide.colour import WHITE, rgb_from_any, rgb_from_premultiplied
from slideviewer.slide.open_file import FileGone
from slideviewer.slide.pyramid import Level, Pyramid, handy_tile_size
from slideviewer.slide.reducing import read_reduced, size_within
from slideviewer.slide.slide import Pixels, Spacing, UnknownSpacing
from slideviewer.slide.spacing import spacing_from
from slideviewer.slide.stored_levels import StoredLevels
from slideviewer.slide.stored_tiles import DamagedTile

CACHE_BYTES = 128 * 2**20
"""Decoded tiles kept for each open slide: about one row of a slide 100,000 pixels wide, so that
a grid that does not fit the stored tiles decodes them once. OpenSlide's own default is 32 MiB."""

SPARE_CACHE_BYTES = 2**20
"""What OpenSlide keeps where it is asked only for tiles that could not be decoded otherwise."""

MAX_STORED_TILE_PX = 2**28
"""Stored tiles are decoded whole, 4 bytes a pixel: a damaged file that claims larger ones would
make OpenSlide end the program for want of memory."""

_Result = TypeVar("_Result")


class OpenSlideSlide:
    """A slide in one of OpenSlide's formats; see `slideviewer.slide.slide.Slide`.

    Where a level is stored as plain tiles in a TIFF file, they are decoded from there, which is
    much faster (see `slideviewer.slide.stored_levels`). OpenSlide reads the other levels, and has
    the last word on tiles that may be whole though they cannot be decoded so.

    OpenSlide gives up a handle for good after its first error. So a read that fails is tried once
    more on a fresh handle of its own: a bad tile spoils neither later reads nor those of other
    threads.

    Attributes
    ----------
    background : tuple of int
        Red, green and blue of what was never scanned; white where the file does not say.
    stored : StoredLevels
        The levels that are decoded from their stored tiles.

    Raises
    ------
    SlideError
        Where OpenSlide cannot open the file.
    """

    channels: tuple[Channel, ...] = ()

    def __init__(self, path: Path, vendor: str) -> None:
        self.path = path
        self.vendor = vendor
        self._lock = threading.Lock()
        self._closed = False
        self._cache = lowlevel.cache_create(SPARE_CACHE_BYTES)
        try:
            # Handles are never closed by hand: another thread may be reading. The last one to
            # let go of a handle closes it.
            handle = self._opened()
            self._handle: lowlevel._OpenSlide | None = handle
            sizes = [
                lowlevel.get_level_dimensions(handle, i)
                for i in range(lowlevel.get_level_count(handle))
            ]
            downsamples = [lowlevel.get_level_downsample(handle, i) for i in range(len(sizes))]
            self.properties: Mapping[str, str] = MappingProxyType(
                {
                    name: lowlevel.get_property_value(handle, name)
                    for name in lowlevel.get_property_names(handle)
                }
            )
            self.associated_names = tuple(lowlevel.get_associated_image_names(handle))
        except OpenSlideError as error:
            raise SlideError(
                f"This {vendor} slide cannot be opened: {error}.",
                path=path,
                remedy="Copy it again from its source, or export it as a tiled TIFF.",
            ) from error
        _refuse_vast_tiles(path, self.properties, len(sizes))
        levels = tuple(
            Level(width, height, max(1.0, downsample))
            for (width, height), downsample in zip(sizes, downsamples, strict=True)
        )
        self.pyramid = Pyramid(levels, handy_tile_size(*_stored_tile(self.properties, 0)))
        self.spacing: Spacing | UnknownSpacing = spacing_from(self.properties, vendor)
        self.bounds = _bounds(self.properties, self.pyramid.extent)
        self.background = _background(self.properties)
        self.stored = StoredLevels(path, vendor, levels, CACHE_BYTES, self.background)
        if not self.stored.are_complete:
            self._cache = lowlevel.cache_create(CACHE_BYTES)
            lowlevel.set_cache(handle, self._cache)

    def read_region(
        self, level: int, x_level: int, y_level: int, width: int, height: int
    ) -> Pixels:
        """See `slideviewer.slide.slide.Slide.read_region`.

        From stored tiles come exactly the level's own pixels. OpenSlide instead counts in level-0
        pixels: where a level is not a whole number of times smaller, it can only start close to
        the place asked for, and blends neighbouring pixels.
        """
        downsample = self.pyramid.check_region(level, width, height).downsample
        x, y = round(x_level * downsample), round(y_level * downsample)
        place = f"Level {level} at x {x}, y {y}"
        stored = self.stored[level]
        if stored is not None:
            try:
                return stored.read_region(x_level, y_level, width, height)
            except DamagedTile as damage:
                # Unless tiles of this kind are certainly known, OpenSlide has the last word.
                if damage.is_certain and stored.is_proven:
                    raise self._damage(place, damage.reason) from damage

        def read(handle: lowlevel._OpenSlide) -> Pixels:
            bgra = np.zeros((height, width, 4), np.uint8)
            words = bgra.ctypes.data_as(POINTER(c_uint32))
            # The raw call spares a picture object, a division by alpha and two copies.
            lowlevel._read_region(handle, words, x, y, level, width, height)
            return rgb_from_premultiplied(bgra, self.background)

        if width == 0 or height == 0:
            return np.empty((height, width, 3), np.uint8)
        return self._read(read, place)

    def read_shrunk(
        self, level: int, factor: int, x_shrunk: int, y_shrunk: int, width: int, height: int
    ) -> Pixels | None:
        """See `slideviewer.slide.shrunk_reading.ShrinksWhileDecoding`."""
        stored = self.stored[level]
        if stored is None or not stored.shrinks(factor):
            return None
        try:
            return stored.read_shrunk(factor, x_shrunk, y_shrunk, width, height)
        except DamagedTile:
            return None  # reading it whole tells whether it is

    def read_channels(
        self,
        level: int,
        x_level: int,
        y_level: int,
        width: int,
        height: int,
        wanted: Collection[int] | None = None,
    ) -> NoReturn:
        """See `slideviewer.slide.slide.Slide.read_channels`; there are none."""
        raise ValueError(f"a slide in the format {self.vendor} has no channels")

    def associated_image(self, name: str) -> Pixels:
        """See `slideviewer.slide.slide.Slide.associated_image`."""
        if name not in self.associated_names:
            raise KeyError(name)
        return self._read(
            lambda handle: rgb_from_any(np.asarray(lowlevel.read_associated_image(handle, name))),
            f"The picture '{name}'",
        )

    def thumbnail(self, longest_side: int) -> Pixels:
        """See `slideviewer.slide.slide.Slide.thumbnail`; damaged parts stay white."""
        return read_reduced(self, *size_within(self, longest_side)).pixels

    @property
    def icc_profile(self) -> bytes | None:
        """The colour profile of level 0, or None where there is none."""
        return self._read(lowlevel.read_icc_profile, "The colour profile")

    def close(self) -> None:
        """See `slideviewer.slide.slide.Slide.close`; reads under way still end well."""
        # Without the lock: a read that hangs, as on a lost network, may hold it for long.
        self._closed = True
        self._handle = None
        self.stored.close()

    def _opened(self) -> lowlevel._OpenSlide:
        handle = lowlevel.open(self.path)
        lowlevel.set_cache(handle, self._cache)
        return handle

    def _read(self, read: Callable[[lowlevel._OpenSlide], _Result], what: str) -> _Result:
        handle = self._handle
        if handle is not None:
            try:
                return read(handle)
            except OpenSlideError:
                pass  # Perhaps another thread's bad tile spoilt the handle: try again below.
        with self._lock:
            if self._closed:
                raise FileGone("The slide was closed.", path=self.path)
            try:
                fresh = self._opened()
                result = read(fresh)
            except OpenSlideError as error:
                if self._handle is handle:
                    self._handle = None
                raise self._damage(what, str(error)) from error
            if self._handle is handle and not self._closed:
                self._handle = fresh
            return result

    def _damage(self, what: str, reason: str) -> SlideError:
        return SlideError(
            f"{what} cannot be read: {reason}.",
            path=self.path,
            remedy="The file is damaged there; the rest may still be read.",
        )


def _refuse_vast_tiles(path: Path, properties: Mapping[str, str], levels: int) -> None:
    for level in range(levels):
        width, height = _stored_tile(properties, level)
        if width * height > MAX_STORED_TILE_PX:
            raise SlideError(
                f"Its level {level} claims tiles of {width} x {height} pixels.",
                path=path,
                remedy="The file is probably damaged: copy it again from its source.",
            )


def _stored_tile(properties: Mapping[str, str], level: int) -> tuple[int, int]:
    """Width and height of a level's stored tiles; 0 and 0 where OpenSlide does not say."""
    width, height = (
        int(properties.get(f"openslide.level[{level}].tile-{side}", "0"))
        for side in ("width", "height")
    )
    return width, height


def _bounds(properties: Mapping[str, str], extent: Rect) -> Rect:
    """Cut the stated part at the slide's border; take all of it where that is nonsense."""
    try:
        x, y, width, height = (
            int(properties[f"openslide.bounds-{side}"]) for side in ("x", "y", "width", "height")
        )
        stated = Rect(x, y, width, height).intersection(extent)
    except (KeyError, ValueError):
        return extent
    return extent if stated.is_empty else stated


def _background(properties: Mapping[str, str]) -> tuple[int, int, int]:
    try:
        red, green, blue = bytes.fromhex(properties["openslide.background-color"])
    except (KeyError, ValueError):
        return WHITE
    return red, green, blue
