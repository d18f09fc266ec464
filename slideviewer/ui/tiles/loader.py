"""Reads tiles off the GUI thread, always those wanted now, the middle of the view first."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage

from slideviewer.errors import SlideError, SlideviewerError
from slideviewer.slide import Slide
from slideviewer.ui.look import read_tile
from slideviewer.ui.threads import step_back
from slideviewer.ui.tiles.cache import CachedTile

_log = logging.getLogger(__name__)

THREADS = max(2, min(4, os.cpu_count() or 2))
"""For one slide; another one's do not wait for them, lest a lost drive hold up all slides."""

MOST_THREADS = THREADS + 12

NICENESS = 5
"""A frame must not wait for a tile."""

STOP_SECONDS = 1.5
"""How long tiles in hand are waited for at the end: a vanished network drive may hang."""


@dataclass
class _Wishes:
    """What one view wants: now, and in idle time; the first one first."""

    slide: Slide
    now: dict[CachedTile, None] = field(default_factory=dict)
    later: dict[CachedTile, None] = field(default_factory=dict)


class TileLoader(QObject):
    """A few threads that read whatever tiles the views want at the moment.

    Each `want` replaces the view's last list, so a tile that scrolled out of view before its
    turn is never read. Views take turns, and nobody's idle wishes come before anybody's needs.
    """

    loaded = Signal(object, object)  # CachedTile, QImage: a tile that was wanted
    failed = Signal(object, str)  # CachedTile, why: the slide is damaged there

    _answered = Signal(object, object, str)  # CachedTile, QImage or None, why there is none

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wishes: dict[object, _Wishes] = {}  # whose turn is next comes first
        self._reading: dict[CachedTile, Slide] = {}  # one a thread
        self._unheard: set[CachedTile] = set()  # read; the GUI thread has not heard of it yet
        self._changed = threading.Condition()
        self._stopped = False
        self._threads: set[threading.Thread] = set()
        self._answered.connect(self._on_answered, Qt.ConnectionType.QueuedConnection)
        with self._changed:
            self._begin_threads(THREADS)

    def want(
        self,
        who: object,
        slide: Slide,
        now: Iterable[CachedTile],
        later: Iterable[CachedTile] = (),
    ) -> None:
        """Ask for tiles of a slide, and no longer for any others.

        Parameters
        ----------
        who : object
            The one who asks; its former wishes are dropped.
        slide : Slide
        now : iterable of CachedTile
            The first one first.
        later : iterable of CachedTile
            Read when nothing else is to do.
        """
        with self._changed:
            self._wishes[who] = _Wishes(
                slide,
                {tile: None for tile in now if not self._is_under_way(tile)},
                {tile: None for tile in later if not self._is_under_way(tile)},
            )
            free = len(self._threads) - len(self._reading)
            missing = min(THREADS, len(self._wishes[who].now)) - self._hands_on(slide) - free
            if not self._stopped:
                self._begin_threads(min(missing, MOST_THREADS - len(self._threads)))
            self._changed.notify_all()

    def under_way(self, source: int) -> set[CachedTile]:
        """The tiles of a source that are being read, or were read and not heard of yet."""
        with self._changed:
            return {tile for tile in (*self._reading, *self._unheard) if tile.source == source}

    def forget(self, who: object) -> None:
        """Somebody wants nothing any more."""
        with self._changed:
            self._wishes.pop(who, None)

    def stop(self) -> None:
        """End the threads; each finishes the tile in hand first, unless its file hangs."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            self._wishes.clear()
            threads = list(self._threads)
        until = time.monotonic() + STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _begin_threads(self, count: int) -> None:
        for _ in range(count):
            thread = threading.Thread(target=self._work, name="tile-loader", daemon=True)
            self._threads.add(thread)
            thread.start()

    def _hands_on(self, slide: Slide) -> int:
        """How many threads are reading a slide."""
        return sum(other is slide for other in self._reading.values())

    def _work(self) -> None:
        step_back(NICENESS)
        while self._read_next():
            pass

    def _read_next(self) -> bool:
        """Read one tile; a thread that waits for the next one keeps no slide alive."""
        task = self._next()
        if task is None:
            return False
        tile, slide = task
        image, problem = None, ""
        try:
            image = read_tile(slide, tile.key, tile.look)
        except SlideviewerError as error:
            # Of a slide that was closed meanwhile nobody waits for the answer.
            level = logging.INFO if self._is_unwanted(slide) else logging.WARNING
            # As text: a record that is kept would keep the slide with it.
            _log.log(level, "bad tile %s: %s", tile.key, str(error))
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - a job runner: its thread must go on
            is_a_bug = not isinstance(error, OSError)
            _log.warning("tile %s cannot be read: %s", tile.key, str(error), exc_info=is_a_bug)
            problem = str(_unforeseen(slide, error))
        if not self._finish(tile):
            return False
        # Gone with the window, where a file hung for so long that nobody waited for it.
        with contextlib.suppress(RuntimeError):
            self._answered.emit(tile, image, problem)
        return True

    @Slot(object, object, str)
    def _on_answered(self, tile: CachedTile, image: QImage | None, problem: str) -> None:
        with self._changed:
            self._unheard.discard(tile)
        if image is None:
            self.failed.emit(tile, problem)
        else:
            self.loaded.emit(tile, image)

    def _is_under_way(self, tile: CachedTile) -> bool:
        return tile in self._reading or tile in self._unheard

    def _is_unwanted(self, slide: Slide) -> bool:
        with self._changed:
            return all(wishes.slide is not slide for wishes in self._wishes.values())

    def _next(self) -> tuple[CachedTile, Slide] | None:
        with self._changed:
            while not self._stopped:
                task = self._pick()
                if task is not None:
                    self._reading[task[0]] = task[1]
                    return task
                if len(self._threads) > THREADS:  # one came to help out, and is done
                    self._threads.discard(threading.current_thread())
                    return None
                self._changed.wait()
            return None

    def _pick(self) -> tuple[CachedTile, Slide] | None:
        for urgent in (True, False):
            for who, wishes in self._wishes.items():
                tiles = wishes.now if urgent else wishes.later
                if tiles and self._hands_on(wishes.slide) < THREADS:
                    tile = next(iter(tiles))
                    for others in self._wishes.values():
                        others.now.pop(tile, None)
                        others.later.pop(tile, None)
                    self._wishes[who] = self._wishes.pop(who)  # to the end of the queue
                    return tile, wishes.slide
        return None

    def _finish(self, tile: CachedTile) -> bool:
        with self._changed:
            del self._reading[tile]
            self._unheard.add(tile)
            self._changed.notify_all()
            return not self._stopped


def _unforeseen(slide: Slide, error: Exception) -> SlideError:
    reason = getattr(error, "strerror", None) or error or type(error).__name__
    return SlideError(
        f"A tile cannot be read: {reason}.",
        path=slide.path,
        remedy="Check that its drive is connected; the rest may still be read.",
    )
