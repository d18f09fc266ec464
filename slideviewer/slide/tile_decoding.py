"""From the bytes of one stored tile to its pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from slideviewer.slide.jpeg_2000 import jpeg_2000_shape

Decode = Callable[[bytes], NDArray[Any]]
"""Turns a stored tile into an array (height, width, samples); raises `TileDamage`."""

MAX_TILE_BYTES = 2**30
"""Tiles are decoded whole: a damaged file that claims larger ones would take all memory."""

MINISWHITE, MINISBLACK, RGB, PALETTE, YCBCR = 0, 1, 2, 3, 6
"""TIFF's numbers for colours (tag 262)."""

_UNCOMPRESSED, _JPEG, _WEBP = 1, 7, 50001
_JPEG_2000 = (33004, 33005, 34712)
_APERIO_YCBCR = 33003
"""JPEG 2000 too, but its colour is stored at half the width. The decoder would enlarge and
convert that by rules other than OpenSlide's, so only one-sample tiles of this kind are known."""

_PLAIN: dict[int, Callable[..., Any]] = {
    5: imagecodecs.lzw_decode,
    8: imagecodecs.deflate_decode,
    32773: imagecodecs.packbits_decode,
    32946: imagecodecs.deflate_decode,
    50000: imagecodecs.zstd_decode,
}
"""TIFF's compressions of plain bytes, by number. All of them stop where ``out`` is full."""

_FLOATING = 3
_PREDICTORS: dict[int, Callable[..., Any]] = {
    2: imagecodecs.delta_decode,
    _FLOATING: imagecodecs.floatpred_decode,
}
"""How values are told from their neighbours to the left (tag 317)."""

SHRINK_FACTORS = (8, 4, 2)
"""By which `shrinking_decoder_for` may make the sides of tiles smaller."""

_ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
"""The JPEG marker that states the colours, but for its last byte: 0 for RGB, 1 for YCbCr
(Adobe technical note 5116, "Supporting the DCT filters in PostScript level 2", 1992)."""

_SURPLUS = "extraneous bytes before marker 0xd9"
"""What libjpeg says of bytes left over at the end: damage before, or an encoder that pads."""

_DAMAGE = (RuntimeError, ValueError, MemoryError, OverflowError)
"""What the decoders raise; imagecodecs' own errors are runtime errors."""


class TileDamage(Exception):
    """A tile's bytes cannot be decoded; the words are a reason, such as "it is cut off".

    Attributes
    ----------
    is_certain : bool
        False where the pixels may be right all the same.
    """

    def __init__(self, reason: str, is_certain: bool = True) -> None:
        self.is_certain = is_certain
        super().__init__(reason)


class UnknownTiles(Exception):
    """Tiles of a kind that is not known here; the words are a reason."""


