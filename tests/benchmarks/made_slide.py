"""A slide as large as the largest scans, made of a few hundred distinct tiles of drawn tissue."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from benchmarks.shared_tiles import TILE_SIZE, SharedTileTiff
from slideviewer.slide import Pixels
from slideviewer.slide.synthetic import plan, sample_tiles

SPACING_UM_PX = 0.25
STEP = 4
"""How many times smaller each level is than the one before, as in Aperio's files."""

BLOCK_SIZE = TILE_SIZE * STEP
"""The slide is a mosaic of blocks of this side, so that one tile of level 1 shows one block."""

FULL_BLOCKS = 98
"""Blocks along each side of the large slide: 100,352 px, and 153,664 tiles at level 0."""

DISTINCT_BLOCKS = 32
_COARSEST_SIDE = 1600
_THUMBNAIL_SIDE = 1024
_DESCRIPTION = (
    "Aperio Image Library v12.0.15 \r\n{size} [0,0 {size}] ({tile}x{tile}) JPEG/RGB Q=80"
    "|AppMag = 40|MPP = {spacing}|Title = A drawing by slideviewer, no patient's tissue"
)


def make_large_slide(
    path: Path, blocks: int = FULL_BLOCKS, distinct: int = DISTINCT_BLOCKS, seed: int = 7
) -> Path:
    """Write a square slide of drawn tissue in the layout of Aperio's SVS files.

    Every level shows the reduced picture of the one before, so that zooming is continuous.

    Parameters
    ----------
    path : Path
        The file to make; it appears when it is complete.
    blocks : int
        Blocks of 1,024 px along each side.
    distinct : int
        How many different blocks are drawn; each has 16 tiles at level 0.
    seed : int
        The same arguments give the same file.

    Returns
    -------
    Path
        The file made.
    """
    drawn = list(sample_tiles(seed, (distinct + 1) // 2, BLOCK_SIZE, SPACING_UM_PX))
    mosaic = _Mosaic(blocks, seed)
    kinds = np.array([mosaic.kind_of(block, is_tumour) for block, is_tumour in drawn])
    return write_mosaic(path, [block for block, _ in drawn], mosaic.choose(kinds))


def write_mosaic(path: Path, blocks: Sequence[Pixels], shown: NDArray[np.intp]) -> Path:
    """Write a square slide that repeats a few blocks.

    Parameters
    ----------
    path : Path
        The file to make; it appears when it is complete.
    blocks : sequence of ndarray (1024, 1024, 3), uint8, RGB
    shown : ndarray (rows, rows), int
        Which block stands where.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with SharedTileTiff(part) as file:
            _write(file, blocks, shown)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


class _Mosaic:
    """Which kind of tissue stands where, after the plan of the made slide."""

    GLASS, TISSUE, TUMOUR = range(3)

    def __init__(self, blocks: int, seed: int) -> None:
        drawing = plan(seed)
        centres = (np.arange(blocks) + 0.5) / blocks
        x, y = np.meshgrid(centres * drawing.width, centres * drawing.height)
        nests = shapely.union_all([Polygon(nest) for nest in drawing.nests])
        self._kinds = np.where(shapely.contains_xy(drawing.tissue, x, y), self.TISSUE, self.GLASS)
        self._kinds[shapely.contains_xy(nests, x, y)] = self.TUMOUR
        self._rng = np.random.default_rng([seed, blocks])

    def kind_of(self, block: Pixels, is_tumour: bool) -> int:
        """What a drawn block is good for; -1 where it is a border of the tissue or the pen."""
        if is_tumour:
            return self.TUMOUR
        glass = float((block.min(axis=2) > 225).mean())
        red, green, blue = block.mean(axis=(0, 1))
        is_ink = glass < 0.98 and green > min(red, blue)
        return -1 if is_ink else self.GLASS if glass > 0.98 else self.TISSUE if glass < 0.2 else -1

    def choose(self, kinds: NDArray[np.int_]) -> NDArray[np.intp]:
        """For each place one of the drawn blocks of its kind: ndarray (rows, columns)."""
        shown = np.zeros(self._kinds.shape, np.intp)
        for kind in (self.GLASS, self.TISSUE, self.TUMOUR):
            places = self._kinds == kind
            shown[places] = self._rng.choice(np.flatnonzero(kinds == kind), int(places.sum()))
        return shown


def _write(file: SharedTileTiff, blocks: Sequence[Pixels], shown: NDArray[np.intp]) -> None:
    side = len(shown) * BLOCK_SIZE
    halves = [_reduced(block, TILE_SIZE) for block in blocks]
    pictures = [_picture([_reduced(half, TILE_SIZE // STEP) for half in halves], shown)]
    while len(pictures[-1]) > _COARSEST_SIDE:
        pictures.append(_reduced(pictures[-1], len(pictures[-1]) // STEP))

    tiles = [file.store(tile) for block in blocks for tile in _cut(block)]
    inner = np.arange(STEP * STEP).reshape(STEP, STEP)
    level = np.block([[STEP * STEP * number + inner for number in row] for row in shown])
    file.add_level(side, side, tiles, level, _description(side))
    thumbnail = min(_THUMBNAIL_SIDE, len(pictures[-1]))
    file.add_picture(_reduced(pictures[-1], thumbnail), _description(side))
    halved = [file.store(half) for half in halves]
    file.add_level(side // STEP, side // STEP, halved, shown, _description(side))
    for picture in pictures if side // STEP > _COARSEST_SIDE else ():
        places = [file.store(tile) for tile in _cut(picture)]
        count = -(-len(picture) // TILE_SIZE)
        everywhere = np.arange(count * count).reshape(count, count)
        file.add_level(len(picture), len(picture), places, everywhere, _description(side))


def _description(side: int) -> str:
    return _DESCRIPTION.format(size=f"{side}x{side}", tile=TILE_SIZE, spacing=SPACING_UM_PX)


def _reduced(pixels: Pixels, side: int) -> Pixels:
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _picture(blocks: list[Pixels], shown: NDArray[np.intp]) -> Pixels:
    """The whole mosaic, from blocks reduced to a handy size."""
    rows = np.stack(blocks)[shown]  # rows, columns, height, width, 3
    side = len(shown) * len(blocks[0])
    return np.ascontiguousarray(rows.transpose(0, 2, 1, 3, 4).reshape(side, side, 3))


def _cut(picture: Pixels) -> list[Pixels]:
    """The tiles of a square picture, row by row; the last ones filled by repeating the border."""
    missing = -len(picture) % TILE_SIZE
    filled = np.pad(picture, ((0, missing), (0, missing), (0, 0)), mode="edge")
    edges = [*range(0, len(filled) + 1, TILE_SIZE)]
    return [
        filled[top:bottom, left:right]
        for top, bottom in pairwise(edges)
        for left, right in pairwise(edges)
    ]
