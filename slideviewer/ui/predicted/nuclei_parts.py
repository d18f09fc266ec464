"""Pictures of nuclei: outlines filled softly near by, and how densely they lie from afar."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.messages import NucleiPart
from slideviewer.inference.nuclei.block import BLOCK_PX, NucleiBlock
from slideviewer.inference.nuclei.nuclei import Nuclei
from slideviewer.inference.nuclei.store import nuclei_of_block, stored_blocks
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.ui.palettes import RED, premultiplied
from slideviewer.ui.predicted.nucleus import NucleusAnswer, nucleus_at
from slideviewer.ui.predicted.overlay import ramp
from slideviewer.ui.predicted.parts import PartGrid, PartKey, Steps

FINEST = -3
"""Level of the finest parts: outlines stay sharp where the mask's own pixels are large."""

OUTLINED_PX = 3.0
"""Across, in pixels of a part: smaller nuclei are shown by how much of a place they cover."""

REACH_PX = 128
"""How far a nucleus may reach beyond its block, in pixels of the mask: half of the largest, twice
as finely predicted as any model does."""

MOST_BLOCKS = 64
"""Whose outlines are kept in memory: some 20 MB. The places of all nuclei are kept beside them, 12
bytes for each."""

LINE, COVERAGE = 256, 512
"""Steps from 0 are of a line, from `LINE` of a line within a nucleus, from `COVERAGE` of how much
nuclei cover."""

DENSE, FAINT = 0.6, 0.03
"""Coverage that has the full colour, and below which there is none."""

_DIGITS = 4
"""Of OpenCV's fractions of a pixel, in bits."""


@dataclass(frozen=True, eq=False)
class Places:
    """Where the nuclei of a block lie, without their outlines.

    Attributes
    ----------
    centres : ndarray (count, 2), float32
        In pixels of the mask.
    pixels : ndarray (count,), float32
    """

    centres: NDArray[np.float32]
    pixels: NDArray[np.float32]


