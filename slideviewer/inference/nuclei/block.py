"""The squares of a mask in which nuclei are found."""

from __future__ import annotations

from dataclasses import dataclass

from slideviewer.inference.segmentation.frame import MaskFrame

BLOCK_PX = 1024
"""Side of a block in pixels of the mask."""


@dataclass(frozen=True)
class NucleiBlock:
    """One square of a mask whose nuclei are found, kept and shown as one.

    Attributes
    ----------
    column, row : int
    """

    column: int
    row: int

    @property
    def corner(self) -> tuple[int, int]:
        """Its x and y, in pixels of the mask."""
        return self.column * BLOCK_PX, self.row * BLOCK_PX

    def window(self, frame: MaskFrame, margin_px: int) -> tuple[int, int, int, int]:
        """The block and a margin around, within the mask: x, y, width, height."""
        x, y = self.corner
        left, top = max(0, x - margin_px), max(0, y - margin_px)
        right = min(frame.width, x + BLOCK_PX + margin_px)
        bottom = min(frame.height, y + BLOCK_PX + margin_px)
        return left, top, right - left, bottom - top
