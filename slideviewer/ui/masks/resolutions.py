"""How fine a mask of a slide can be."""

from __future__ import annotations

from slideviewer.annotations.masks import MaskGrid
from slideviewer.slide import Slide, Spacing

SMALLEST_SIDE_PX = 64
"""Coarser masks are not offered."""


def mask_resolutions(slide: Slide) -> list[tuple[str, MaskGrid]]:
    """The masks to choose from, in words, the finest first: the slide's levels and all halvings."""
    pyramid = slide.pyramid
    size = pyramid.width, pyramid.height
    grids: dict[float, tuple[str, MaskGrid]] = {}
    for number, level in enumerate(pyramid.levels):
        grid = MaskGrid.fitted(size, (level.width, level.height))
        grids.setdefault(round(grid.scale_x, 3), (f", level {number}", grid))
    downsample = 1
    while min(size) / downsample >= SMALLEST_SIDE_PX:
        grids.setdefault(downsample, ("", MaskGrid.covering(*size, downsample)))
        downsample *= 2
    found = []
    for scale, (note, grid) in sorted(grids.items()):
        um_px = ""
        if isinstance(slide.spacing, Spacing):
            um_px = f", {slide.spacing.um_px * scale:.3g} µm/px"
        found.append((f"1 : {scale:g}{um_px}{note}", grid))
    return found
