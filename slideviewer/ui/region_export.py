"""Writing part of a slide as a picture, band by band: pure functions, no window."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from slideviewer.errors import SlideError
from slideviewer.geometry import Rect
from slideviewer.progress import Progress, Step
from slideviewer.slide import Pixels, Slide, Spacing, open_slide
from slideviewer.slide.png_writing import MOST_PNG_PX, WRITING, write_png
from slideviewer.slide.writing import write_pyramid

BLOCK_PX = 1_000_000
"""Pixels read between two looks at whether the user has cancelled: a fraction of a second."""

JPEG_QUALITY = 90

PNG_BYTES_PX, TIFF_BYTES_PX = 1.6, 0.45
"""What stained tissue takes in a file, roughly; a TIFF with all its levels."""


@dataclass(frozen=True)
class Region:
    """A rectangle of one level of a slide.

    Attributes
    ----------
    level : int
    x_level, y_level, width, height : int
        In pixels of that level.
    """

    level: int
    x_level: int
    y_level: int
    width: int
    height: int

    @classmethod
    def of(cls, slide: Slide, rect: Rect, level: int) -> Region:
        """The pixels of a level that a level-0 rectangle touches, within the slide.

        Raises
        ------
        SlideError
            Where it touches none.
        """
        inside = rect.intersection(slide.pyramid.extent)
        if inside.is_empty:
            raise SlideError("The region lies outside the slide.", path=slide.path)
        at = slide.pyramid.levels[level]
        across, down = at.width / slide.pyramid.width, at.height / slide.pyramid.height
        left, top = math.floor(inside.x * across), math.floor(inside.y * down)
        right = min(at.width, math.ceil(inside.right * across - 1e-6))
        bottom = min(at.height, math.ceil(inside.bottom * down - 1e-6))
        return cls(level, left, top, max(1, right - left), max(1, bottom - top))

    @property
    def pixels(self) -> int:
        """How many there are."""
        return self.width * self.height


def spacing_of(slide: Slide, level: int) -> float | None:
    """Micrometres per pixel of a level; None where nobody knows."""
    if not isinstance(slide.spacing, Spacing):
        return None
    return slide.spacing.um_px * slide.pyramid.levels[level].downsample


def save_region(source: Path, region: Region, target: Path, progress: Progress) -> None:
    """Write a region as PNG or as pyramidal TIFF with JPEG tiles, as the target's name says.

    The pixels are those of the file, without brightness, colour profile or anything that lies
    over the slide. The slide is opened anew, so it may be closed in the window meanwhile.

    Parameters
    ----------
    source : Path
        The slide.
    region : Region
    target : Path
        Replaced only when all is written.
    progress : Progress

    Raises
    ------
    SlideviewerError
        Where the slide is damaged there, the file cannot be written, or the PNG would be larger
        than `MOST_PNG_PX`.
    """
    is_png = target.suffix.lower() == ".png"
    if is_png and region.pixels > MOST_PNG_PX:
        raise SlideError(
            f"{region.width} × {region.height} px are too many for one PNG.",
            remedy="Save it as TIFF, or choose a coarser level.",
        )
    with closing(open_slide(source)) as slide:
        um_px = spacing_of(slide, region.level)
        size, bands = (region.width, region.height), _bands(slide, region, progress)
        if is_png:
            both = None if um_px is None else (um_px, um_px)
            write_png(target, size, bands, both, progress)
        else:
            write_pyramid(
                target,
                size,
                bands,
                um_px,
                quality=JPEG_QUALITY,
                progress=lambda step: progress(replace(step, text=WRITING)),
            )


def _bands(slide: Slide, region: Region, progress: Progress) -> Iterator[Pixels]:
    """Read a region in bands of whole rows of tiles, so that each tile is decoded once."""
    tile = slide.pyramid.tile_size
    across = max(1, BLOCK_PX // tile**2) * tile
    for y, height in _cut(region.y_level, region.height, tile):
        band = np.empty((height, region.width, 3), np.uint8)
        for x, width in _cut(region.x_level, region.width, across):
            progress(Step(y - region.y_level, region.height, WRITING, "rows"))
            left = x - region.x_level
            band[:, left : left + width] = slide.read_region(region.level, x, y, width, height)
        yield band


def _cut(start: int, length: int, step: int) -> Iterator[tuple[int, int]]:
    """Start and length of the parts of a stretch, cut where a coordinate is a whole step."""
    end = start + length
    while start < end:
        part = min(end, start - start % step + step) - start
        yield start, part
        start += part
