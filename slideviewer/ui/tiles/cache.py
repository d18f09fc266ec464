"""Decoded tiles of all slides, the most recently used ones, up to so many bytes."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass

from PySide6.QtGui import QImage

from slideviewer.slide import TileKey
from slideviewer.ui.look import Look

MOST_BYTES = 2 * 1024**3
LEAST_BYTES = 64 * 1024**2
"""Below this not even one large screen finds room."""


@dataclass(frozen=True)
class CachedTile:
    """What a tile is known by.

    Attributes
    ----------
    source : int
        The number of the slide's `TileSource`.
    look : Look
    key : TileKey
    """

    source: int
    look: Look
    key: TileKey

    def __hash__(self) -> int:
        # The look is nearly always the same one, and hashing it costs more than the rest.
        return hash((self.source, self.key))


class TileCache:
    """A byte-bounded store that forgets the least recently used tile first.

    Parameters
    ----------
    limit_bytes : int
        How much the tiles may take together.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._tiles: OrderedDict[CachedTile, QImage] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        """What the tiles take together."""
        return self._bytes

    @property
    def limit_bytes(self) -> int:
        """What they may take together; lowering it forgets at once."""
        return self._limit_bytes

    @limit_bytes.setter
    def limit_bytes(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._trim()

    def __contains__(self, tile: CachedTile) -> bool:
        return tile in self._tiles

    def get(self, tile: CachedTile) -> QImage | None:
        """The tile's picture, now the most recently used one, or None."""
        image = self._tiles.get(tile)
        if image is not None:
            self._tiles.move_to_end(tile)
        return image

    def add(self, tile: CachedTile, image: QImage) -> None:
        """Keep a tile."""
        former = self._tiles.pop(tile, None)
        self._bytes += image.sizeInBytes() - (former.sizeInBytes() if former else 0)
        self._tiles[tile] = image
        self._trim()

    def forget(self, source: int) -> None:
        """Forget all tiles of one source."""
        for tile in [tile for tile in self._tiles if tile.source == source]:
            self._bytes -= self._tiles.pop(tile).sizeInBytes()

    def _trim(self) -> None:
        while self._bytes > self._limit_bytes and len(self._tiles) > 1:
            self._bytes -= self._tiles.popitem(last=False)[1].sizeInBytes()


def default_limit_bytes() -> int:
    """A quarter of the machine's memory, at most 2 GiB."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows knows no sysconf
        return MOST_BYTES // 2
    return max(LEAST_BYTES, min(MOST_BYTES, memory // 4))
