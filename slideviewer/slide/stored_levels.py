"""Levels of a slide read straight from the tiles that its TIFF file stores.

OpenSlide decodes a tile, paints it through a drawing library into another kind of pixel, and hands
over a copy that has to be turned into RGB. Decoding the tile alone is five to eight times faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from slideviewer.errors import SlideError
from slideviewer.slide.decoded_tiles import DecodedTiles
from slideviewer.slide.level_pages import PLAIN_VENDORS, tiles_of_levels
from slideviewer.slide.mosaic import lay_tiles
from slideviewer.slide.open_file import OpenFile
from slideviewer.slide.pyramid import Level
from slideviewer.slide.shrinking import averaged
from slideviewer.slide.slide import Pixels
from slideviewer.slide.stored_tiles import StoredTiles


class StoredLevel:
    """One level of a slide, read from its stored tiles. Safe to read from several threads.

    Parameters
    ----------
    tiles : StoredTiles
        8-bit RGB or grey.
    kept : DecodedTiles
        Shared by the levels of one slide.
    background : tuple of int
        Red, green and blue of what lies beyond the border or is not stored.

    Attributes
    ----------
    is_proven : bool
        Whether a tile was decoded already, so that its kind is certainly known.
    """

    def __init__(
        self, tiles: StoredTiles, kept: DecodedTiles, background: tuple[int, int, int]
    ) -> None:
        self._tiles = tiles
        self._kept = kept
        self._background = background
        self.is_proven = False
        self._nothing = np.full((tiles.tile_height, tiles.tile_width, 3), background, np.uint8)
        self._nothing.flags.writeable = False

    def read_region(self, x_level: int, y_level: int, width: int, height: int) -> Pixels:
        """Read part of the level, to the pixel.

        Whole stored tiles are decoded and handed over, and not kept: whoever asks for tiles
        keeps them himself. Of anything else the tiles are kept for the neighbours.

        Parameters
        ----------
        x_level, y_level, width, height : int

        Returns
        -------
        ndarray (height, width, 3), uint8, RGB

        Raises
        ------
        DamagedTile
        SlideError
            Where the file was changed since it was opened, was closed, or cannot be read.
        """
        tiles = self._tiles
        column, x_tile = divmod(x_level, tiles.tile_width)
        row, y_tile = divmod(y_level, tiles.tile_height)
        if (
            not (x_tile or y_tile)
            and 0 <= column < tiles.columns
            and 0 <= row < tiles.rows
            and width == min(tiles.tile_width, tiles.width - x_level)
            and height == min(tiles.tile_height, tiles.height - y_level)
        ):
            return self._one_tile(column, row, width, height)
        region = np.empty((height, width, 3), np.uint8)
        takes_whole_tiles = _ends_with_tiles(
            x_level, width, tiles.tile_width, tiles.width
        ) and _ends_with_tiles(y_level, height, tiles.tile_height, tiles.height)
        inside = lay_tiles(
            region,
            (x_level, y_level),
            (tiles.width, tiles.height),
            (tiles.tile_width, tiles.tile_height),
            self._passing_tile if takes_whole_tiles else self._shared_tile,
        )
        _fill_around(region, inside, self._background)
        return region

    def shrinks(self, factor: int) -> bool:
        """Tell whether `read_shrunk` takes a factor."""
        return factor in self._tiles.shrink_factors

    def read_shrunk(
        self, factor: int, x_shrunk: int, y_shrunk: int, width: int, height: int
    ) -> Pixels:
        """Read part of the level made smaller as its tiles are decoded.

        Parameters
        ----------
        factor : int
            One that `shrinks`.
        x_shrunk, y_shrunk, width, height : int
            In pixels of the smaller picture.

        Returns
        -------
        ndarray (height, width, 3), uint8, RGB
            Nearly the mean of squares of pixels, as `shrinking_decoder_for` has it.

        Raises
        ------
        DamagedTile, SlideError
            As in `read_region`.
        """
        tiles = self._tiles
        tile_width, tile_height = tiles.tile_width // factor, tiles.tile_height // factor
        level_width, level_height = -(-tiles.width // factor), -(-tiles.height // factor)
        # As in `read_region`, whole tiles are not kept.
        is_kept = not (
            _ends_with_tiles(x_shrunk, width, tile_width, level_width)
            and _ends_with_tiles(y_shrunk, height, tile_height, level_height)
        )
        region = np.empty((height, width, 3), np.uint8)
        inside = lay_tiles(
            region,
            (x_shrunk, y_shrunk),
            (level_width, level_height),
            (tile_width, tile_height),
            lambda column, row: self._shrunk_tile(column, row, factor, is_kept),
        )
        _fill_around(region, inside, self._background)
        return region

    def _shrunk_tile(self, column: int, row: int, factor: int, is_kept: bool) -> Pixels:
        if not self._tiles.is_stored(column, row):
            return self._nothing
        if not is_kept:
            return self._read_shrunk_tile(column, row, factor)
        return self._kept.get(
            (self, column, row, factor), lambda: self._read_shrunk_tile(column, row, factor)
        )

    def _read_shrunk_tile(self, column: int, row: int, factor: int) -> Pixels:
        tiles = self._tiles
        width = tiles.width - column * tiles.tile_width
        height = tiles.height - row * tiles.tile_height
        if width < tiles.tile_width or height < tiles.tile_height:
            # What is stored beyond the border would be mixed into the last pixels.
            whole = self._read_tile(column, row)[:height, :width]
            return np.asarray(averaged(whole, factor), np.uint8)
        return self._read_tile(column, row, factor)

    def _one_tile(self, column: int, row: int, width: int, height: int) -> Pixels:
        kept = self._kept.peek((self, column, row))
        tile = self._read_tile(column, row) if kept is None else kept.copy()
        if tile.shape[2] == 1:
            tile = np.asarray(cv2.cvtColor(tile, cv2.COLOR_GRAY2RGB), np.uint8)
        return np.ascontiguousarray(tile[:height, :width])

    def _passing_tile(self, column: int, row: int) -> Pixels:
        kept = self._kept.peek((self, column, row))
        if kept is not None:
            return kept
        return self._read_tile(column, row) if self._tiles.is_stored(column, row) else self._nothing

    def _shared_tile(self, column: int, row: int) -> Pixels:
        """Give (height, width, 3) or, of grey levels, (height, width, 1)."""
        if not self._tiles.is_stored(column, row):
            return self._nothing
        return self._kept.get((self, column, row), lambda: self._read_tile(column, row))

    def _read_tile(self, column: int, row: int, factor: int = 1) -> Pixels:
        tile = self._tiles.read_tile(column, row, factor=factor)
        if tile is None:
            return self._nothing.copy()
        self.is_proven = True
        return tile


def _ends_with_tiles(start: int, length: int, tile: int, whole: int) -> bool:
    """Whether an interval begins and ends where tiles do, or beyond the last one."""
    return not start % tile and (not length % tile or start + length >= whole)


def _fill_around(region: Pixels, inside: tuple[slice, slice], colour: tuple[int, int, int]) -> None:
    rows, columns = inside
    region[: rows.start] = colour
    region[rows.stop :] = colour
    region[rows, : columns.start] = colour
    region[rows, columns.stop :] = colour


class StoredLevels:
    """Those levels of a slide that can be read from their stored tiles.

    A level is read so only where its pixels are known to be those that OpenSlide would give.

    Parameters
    ----------
    path : Path
    vendor : str
        OpenSlide's name of the format; of others than `PLAIN_VENDORS` no level is read so.
    levels : sequence of Level
        As OpenSlide has them; the file's pages must fit.
    max_bytes : int
        Of decoded tiles to keep.
    background : tuple of int
        Red, green and blue of what is not stored.
    """

    def __init__(
        self,
        path: Path,
        vendor: str,
        levels: Sequence[Level],
        max_bytes: int,
        background: tuple[int, int, int],
    ) -> None:
        self._file: OpenFile | None = None
        self._levels: tuple[StoredLevel | None, ...] = (None,) * len(levels)
        if vendor not in PLAIN_VENDORS:
            return
        try:
            file = OpenFile(path)
        except SlideError:
            return
        kept = DecodedTiles(max_bytes)
        self._levels = tuple(
            None if tiles is None else StoredLevel(tiles, kept, background)
            for tiles in tiles_of_levels(file, vendor, levels)
        )
        if any(self._levels):
            self._file = file
        else:
            file.close()

    @property
    def are_complete(self) -> bool:
        """Whether every level can be read so."""
        return None not in self._levels

    def __getitem__(self, level: int) -> StoredLevel | None:
        """One level; None where it cannot be read so."""
        return self._levels[level]

    def close(self) -> None:
        """Let go of the file and of the tiles; reads under way still end well."""
        self._levels = (None,) * len(self._levels)
        if self._file is not None:
            self._file.close()
