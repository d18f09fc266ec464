"""Decoded tiles kept for the next one who wants them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any

from numpy.typing import NDArray


class DecodedTiles:
    """Tiles that were decoded last, as many as fit. Safe to use from several threads at once.

    A tile wanted by several threads at the same time is decoded by one of them; the others wait
    for it. A tile that cannot be read is not remembered.

    Parameters
    ----------
    max_bytes : int
        What is kept never takes more.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, NDArray[Any]] = OrderedDict()
        self._under_way: dict[Hashable, Future[NDArray[Any]]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, read: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """Give a tile, by ``read`` where it is not kept.

        Returns
        -------
        ndarray
            Shared with others, and therefore read-only.

        Raises
        ------
        Exception
            Whatever ``read`` raised, also where another thread called it.
        """
        with self._lock:
            tile = self._kept.get(key)
            if tile is not None:
                self._kept.move_to_end(key)
                return tile
            others = self._under_way.get(key)
            if others is None:
                mine = self._under_way[key] = Future()
        if others is not None:
            return others.result()
        try:
            tile = read()
        except BaseException as error:
            with self._lock:
                del self._under_way[key]
            mine.set_exception(error)
            raise
        tile.flags.writeable = False
        with self._lock:
            del self._under_way[key]
            self._keep(key, tile)
        mine.set_result(tile)
        return tile

    def peek(self, key: Hashable) -> NDArray[Any] | None:
        """Give a tile only where it is kept already."""
        with self._lock:
            return self._kept.get(key)

    def forget(self, key: Hashable) -> None:
        """Keep a tile no longer, where it is kept."""
        with self._lock:
            tile = self._kept.pop(key, None)
            if tile is not None:
                self._bytes -= tile.nbytes

    def _keep(self, key: Hashable, tile: NDArray[Any]) -> None:
        if tile.nbytes > self.max_bytes:
            return
        self._kept[key] = tile
        self._bytes += tile.nbytes
        while self._bytes > self.max_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.nbytes