@dataclass(frozen=True)
class TileFormat:
    """How all tiles of a page are stored.

    Attributes
    ----------
    width, height : int
        Of every tile in pixels; also of those that reach beyond the border.
    samples : int
        Values per pixel that one tile holds.
    dtype : numpy dtype
        Of the values, in the file's byte order.
    compression, photometric, predictor : int
        TIFF's numbers (tags 259, 262, 317).
    jpeg_tables : bytes
        A JPEG stream with the tables that the tiles' own streams leave out; may be empty.
    """

    width: int
    height: int
    samples: int
    dtype: np.dtype[Any]
    compression: int
    photometric: int
    predictor: int = 1
    jpeg_tables: bytes = b""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of a decoded tile: (height, width, samples)."""
        return self.height, self.width, self.samples

    @property
    def decoded_bytes(self) -> int:
        """The size of a decoded tile."""
        return self.height * self.width * self.samples * self.dtype.itemsize


def decoder_for(tiles: TileFormat) -> Decode:
    """Choose the decoder for tiles stored in one way.

    A decoder gives up the interpreter's lock while it works, takes no more memory than a tile
    of the stated size needs, and is strict: what a JPEG library only warns of is damage here.
    JPEG tiles of three samples come out as RGB whatever they are stored as, all else as it is
    stored, in the machine's byte order.

    Raises
    ------
    UnknownTiles
    """
    if not 0 < tiles.decoded_bytes <= MAX_TILE_BYTES:
        raise UnknownTiles(f"its tiles claim {tiles.width} x {tiles.height} pixels")
    if tiles.compression == _JPEG:
        return _jpeg(tiles)
    if tiles.photometric == YCBCR and tiles.samples > 1:
        raise UnknownTiles("its colours are stored as YCbCr, and not by JPEG")
    if tiles.compression in _PLAIN or tiles.compression == _UNCOMPRESSED:
        return _plain(tiles)
    if tiles.predictor != 1:
        raise UnknownTiles(f"it has the predictor {tiles.predictor} where none is expected")
    if tiles.compression == _WEBP:
        return _webp(tiles)
    if tiles.compression in _JPEG_2000 or (
        tiles.compression == _APERIO_YCBCR and tiles.samples == 1
    ):
        return _jpeg_2000(tiles)
    raise UnknownTiles(f"its compression {tiles.compression} is not known")


def shrinking_decoder_for(tiles: TileFormat, factor: int) -> Decode | None:
    """Choose a decoder that gives tiles at a fraction of their sides, faster than at their full.

    The JPEG decoder computes fewer pixels from each block's lowest frequencies (libjpeg-turbo's
    reduced inverse DCT). That is nearly the mean of the squares of pixels: for halves of stained
    tissue 0.6 grey levels apart on average, 3 at the 99th percentile, 19 at most, at the sharpest
    edges; the bundled model's probabilities 0.0006 on average, 0.008 at most (572 Camelyon16
    patches, quality 80, 4:2:0).

    Parameters
    ----------
    tiles : TileFormat
        One that `decoder_for` knows.
    factor : int
        One of `SHRINK_FACTORS`.

    Returns
    -------
    callable or None
        Gives (height / factor, width / factor, samples), as strict as the decoder of whole tiles.
        None where there is none for such tiles.
    """
    fits = tiles.width % factor == 0 and tiles.height % factor == 0
    return _jpeg(tiles, factor) if tiles.compression == _JPEG and fits else None


def _jpeg(tiles: TileFormat, factor: int = 1) -> Decode:
    if tiles.dtype != np.uint8 or tiles.samples not in (1, 3):
        raise UnknownTiles(f"its JPEG tiles have {tiles.samples} samples of {tiles.dtype.name}")
    if tiles.samples == 3 and tiles.photometric not in (RGB, YCBCR):
        raise UnknownTiles(f"its JPEG tiles have colours of kind {tiles.photometric}")
    colours = "GRAY" if tiles.samples == 1 else "RGB"
    shape = tiles.height // factor, tiles.width // factor, tiles.samples
    how = {"min_height": shape[0], "min_width": shape[1], "min_factor": factor}
    how = how if factor > 1 else {}
    # The tables' stream without its end, then the colours that the TIFF states: Aperio's RGB
    # tiles do not say so themselves, and would be taken for YCbCr.
    head = tiles.jpeg_tables[:-2] or b"\xff\xd8"
    if tiles.samples == 3:
        head += _ADOBE + (b"\x01" if tiles.photometric == YCBCR else b"\x00")

    def decode(data: bytes) -> NDArray[Any]:
        stream = head + _without_application_segments(data)
        try:
            # Of a picture of another size the decoder would take another fraction.
            if factor > 1 and simplejpeg.decode_jpeg_header(stream)[:2] != tiles.shape[:2]:
                raise TileDamage("its JPEG has another size than its tile")
            # A buffer of the right size refuses larger pictures before they are decoded.
            buffer = np.empty(shape, np.uint8)
            pixels = simplejpeg.decode_jpeg(stream, colours, buffer=buffer, strict=True, **how)
        except _DAMAGE as error:
            is_certain = _SURPLUS not in str(error)
            raise TileDamage(f"its JPEG is damaged ({error})", is_certain) from error
        return _of_shape(pixels, shape)

    return decode


def _without_application_segments(data: bytes) -> bytes:
    """Leave out a JPEG stream's start and what it says itself of its colours.

    The TIFF is right where the two disagree, as OpenSlide has it.
    """
    if data[:2] != b"\xff\xd8":
        raise TileDamage("it does not begin as JPEG does")
    place = 2
    while 0xFFE0 <= int.from_bytes(data[place : place + 2], "big") <= 0xFFEF:
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return data[place:]


def _plain(tiles: TileFormat) -> Decode:
    unpack = _PLAIN.get(tiles.compression)
    undo = _PREDICTORS.get(tiles.predictor)
    if undo is None and tiles.predictor != 1:
        raise UnknownTiles(f"its predictor {tiles.predictor} is not known")
    if (tiles.predictor == _FLOATING) != (tiles.dtype.kind == "f") and undo is not None:
        raise UnknownTiles(f"its predictor {tiles.predictor} does not fit {tiles.dtype.name}")
    size, shape, dtype = tiles.decoded_bytes, tiles.shape, tiles.dtype
    native = dtype.newbyteorder("=")

    def decode(data: bytes) -> NDArray[Any]:
        try:
            values = np.empty(size, np.uint8)
            if unpack is not None:
                values = unpack(data, out=values)
            elif len(data) >= size:
                values[:] = np.frombuffer(data, np.uint8, size)
            else:
                raise TileDamage(f"it holds {len(data)} bytes where {size} are due")
            if values.size != size:
                raise TileDamage(f"it unpacks to {values.size} bytes where {size} are due")
            pixels = values.view(dtype).reshape(shape)
            if undo is not None:
                pixels = undo(pixels, axis=-2, out=None if dtype.kind == "f" else pixels)
        except _DAMAGE as error:
            raise TileDamage(f"its compressed bytes are damaged ({error})") from error
        return pixels.astype(native, copy=False)

    return decode


def _webp(tiles: TileFormat) -> Decode:
    if tiles.dtype != np.uint8 or tiles.samples not in (3, 4):
        raise UnknownTiles(f"its WebP tiles have {tiles.samples} samples of {tiles.dtype.name}")
    shape = tiles.shape

    def decode(data: bytes) -> NDArray[Any]:
        try:
            # The decoder compares the shapes first.
            return np.asarray(imagecodecs.webp_decode(data, out=np.empty(shape, np.uint8)))
        except _DAMAGE as error:
            raise TileDamage(f"its WebP is damaged ({error})") from error

    return decode


def _jpeg_2000(tiles: TileFormat) -> Decode:
    if tiles.dtype.name not in ("uint8", "uint16"):
        raise UnknownTiles(f"its JPEG 2000 tiles are {tiles.dtype.name}")
    shape, bits = tiles.shape, tiles.dtype.itemsize * 8
    native = tiles.dtype.newbyteorder("=")

    def decode(data: bytes) -> NDArray[Any]:
        if jpeg_2000_shape(data, bits) != shape:
            raise TileDamage(f"its JPEG 2000 is no picture of {shape} values")
        try:
            pixels = np.asarray(imagecodecs.jpeg2k_decode(data, numthreads=1))
        except _DAMAGE as error:
            raise TileDamage(f"its JPEG 2000 is damaged ({error})") from error
        if pixels.ndim == 2:
            pixels = pixels[..., None]
        if pixels.dtype != native:
            raise TileDamage(f"its JPEG 2000 holds {pixels.dtype.name}")
        return _of_shape(pixels, shape)

    return decode


def _of_shape(pixels: NDArray[Any], shape: tuple[int, int, int]) -> NDArray[Any]:
    if pixels.shape != shape:
        raise TileDamage(f"it holds {pixels.shape} values where {shape} are due")
    return pixels
