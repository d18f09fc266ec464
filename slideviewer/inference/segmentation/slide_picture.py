"""A slide as a picture at a model's spacing, read block by block."""

from __future__ import annotations

import numpy as np

from slideviewer.errors import PredictionError, SlideError
from slideviewer.inference.areas import Way, read_area
from slideviewer.inference.cells import BLOCK_PX, LARGEST_CELL_PX
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.slide.decoded_tiles import DecodedTiles
from slideviewer.slide.slide import Pixels, Slide

LARGEST_BLOCK_PX, _SMALLEST_BLOCK_PX = 512, 16
CACHE_BYTES = 96 << 20
"""Of pixels that are kept for the tiles that overlap; a block of 512 px takes 0.8 MB."""


class SlidePicture:
    """A slide at the spacing of a frame. Safe to read from several threads at once.

    Tiles overlap, so each pixel is asked for several times; blocks are read once and kept for a
    while. They lie on a lattice of the frame, so that a pixel is the same in every tile.

    Parameters
    ----------
    slide : Slide
    frame : MaskFrame
        Whose top left pixel has the place 0, 0; the picture goes on beyond it.
    patch : int
        Side of the tiles that will be read.

    Raises
    ------
    PredictionError
        Where tiles are too large to read.

    Attributes
    ----------
    level : int
        The level that is read: the coarsest with all the detail that the model wants.
    scale_level : float
        Pixels of that level per pixel of the picture.
    """

    def __init__(
        self, slide: Slide, frame: MaskFrame, patch: int, cache_bytes: int = CACHE_BYTES
    ) -> None:
        pyramid = slide.pyramid
        self.level = pyramid.level_for(frame.scale)
        at = pyramid.levels[self.level]
        self.scale_level = frame.scale / min(pyramid.width / at.width, pyramid.height / at.height)
        if patch * self.scale_level > LARGEST_CELL_PX:
            raise PredictionError(
                f"One tile of the model covers {patch * self.scale_level:.0f} pixels of the "
                f"slide's best level, more than {LARGEST_CELL_PX}.",
                path=slide.path,
                remedy="Check the slide's spacing, or give it with --spacing.",
            )
        self._slide, self._frame = slide, frame
        self.block = LARGEST_BLOCK_PX
        while self.block * self.scale_level > BLOCK_PX and self.block > _SMALLEST_BLOCK_PX:
            self.block //= 2
        pixels = (frame.rect(0, 0, 1, 1), frame.rect(frame.width - 1, frame.height - 1, 1, 1))
        self._way = Way.settled(pyramid, self.level, pixels, frame.scale)
        self._blocks = DecodedTiles(cache_bytes)

    def read(self, x: int, y: int, width: int, height: int) -> Pixels:
        """Read a part.

        Parameters
        ----------
        x, y, width, height : int
            In pixels of the frame, within it or not. What lies beyond the slide is white.

        Returns
        -------
        ndarray (height, width, 3), uint8, RGB

        Raises
        ------
        SlideError
            Where the file is damaged there.
        """
        try:
            return self._from_blocks(x, y, width, height)
        except SlideError:
            # The damage may lie elsewhere in a block: what is wanted here may be whole.
            return self._read(x, y, width, height)

    def _from_blocks(self, x: int, y: int, width: int, height: int) -> Pixels:
        side = self.block
        picture = np.empty((height, width, 3), np.uint8)
        for row in range(y // side, (y + height - 1) // side + 1):
            for column in range(x // side, (x + width - 1) // side + 1):
                block = self._block(column, row)
                left, right = max(x, column * side), min(x + width, (column + 1) * side)
                top, bottom = max(y, row * side), min(y + height, (row + 1) * side)
                picture[top - y : bottom - y, left - x : right - x] = block[
                    top - row * side : bottom - row * side,
                    left - column * side : right - column * side,
                ]
        return picture

    def _block(self, column: int, row: int) -> Pixels:
        """A block, read by whoever wants it first while the others wait."""
        side = self.block
        return self._blocks.get(
            (column, row), lambda: self._read(column * side, row * side, side, side)
        )

    def _read(self, x: int, y: int, width: int, height: int) -> Pixels:
        area = self._frame.rect(x, y, width, height)
        return read_area(self._slide, self._way, area, width, height)
