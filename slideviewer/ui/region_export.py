"""Writing part of a slide as a picture, band by band: pure functions, no window."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slideviewer.errors import SlideError
from slideviewer.files import replacing
from slideviewer.geometry import Rect
from slideviewer.progress import Progress, Step
from slideviewer.slide import Pixels, Slide, Spacing, open_slide
from slideviewer.slide.writing import write_pyramid

MOST_PNG_PX = 2_000_000_000
"""Pixels; hardly any program opens a larger PNG, which has neither tiles nor levels."""

BAND_PX = 16_000_000
"""Pixels read at a time: 48 MB."""

PNG_COMPRESSION = 4
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
    SlideError
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
        if is_png:
            _write_png(target, region, _bands(slide, region), um_px, progress)
        else:
            size = region.width, region.height
            bands = _bands(slide, region)
            write_pyramid(target, size, bands, um_px, "", JPEG_QUALITY, progress)


def _bands(slide: Slide, region: Region) -> Iterator[Pixels]:
    rows = max(1, min(region.height, BAND_PX // region.width))
    for top in range(0, region.height, rows):
        height = min(rows, region.height - top)
        yield slide.read_region(
            region.level, region.x_level, region.y_level + top, region.width, height
        )


def _write_png(
    path: Path,
    region: Region,
    bands: Iterator[Pixels],
    um_px: float | None,
    progress: Progress,
) -> None:
    """Stream a PNG (ISO/IEC 15948): each row is the difference from the one above (filter Up)."""
    try:
        with replacing(path) as stream:
            stream.write(b"\x89PNG\r\n\x1a\n")
            stream.write(
                _chunk(b"IHDR", struct.pack(">IIBBBBB", region.width, region.height, 8, 2, 0, 0, 0))
            )
            if um_px is not None:
                per_metre = min(round(1e6 / um_px), 2**31 - 1)
                stream.write(_chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)))
            packer = zlib.compressobj(PNG_COMPRESSION)
            above = np.zeros((1, region.width * 3), np.uint8)
            done = 0
            for band in bands:
                rows = band.reshape(len(band), -1)
                filtered = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
                filtered[:, 0] = 2
                np.subtract(rows, np.concatenate([above, rows[:-1]]), out=filtered[:, 1:])
                above = rows[-1:]
                packed = packer.compress(filtered.tobytes())
                if packed:
                    stream.write(_chunk(b"IDAT", packed))
                done += len(band)
                progress(Step(done, region.height, "Writing the picture", "rows"))
            stream.write(_chunk(b"IDAT", packer.flush()))
            stream.write(_chunk(b"IEND", b""))
    except OSError as error:
        raise SlideError(
            f"The picture cannot be written ({error.strerror or error}).",
            path=path,
            remedy="Choose a folder that exists, may be written to and has room.",
        ) from error


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
