"""A TIFF in which each encoded tile is stored once, however often it is shown.

Laid out as Aperio's scanner lays out its SVS files (Adobe, "TIFF Revision 6.0", 1992, and
"TIFF Technical Note 2", 1995, for JPEG): level 0, a thumbnail in one strip, then the other levels,
each with its JPEG tables beside the tiles. Thus a slide of ten thousand million pixels takes
seconds to write and a few megabytes, and is read like any other.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from slideviewer.slide import Pixels

TILE_SIZE = 256
JPEG_QUALITY = 80
_SHORT, _LONG, _ASCII, _UNDEFINED = 3, 4, 2, 7
_START, _END, _TABLES, _SCAN = b"\xff\xd8", b"\xff\xd9", (0xDB, 0xC4), 0xDA


@dataclass(frozen=True)
class Place:
    """Where an encoded picture lies in the file, in bytes."""

    offset: int
    length: int


def split_jpeg(data: bytes) -> tuple[bytes, bytes]:
    """Part a JPEG into its tables and an abbreviated stream without them.

    Parameters
    ----------
    data : bytes
        A whole baseline JPEG.

    Returns
    -------
    tables, picture : bytes
        Both begin and end with the marks of a JPEG stream; the picture's application segments
        are left out, since a TIFF says itself what its colours are.
    """
    tables, picture = _START, _START
    at = len(_START)
    while data[at + 1] != _SCAN:
        segment = data[at : at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")]
        if segment[1] in _TABLES:
            tables += segment
        elif not 0xE0 <= segment[1] <= 0xEF:
            picture += segment
        at += len(segment)
    return tables + _END, picture + data[at:]


class SharedTileTiff:
    """A slide file that is being written; a context.

    Parameters
    ----------
    path : Path
        The file to make; an existing one is replaced.
    """

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = cast(BinaryIO, open(path, "wb"))  # noqa: SIM115 - closed at exit
        self._tables = b""
        self._file.write(struct.pack("<2sHL", b"II", 42, 0))
        self._link = 4  # where the next page's offset is to be written

    def __enter__(self) -> SharedTileTiff:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def store(self, pixels: Pixels) -> Place:
        """Encode a picture (4:2:0) and store it."""
        data = imagecodecs.jpeg8_encode(
            np.ascontiguousarray(pixels),
            level=JPEG_QUALITY,
            colorspace="rgb",
            outcolorspace="ycbcr",
            subsampling="420",
        )
        tables, picture = split_jpeg(bytes(data))
        if self._tables not in (b"", tables):
            raise ValueError("the encoder did not use the same tables for all pictures")
        self._tables = tables
        return self._append(picture)

    def add_level(
        self,
        width: int,
        height: int,
        places: list[Place],
        tiles: NDArray[np.intp],
        description: str,
    ) -> None:
        """Add a page of tiles.

        Parameters
        ----------
        width, height : int
            Of the level, in its pixels.
        places : list of Place
            The distinct tiles.
        tiles : ndarray (rows, columns), int
            Which of them stands where.
        description : str
            The page's ImageDescription.
        """
        where = np.array([(place.offset, place.length) for place in places], np.uint32)
        offsets, lengths = where[tiles.ravel()].T
        layout = {
            322: (_SHORT, [TILE_SIZE]),
            323: (_SHORT, [TILE_SIZE]),
            324: (_LONG, offsets),
            325: (_LONG, lengths),
        }
        self._add_page(width, height, description, layout)

    def add_picture(self, pixels: Pixels, description: str) -> None:
        """Add a page of one strip, such as a thumbnail."""
        place = self.store(pixels)
        height, width = pixels.shape[:2]
        layout = {
            273: (_LONG, [place.offset]),
            278: (_SHORT, [height]),
            279: (_LONG, [place.length]),
        }
        self._add_page(width, height, description, layout)

    def _add_page(
        self,
        width: int,
        height: int,
        description: str,
        layout: Mapping[int, tuple[int, object]],
    ) -> None:
        tags: dict[int, tuple[int, object]] = {
            254: (_LONG, [0]),
            256: (_LONG, [width]),
            257: (_LONG, [height]),
            258: (_SHORT, [8, 8, 8]),
            259: (_SHORT, [7]),  # JPEG
            262: (_SHORT, [6]),  # YCbCr
            270: (_ASCII, description.encode("ascii") + b"\0"),
            277: (_SHORT, [3]),
            284: (_SHORT, [1]),
            347: (_UNDEFINED, self._tables),
            530: (_SHORT, [2, 2]),  # 4:2:0
            **layout,
        }
        entries = b"".join(self._entry(tag, *tags[tag]) for tag in sorted(tags))
        place = self._append(struct.pack("<H", len(tags)) + entries + struct.pack("<L", 0))
        self._file.seek(self._link)
        self._file.write(struct.pack("<L", place.offset))
        self._file.seek(0, 2)
        self._link = place.offset + place.length - 4

    def _entry(self, tag: int, kind: int, values: object) -> bytes:
        types = {_SHORT: "<u2", _LONG: "<u4"}
        data = values if isinstance(values, bytes) else np.asarray(values, types[kind]).tobytes()
        count = len(data) // {_SHORT: 2, _LONG: 4}.get(kind, 1)
        field = data.ljust(4, b"\0") if len(data) <= 4 else None
        if field is None:
            field = struct.pack("<L", self._append(data).offset)
        return struct.pack("<HHL", tag, kind, count) + field

    def _append(self, data: bytes) -> Place:
        if self._file.tell() % 2:
            self._file.write(b"\0")  # whatever an offset points at begins on a word
        place = Place(self._file.tell(), len(data))
        self._file.write(data)
        return place
