"""Decoded tiles kept for the next one who wants them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any

from numpy.typing import NDArray


class DecodedTiles:
    """Tiles that were decoded last, as many as fit. Safe to use from several threads at once.

    A tile wanted by several threads at the same time is decoded by one of them; the others wait
    for it. A tile that cannot be read is not remembered, and each who wants it tries.

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
        """Give a tile, by ``read`` where it is not kept; whatever that raises is raised here.

        Returns
        -------
        ndarray
            Shared with others, and therefore read-only.
        """
        while True:
            with self._lock:
                tile = self._kept.get(key)
                if tile is not None:
                    self._kept.move_to_end(key)
                    return tile
                others = self._under_way.get(key)
                if others is None:
                    mine = self._under_way[key] = Future()
            if others is None:
                tile = self._read(key, read, mine)
                if tile is not None:
                    return tile
            else:
                with suppress(CancelledError):  # it could not be read, or was forgotten
                    return others.result()

    def peek(self, key: Hashable) -> NDArray[Any] | None:
        """Give a tile only where it is kept already."""
        with self._lock:
            return self._kept.get(key)

    def forget(self, key: Hashable) -> None:
        """Have a tile read anew: one that is kept, and one that is being read now."""
        with self._lock:
            self._under_way.pop(key, None)
            tile = self._kept.pop(key, None)
            if tile is not None:
                self._bytes -= tile.nbytes

    def _read(
        self, key: Hashable, read: Callable[[], NDArray[Any]], promise: Future[NDArray[Any]]
    ) -> NDArray[Any] | None:
        """Read a tile for all who want it; None where it was forgotten meanwhile."""
        try:
            tile = read()
            tile.flags.writeable = False
            with self._lock:
                if self._under_way.get(key) is not promise:
                    return None
                self._keep(key, tile)
            promise.set_result(tile)
            return tile
        finally:
            with self._lock:
                if self._under_way.get(key) is promise:
                    del self._under_way[key]
            promise.cancel()  # those who still wait try themselves

    def _keep(self, key: Hashable, tile: NDArray[Any]) -> None:
        if tile.nbytes > self.max_bytes:
            return
        self._kept[key] = tile
        self._bytes += tile.nbytes
        while self._bytes > self.max_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.nbytes