class NucleiParts:
    """Draws the nuclei of a store, which may grow meanwhile; the GUI thread adds to it."""

    def __init__(self, frame: MaskFrame, store: Path) -> None:
        self.frame, self.store = frame, store
        self.places: dict[NucleiBlock, Places] = {}
        self._outlined: OrderedDict[NucleiBlock, Nuclei] = OrderedDict()
        self._changing = threading.Lock()
        self._far_level: int | None = None

    @property
    def grid(self) -> PartGrid:
        """See `PartSource`."""
        return PartGrid(self.frame, FINEST)

    @property
    def manner(self) -> object:
        """See `PartSource`."""
        return self.frame

    @property
    def count(self) -> int:
        """How many nuclei there are."""
        return sum(len(it.pixels) for it in self.places.values())

    def add(self, part: NucleiPart) -> None:
        """Note that the nuclei of a block are there."""
        self.put({part.block: Places(part.centres, part.pixels)})

    def put(self, places: dict[NucleiBlock, Places]) -> None:
        """The same of many blocks."""
        self.places.update(places)
        with self._changing:
            for block in places:
                self._outlined.pop(block, None)

    def outlined(self, block: NucleiBlock) -> Nuclei:
        """The nuclei of a block with all that is known of them; reads where need be."""
        with self._changing:
            known = self._outlined.get(block)
            if known is not None:
                self._outlined.move_to_end(block)
                return known
        nuclei = nuclei_of_block(self.store, block)
        with self._changing:
            self._outlined[block] = nuclei
            while len(self._outlined) > MOST_BLOCKS:
                self._outlined.popitem(last=False)
        return nuclei

    def nucleus_at(self, x: float, y: float) -> NucleusAnswer | None:
        """The nucleus that a level-0 point lies in; reads where need be."""
        at = (x - self.frame.x) / self.frame.scale, (y - self.frame.y) / self.frame.scale
        found = (nucleus_at(self.outlined(it), self.frame, *at) for it in _blocks((*at, *at)))
        return next((it for it in found if it is not None), None)

    def blocks_near(self, box: tuple[float, float, float, float]) -> Iterator[NucleiBlock]:
        """The blocks with nuclei that may meet a box of the mask: left, top, right, bottom."""
        yield from (block for block in _blocks(box) if block in self.places)

    def make(self, key: PartKey) -> Steps | None:
        """See `PartSource`."""
        x, y, width, height = self.grid.box(key)
        pixel = 2.0**key.level
        box = x * pixel, y * pixel, (x + width) * pixel, (y + height) * pixel
        blocks = list(self.blocks_near(box))
        if not blocks:
            return None
        if key.level >= self.far_level:
            steps = self._covered(blocks, box, pixel, (width, height))
        else:
            steps = self._drawn(blocks, box, pixel, (width, height))
        return steps[None] if steps.any() else None

    @property
    def far_level(self) -> int:
        """The level from which on nuclei are too small to be outlined."""
        if self._far_level is None:
            some = [it.pixels for it in list(self.places.values())[:100] if len(it.pixels)]
            mean = float(np.concatenate(some).mean()) if some else 1.0
            across = math.sqrt(4 * mean / math.pi)
            self._far_level = max(0, math.ceil(math.log2(across / OUTLINED_PX)))
        return self._far_level

    def _drawn(
        self,
        blocks: list[NucleiBlock],
        box: tuple[float, float, float, float],
        pixel: float,
        size: tuple[int, int],
    ) -> NDArray[np.uint16]:
        """Outlines, filled."""
        width, height = size
        filled = np.zeros((height, width), np.uint8)
        lines = np.zeros((height, width), np.uint8)
        left, top, right, bottom = box
        for block in blocks:
            nuclei = self.outlined(block)
            if not len(nuclei):
                continue
            near = np.abs(nuclei.centres - ((left + right) / 2, (top + bottom) / 2))
            is_near = (near <= ((right - left) / 2 + REACH_PX, (bottom - top) / 2 + REACH_PX)).all(
                1
            )
            # OpenCV's origin is the centre of the first pixel.
            placed = (nuclei.points.astype(np.float64) - (left, top)) / pixel - 0.5
            placed = np.rint(placed * 2**_DIGITS).astype(np.int32)
            rings = np.split(placed, np.cumsum(nuclei.vertices)[:-1])
            rings = [ring for ring, is_wanted in zip(rings, is_near, strict=True) if is_wanted]
            if rings:
                cv2.fillPoly(filled, rings, 1, cv2.LINE_8, _DIGITS)
                cv2.polylines(lines, rings, True, 255, 1, cv2.LINE_AA, _DIGITS)
        return filled.astype(np.uint16) * LINE + lines

    def _covered(
        self,
        blocks: list[NucleiBlock],
        box: tuple[float, float, float, float],
        pixel: float,
        size: tuple[int, int],
    ) -> NDArray[np.uint16]:
        """How much of each pixel nuclei cover."""
        width, height = size
        found = [self.places[block] for block in blocks]
        at = (np.concatenate([it.centres for it in found]) - box[:2]) / pixel
        columns, rows = np.floor(at).astype(np.int64).T + 1  # one more pixel all around
        area = np.concatenate([it.pixels for it in found]) / pixel**2
        inside = (columns >= 0) & (columns < width + 2) & (rows >= 0) & (rows < height + 2)
        places = rows[inside] * (width + 2) + columns[inside]
        covered = np.bincount(places, area[inside], (width + 2) * (height + 2))
        covered = covered.reshape(height + 2, width + 2).astype(np.float32)
        spread = cv2.blur(covered, (3, 3), borderType=cv2.BORDER_CONSTANT)[1:-1, 1:-1]
        steps = np.rint(255 * np.clip(spread, 0, 1)).astype(np.uint16)
        return np.where(spread < FAINT, np.uint16(0), COVERAGE + steps)


def _blocks(box: tuple[float, float, float, float]) -> Iterator[NucleiBlock]:
    """The blocks whose nuclei may meet a box."""
    left, top, right, bottom = box
    for row in range(int((top - REACH_PX) // BLOCK_PX), int((bottom + REACH_PX) // BLOCK_PX) + 1):
        for column in range(
            int((left - REACH_PX) // BLOCK_PX), int((right + REACH_PX) // BLOCK_PX) + 1
        ):
            yield NucleiBlock(column, row)


def read_places(store: Path) -> dict[NucleiBlock, Places]:
    """Where all nuclei of a store lie; slow."""
    return {
        block: Places(nuclei.centres, nuclei.pixels)
        for block, nuclei in stored_blocks(store)
        if len(nuclei)
    }


def nuclei_table(rgb: tuple[int, int, int], opacity: float) -> NDArray[np.uint32]:
    """The colour of each step of `NucleiParts`: premultiplied ARGB.

    An outline is stronger than what it encloses, so that the nucleus itself can be seen.
    """
    line = math.sqrt(opacity) * np.arange(256) / 255
    rgba = np.zeros((COVERAGE + 256, 4), np.float64)
    rgba[:, :3] = rgb
    rgba[:LINE, 3] = 255 * line
    rgba[LINE:COVERAGE, 3] = 255 * np.maximum(line, opacity / 2)
    made = premultiplied(rgba)
    reds = ramp(RED, opacity)
    places = np.clip(np.arange(256) / 255 / DENSE, 0, 1)
    made[COVERAGE:] = reds[np.rint(places * (len(reds) - 1)).astype(np.intp)]
    return made
