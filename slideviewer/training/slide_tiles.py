"""Tiles of slides, read at their places when they are needed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference.areas import Way, read_area
from slideviewer.inference.plan import spacing_for
from slideviewer.slide import Slide, open_slide
from slideviewer.training.slide_list import MarkedSlide
from slideviewer.training.tile_readers import Tile

MOST_OPEN = 16
"""Slides that are open at once; another one is closed for the next."""


@dataclass(frozen=True)
class TileSize:
    """What a model sees at once.

    Attributes
    ----------
    patch_size_pixels : int
    spacing_um_px : float
    """

    patch_size_pixels: int
    spacing_um_px: float

    def on(self, slide: Slide, marked: MarkedSlide) -> tuple[float, float]:
        """Side of a tile in level-0 pixels, and their size in micrometres.

        Raises
        ------
        PredictionError
            If nobody says how large the slide's pixels are.
        """
        try:
            um_px = spacing_for(slide, marked.spacing_um_px)
        except PredictionError as error:
            raise PredictionError(
                error.problem,
                path=marked.path,
                remedy="List the slides in a CSV with a column spacing, in µm per pixel.",
            ) from error
        return self.patch_size_pixels * self.spacing_um_px / um_px, um_px


class SlideTiles:
    """Tiles at places of several slides.

    Parameters
    ----------
    slides : sequence of MarkedSlide
    index : ndarray (n,), int64
        Of each tile's slide.
    x, y : ndarray (n,), float64
        Middle of each tile, in level-0 pixels.
    size : TileSize
    """

    def __init__(
        self,
        slides: Sequence[MarkedSlide],
        index: NDArray[np.int64],
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        size: TileSize,
    ) -> None:
        self._slides, self._index, self._x, self._y = slides, index, x, y
        self._size = size
        self._open: OrderedDict[int, tuple[Slide, Way, float]] = OrderedDict()
        self._readers: dict[int, int] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._index)

    def read(self, index: int) -> Tile:
        """See `slideviewer.training.tile_readers.TileReader`."""
        number = int(self._index[index])
        slide, way, side = self._taken(number)
        try:
            patch = self._size.patch_size_pixels
            return read_area(slide, way, self._square(index, side), patch, patch)
        finally:
            with self._lock:
                self._readers[number] -= 1

    def close(self) -> None:
        """Close all slides; a later read opens its slide anew."""
        with self._lock:
            for number in [it for it in self._open if not self._readers.get(it)]:
                self._open.pop(number)[0].close()

    def _square(self, index: int, side: float) -> Rect:
        """What a tile shows, in level-0 pixels."""
        return Rect(self._x[index] - side / 2, self._y[index] - side / 2, side, side)

    def _taken(self, number: int) -> tuple[Slide, Way, float]:
        """Open a slide, or find it open, and keep it from being closed meanwhile."""
        with self._lock:
            if number not in self._open:
                self._open[number] = self._opened(number)
            self._open.move_to_end(number)
            self._readers[number] = self._readers.get(number, 0) + 1
            idle = [it for it in self._open if not self._readers.get(it)]
            for other in idle[: max(0, len(self._open) - MOST_OPEN)]:
                self._open.pop(other)[0].close()
            return self._open[number]

    def _opened(self, number: int) -> tuple[Slide, Way, float]:
        """Open a slide and settle how all of its tiles are read."""
        marked = self._slides[number]
        slide = open_slide(marked.path)
        side, _ = self._size.on(slide, marked)
        scale = side / self._size.patch_size_pixels
        squares = (self._square(at, side) for at in np.flatnonzero(self._index == number).tolist())
        level = slide.pyramid.level_for(scale)
        return slide, Way.settled(slide.pyramid, level, squares, scale), side
