"""Labelled tiles that are read when they are needed: no set has to fit into the memory."""

from __future__ import annotations

import bisect
import itertools
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError

Tile = NDArray[np.uint8]
"""One tile: shape (patch, patch, 3), uint8, RGB."""

CACHE_BYTES = 1 << 29
"""What is kept of a set in memory; a smaller set is read from the disk once."""


class TileReader(Protocol):
    """Tiles in a row, read one by one. Safe to read from several threads at once."""

    def __len__(self) -> int:
        """How many there are."""

    def read(self, index: int) -> Tile:
        """Read one.

        Raises
        ------
        TrainingError, SlideError
            Where its file is damaged or gone.
        """


@dataclass(frozen=True, eq=False)
class ArrayTiles:
    """Tiles of an array, in memory or mapped from a file; of another size they are resized.

    Attributes
    ----------
    array : ndarray (n, height, width, 3), uint8, RGB
    size : int
        Side of what is read, in pixels.
    """

    array: NDArray[np.uint8]
    size: int

    def __len__(self) -> int:
        return len(self.array)

    def read(self, index: int) -> Tile:
        """See `TileReader`."""
        return resized(np.asarray(self.array[index]), self.size)


@dataclass(frozen=True)
class PictureTiles:
    """Pictures in files, each of them one tile.

    Attributes
    ----------
    paths : sequence of Path
    size : int
        Side of what is read, in pixels.
    """

    paths: Sequence[Path]
    size: int

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, index: int) -> Tile:
        """See `TileReader`."""
        path = self.paths[index]
        return decode(bytes_of(path), path, self.size)


@dataclass(frozen=True, eq=False)
class ChosenTiles:
    """Some of the tiles of another reader.

    Attributes
    ----------
    tiles : TileReader
    indices : ndarray (n,), int64
    """

    tiles: TileReader
    indices: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.indices)

    def read(self, index: int) -> Tile:
        """See `TileReader`."""
        return self.tiles.read(int(self.indices[index]))


class JoinedTiles:
    """The tiles of several readers, one after the other."""

    def __init__(self, parts: Sequence[TileReader]) -> None:
        self._parts = tuple(parts)
        self._ends = list(itertools.accumulate(len(part) for part in self._parts))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def read(self, index: int) -> Tile:
        """See `TileReader`."""
        part = bisect.bisect_right(self._ends, index)
        return self._parts[part].read(index - (self._ends[part - 1] if part else 0))


class CachedTiles:
    """Another reader, whose tiles stay in memory up to a bound; the longest unread one goes first.

    Parameters
    ----------
    tiles : TileReader
    most_bytes : int
    """

    def __init__(self, tiles: TileReader, most_bytes: int = CACHE_BYTES) -> None:
        self._tiles, self._most_bytes = tiles, most_bytes
        self._kept: OrderedDict[int, Tile] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._tiles)

    def read(self, index: int) -> Tile:
        """See `TileReader`."""
        with self._lock:
            if index in self._kept:
                self._kept.move_to_end(index)
                return self._kept[index]
        tile = self._tiles.read(index)
        with self._lock:
            if index not in self._kept:
                self._kept[index] = tile
                self._bytes += tile.nbytes
            while self._bytes > self._most_bytes:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return tile


def each_of(tiles: TileReader) -> Iterator[Tile]:
    """Read all tiles, one after the other."""
    return (tiles.read(at) for at in range(len(tiles)))


def in_batches(tiles: TileReader, size: int) -> Iterator[NDArray[np.uint8]]:
    """Read all tiles, so many at a time: arrays (at most size, patch, patch, 3), uint8, RGB."""
    for start in range(0, len(tiles), size):
        yield np.stack([tiles.read(at) for at in range(start, min(start + size, len(tiles)))])


def bytes_of(path: Path) -> bytes:
    """Read a picture's file.

    Raises
    ------
    TrainingError
        Where that cannot be done.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise TrainingError(f"The picture cannot be read: {reason}.", path=path) from error


def decode(data: bytes, path: Path, size: int) -> Tile:
    """Make a tile of a picture's bytes.

    Raises
    ------
    TrainingError
        If it is no picture, or no square one.
    """
    # OpenCV raises on an empty buffer where it returns None for any other that is no picture.
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if picture is None:
        raise TrainingError("This is no picture that can be read.", path=path)
    height, width = picture.shape[:2]
    if height != width:
        raise TrainingError(
            f"The picture is {width} by {height} pixels, but a tile is square.", path=path
        )
    colours = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
    return resized(colours, size)


def resized(picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """A square picture at another size; itself where it has that size already."""
    if picture.shape[:2] == (size, size):
        return picture
    way = cv2.INTER_AREA if picture.shape[0] > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (size, size), interpolation=way), np.uint8)
