"""Reads tiles off the GUI thread, always those wanted now, the middle of the view first."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable

import cv2
import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from slideviewer.errors import SlideviewerError
from slideviewer.slide import Pixels, Slide, TileKey

_log = logging.getLogger(__name__)

THREADS = 3


def to_image(pixels: Pixels) -> QImage:
    """Make a QImage that owns its memory, in the format that Qt paints fastest."""
    height, width = pixels.shape[:2]
    bgra = np.ascontiguousarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGRA))
    return QImage(bgra.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()


class TileLoader(QObject):
    """A few threads that read whatever tiles are wanted at the moment.

    Each `want` replaces the list of the last one, so a tile that scrolled out of view before its
    turn is never read.
    """

    loaded = Signal(object, object)  # TileKey, QImage: a tile that was wanted
    failed = Signal(object, str)  # TileKey, why: the slide is damaged there

    def __init__(self, slide: Slide, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._slide = slide
        self._wanted: list[TileKey] = []  # last one first
        self._reading: set[TileKey] = set()
        self._ready = threading.Condition()
        self._stopped = False
        self._threads = [
            threading.Thread(target=self._work, name=f"tile-loader-{i}", daemon=True)
            for i in range(THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def want(self, keys: Iterable[TileKey]) -> None:
        """Ask for these tiles, the first one first, and no longer for any others."""
        with self._ready:
            self._wanted = [key for key in keys if key not in self._reading]
            self._wanted.reverse()
            self._ready.notify_all()

    @property
    def is_idle(self) -> bool:
        """Whether everything wanted has been read."""
        with self._ready:
            return not self._wanted and not self._reading

    def stop(self) -> None:
        """End the threads; each finishes the tile in hand first."""
        with self._ready:
            self._stopped = True
            self._wanted.clear()
            self._ready.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (key := self._next()) is not None:
            try:
                box = self._slide.pyramid.tile_box_level(key)
                image = to_image(self._slide.read_region(key.level, *box))
            except SlideviewerError as error:
                _log.warning("bad tile %s: %s", key, error)
                self._answer(key, None, str(error))
            else:
                self._answer(key, image, "")

    def _next(self) -> TileKey | None:
        with self._ready:
            self._ready.wait_for(lambda: self._stopped or bool(self._wanted))
            if self._stopped:
                return None
            key = self._wanted.pop()
            self._reading.add(key)
            return key

    def _answer(self, key: TileKey, image: QImage | None, problem: str) -> None:
        with self._ready:
            self._reading.discard(key)
            if self._stopped:
                return
        if image is None:
            self.failed.emit(key, problem)
        else:
            self.loaded.emit(key, image)
