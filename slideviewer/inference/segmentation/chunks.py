"""The squares in which a mask is predicted, kept and shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from slideviewer.inference.segmentation.frame import MaskFrame

CHUNK_PX = 512
"""Side of a chunk in mask pixels."""


@dataclass(frozen=True)
class Chunk:
    """One square of a mask.

    Attributes
    ----------
    column, row : int
    box : tuple of int
        x, y, width, height in pixels of the frame; narrower at its right and bottom edge.
    """

    column: int
    row: int
    box: tuple[int, int, int, int]

    @classmethod
    def of(cls, frame: MaskFrame, column: int, row: int) -> Chunk:
        """The chunk of a frame at a place in its grid of chunks."""
        x, y = column * CHUNK_PX, row * CHUNK_PX
        box = x, y, min(CHUNK_PX, frame.width - x), min(CHUNK_PX, frame.height - y)
        return cls(column, row, box)

    def along_squares(self) -> int:
        """Its number on a curve that finishes each square of four before the next (Morton's)."""
        return sum(
            (self.column >> bit & 1) << 2 * bit | (self.row >> bit & 1) << 2 * bit + 1
            for bit in range(max(self.column, self.row).bit_length())
        )


def chunk_grid(frame: MaskFrame) -> tuple[int, int]:
    """How many chunks a frame has: rows, columns."""
    return -(-frame.height // CHUNK_PX), -(-frame.width // CHUNK_PX)


def chunks_in(frame: MaskFrame, box: tuple[int, int, int, int]) -> Iterator[Chunk]:
    """The chunks that meet a part of a frame: x, y, width, height in its pixels."""
    x, y, width, height = box
    if width > 0 and height > 0:
        for row in range(max(0, y // CHUNK_PX), -(-min(y + height, frame.height) // CHUNK_PX)):
            for column in range(max(0, x // CHUNK_PX), -(-min(x + width, frame.width) // CHUNK_PX)):
                yield Chunk.of(frame, column, row)
