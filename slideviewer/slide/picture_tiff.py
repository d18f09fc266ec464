"""Read TIFF files that are no slides: flat, grey, 16 bits deep."""

from __future__ import annotations

import logging
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from slideviewer.errors import SlideError
from slideviewer.slide.colour import rgb_from_any
from slideviewer.slide.picture import Picture, refuse_oversize, upright

# What tifffile has to say of damaged files we say ourselves, as errors.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""First bytes of TIFF and BigTIFF in either byte order."""

_UM_PER_UNIT = {2: 25400.0, 3: 10000.0}
"""Micrometres in the units of tag 296: inch, centimetre."""

_COLOURS = ("MINISWHITE", "MINISBLACK", "RGB", "PALETTE", "YCBCR")

_DAMAGE = (
    OSError,
    EOFError,
    ValueError,  # TiffFileError too
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RuntimeError,  # the decoders' errors
    MemoryError,  # for tiles that claim a vast size
    struct.error,
    zlib.error,
)
"""What tifffile and its decoders raise over damaged or unknown files."""


def read_tiff_file(path: Path, head: bytes) -> Picture | None:
    """Read the first picture of a TIFF file.

    Parameters
    ----------
    path : Path
    head : bytes
        The first bytes of the file.

    Returns
    -------
    Picture or None
        None where the file is no TIFF.

    Raises
    ------
    SlideError
        Where it is damaged, cut off, too large, or of a kind not known.
    """
    if not head.startswith(SIGNATURES):
        return None
    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages.first
            refuse_oversize(path, page.imagewidth, page.imagelength)
            if _is_cut_off(file):
                raise EOFError
            properties = _properties(page, len(file.pages))
            pixels = rgb_from_any(_pixels(page))
            icc_profile = page.iccprofile
    except _DAMAGE as error:
        # The other errors' words are for programmers.
        speaks = isinstance(error, ValueError | RuntimeError | OSError)
        reason = error if speaks else "it is damaged or cut off"
        raise SlideError(
            f"This TIFF picture cannot be read: {reason}.",
            path=path,
            remedy="Copy it again from its source, or save it as RGB with 8 bits a channel.",
        ) from error
    pixels = np.ascontiguousarray(upright(pixels, int(properties["picture.orientation"])))
    return Picture(pixels, "tiff", properties, icc_profile)


def bits_per_channel(path: Path) -> int:
    """Tell how many bits a TIFF file has for each channel; 0 where that cannot be read."""
    try:
        with tifffile.TiffFile(path) as file:
            return int(file.pages.first.bitspersample)
    except _DAMAGE:
        return 0


def _is_cut_off(file: tifffile.TiffFile) -> bool:
    """Tell whether the pixels or the list of pages reach beyond the file's end.

    Decoders fill what is missing with grey, and a slide whose last pages are gone would pass for
    a plain picture.
    """
    page, size = file.pages.first, file.filehandle.size
    ends = map(sum, zip(page.dataoffsets, page.databytecounts, strict=True))
    if max(ends, default=0) > size:
        return True
    layout, handle = file.tiff, file.filehandle
    handle.seek(file.pages[-1].offset)
    tags = struct.unpack(layout.tagnoformat, handle.read(layout.tagnosize))[0]
    handle.seek(tags * layout.tagsize, 1)
    next_page = struct.unpack(layout.offsetformat, handle.read(layout.offsetsize))[0]
    return bool(next_page >= size)


def _pixels(page: tifffile.TiffPage) -> NDArray[Any]:
    """Decode the page; channels last."""
    colours = tifffile.PHOTOMETRIC(page.photometric).name
    if colours not in _COLOURS:
        raise ValueError(f"its colours are {colours}, not grey or RGB")
    if page.imagedepth != 1 or page.samplesperpixel > 4:
        raise ValueError(f"it has {page.samplesperpixel} channels and {page.imagedepth} planes")
    pixels = page.asarray()
    if page.axes == "SYX":
        pixels = np.moveaxis(pixels, 0, -1)
    if colours == "MINISWHITE" and pixels.dtype.kind in "bu":
        pixels = ~pixels
    if colours == "PALETTE":
        if page.colormap is None:
            raise ValueError("its palette is missing")
        pixels = (np.moveaxis(page.colormap[:, pixels], 0, -1) >> 8).astype(np.uint8)
    return np.asarray(pixels)


def _properties(page: tifffile.TiffPage, pages: int) -> dict[str, str]:
    """In OpenSlide's names, so that one rule judges the spacing."""
    orientation = page.tags.valueof(274, 1)
    properties = {
        "tiff.ImageDescription": page.description,
        "tiff.pages": str(pages),
        "picture.orientation": str(int(orientation)),
    }
    um_per_unit = _UM_PER_UNIT.get(int(page.tags.valueof(296, 2)))
    for axis, code in (("x", 282), ("y", 283)):
        numerator, denominator = page.tags.valueof(code, (0, 1))
        if um_per_unit and numerator and denominator:
            properties[f"openslide.mpp-{axis}"] = str(um_per_unit * denominator / numerator)
    return properties
