"""Decoded tiles, the most recently used ones, up to so many bytes."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtGui import QImage

from slideviewer.slide import TileKey

DEFAULT_BYTES = 512 * 1024**2
"""About 2,000 tiles of 256 px: several screens at every zoom."""


class TileCache:
    """A byte-bounded store that forgets the least recently used tile first.

    Parameters
    ----------
    limit_bytes : int
        How much the tiles may take together; pinned ones are not counted.
    """

    def __init__(self, limit_bytes: int = DEFAULT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._tiles: OrderedDict[TileKey, QImage] = OrderedDict()
        self._pinned: dict[TileKey, QImage] = {}

    @property
    def size_bytes(self) -> int:
        """What the tiles that may be forgotten take together."""
        return self._bytes

    def __contains__(self, key: TileKey) -> bool:
        return key in self._tiles or key in self._pinned

    def get(self, key: TileKey) -> QImage | None:
        """The tile, now the most recently used one, or None."""
        if key in self._pinned:
            return self._pinned[key]
        image = self._tiles.get(key)
        if image is not None:
            self._tiles.move_to_end(key)
        return image

    def add(self, key: TileKey, image: QImage, *, pinned: bool = False) -> None:
        """Keep a tile; a pinned one for good."""
        if pinned:
            self._pinned[key] = image
            return
        former = self._tiles.pop(key, None)
        self._bytes += image.sizeInBytes() - (former.sizeInBytes() if former else 0)
        self._tiles[key] = image
        while self._bytes > self._limit_bytes and len(self._tiles) > 1:
            self._bytes -= self._tiles.popitem(last=False)[1].sizeInBytes()

    def clear(self) -> None:
        """Forget everything."""
        self._tiles.clear()
        self._pinned.clear()
        self._bytes = 0
