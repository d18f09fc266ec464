"""The tiles of one page of a TIFF file, read and decoded one by one."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tifffile
from numpy.typing import NDArray

from slideviewer.errors import SlideError
from slideviewer.slide.open_file import OpenFile
from slideviewer.slide.tile_decoding import (
    SHRINK_FACTORS,
    TileDamage,
    TileFormat,
    UnknownTiles,
    decoder_for,
    shrinking_decoder_for,
)

_PLANES_APART = 2
"""PlanarConfiguration (tag 284) of pages that store each sample in tiles of its own."""


class DamagedTile(SlideError):
    """One stored tile of a file cannot be decoded.

    Attributes
    ----------
    reason : str
        Why, as the end of a sentence that begins with the tile's place.
    is_certain : bool
        False where another decoder may rightly take it.
    """

    def __init__(self, column: int, row: int, damage: TileDamage, path: Path) -> None:
        self.reason = str(damage)
        self.is_certain = damage.is_certain
        super().__init__(
            f"The stored tile at column {column}, row {row} cannot be read: {damage}.",
            path=path,
            remedy="The file is damaged there; the rest may still be read.",
        )


class StoredTiles:
    """The stored tiles of one page. Safe to read from several threads at once.

    Nothing is kept of what was read. The page itself is not needed after this.

    Parameters
    ----------
    file : OpenFile
        The file that the page was found in; closing it is its owner's business.
    page : tifffile.TiffPage
        A tiled page, of any number of samples, of unsigned, signed or floating values.

    Attributes
    ----------
    width, height : int
        Of the page in pixels.
    tile_width, tile_height : int
        Of every tile in pixels.
    columns, rows : int
        How many tiles there are across and down.
    samples : int
        Values per pixel in one tile: all of the page's, or 1 where it has several planes.
    planes : int
        How many planes are stored apart; 1 where all samples of a pixel lie together.
    dtype : numpy dtype
        Of the decoded values.
    format : TileFormat
    shrink_factors : tuple of int
        By which `read_tile` can make tiles smaller.

    Raises
    ------
    UnknownTiles
        Where the page has no tiles, or of a kind that cannot be decoded here, or its list of
        tiles does not fit its size.
    """

    def __init__(self, file: OpenFile, page: tifffile.TiffPage) -> None:
        self.file = file
        self.format = _format_of(page)
        self.width, self.height = int(page.imagewidth), int(page.imagelength)
        self.tile_width, self.tile_height = self.format.width, self.format.height
        self.columns = -(-self.width // self.tile_width)
        self.rows = -(-self.height // self.tile_height)
        self.samples = self.format.samples
        self.planes = int(page.samplesperpixel) // self.samples
        self.dtype = self.format.dtype.newbyteorder("=")
        self._decoders = {1: decoder_for(self.format)}
        for factor in SHRINK_FACTORS:
            decoder = shrinking_decoder_for(self.format, factor)
            if decoder is not None:
                self._decoders[factor] = decoder
        self.shrink_factors = tuple(self._decoders)[1:]
        count = self.columns * self.rows * self.planes
        self._offsets = _numbers(page.dataoffsets, count)
        self._lengths = _numbers(page.databytecounts, count)

    def read_tile(
        self, column: int, row: int, plane: int = 0, factor: int = 1
    ) -> NDArray[Any] | None:
        """Read and decode one tile.

        Parameters
        ----------
        column, row : int
            Counted in tiles from the top left.
        plane : int
            Which of the `planes`.
        factor : int
            1, or one of `shrink_factors`: how many times smaller than stored.

        Returns
        -------
        ndarray (tile_height / factor, tile_width / factor, samples) of `dtype`, or None
            A new array in one piece, the caller's to keep; also what the file holds of it beyond
            the page's border. None where the file stores nothing for this tile.

        Raises
        ------
        DamagedTile
            Where the file is damaged there.
        SlideError
            Where the file was changed since it was opened, was closed, or cannot be read.
        IndexError
            Where the page has no such tile.
        """
        index = self._index(column, row, plane)
        length = self._lengths[index]
        if not length:
            return None
        offset = self._offsets[index]
        data = self.file.read_at(offset, length)
        try:
            if len(data) < length:
                raise TileDamage("the file ends before it")
            return self._decoders[factor](data)
        except TileDamage as damage:
            self.file.check_unchanged()
            raise DamagedTile(column, row, damage, self.file.path) from damage

    def is_stored(self, column: int, row: int, plane: int = 0) -> bool:
        """Tell whether the file holds anything for a tile; IndexError where there is none."""
        return bool(self._lengths[self._index(column, row, plane)])

    def all_stored(self) -> bool:
        """Tell whether the file holds something for every tile."""
        return 0 not in self._lengths

    def _index(self, column: int, row: int, plane: int) -> int:
        if not (0 <= column < self.columns and 0 <= row < self.rows and 0 <= plane < self.planes):
            raise IndexError(f"there is no tile at column {column}, row {row}, plane {plane}")
        return (plane * self.rows + row) * self.columns + column


def _format_of(page: tifffile.TiffPage) -> TileFormat:
    if not page.is_tiled or page.imagedepth != 1 or page.tiledepth != 1:
        raise UnknownTiles("it is not stored in tiles")
    dtype = page.dtype
    if dtype is None or dtype.kind not in "uif" or page.bitspersample != dtype.itemsize * 8:
        raise UnknownTiles(f"its samples have {page.bitspersample} bits")
    if page.fillorder != 1:
        raise UnknownTiles("its bits are stored in reverse")
    apart = page.planarconfig == _PLANES_APART
    return TileFormat(
        int(page.tilewidth),
        int(page.tilelength),
        1 if apart else int(page.samplesperpixel),
        dtype.newbyteorder(page.parent.byteorder),
        int(page.compression),
        int(page.photometric),
        int(page.predictor),
        bytes(page.jpegtables or b""),
    )


def _numbers(values: Sequence[int], count: int) -> array[int]:
    """Keep a list of places or lengths in a quarter of the memory."""
    try:
        numbers = array("Q", values)
    except (TypeError, OverflowError) as error:
        raise UnknownTiles("its list of tiles holds no proper numbers") from error
    if len(numbers) != count:
        raise UnknownTiles(f"it lists {len(numbers)} tiles where {count} are due")
    return numbers
