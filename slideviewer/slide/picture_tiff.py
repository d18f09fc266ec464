"""Read TIFF files that are no slides, and single pages of those that are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from slideviewer.errors import SlideError
from slideviewer.slide.channel_colours import Label
from slideviewer.slide.colour import rgb_from_any
from slideviewer.slide.imagej import hyperstack, read_plane, um_per_unit
from slideviewer.slide.picture import Picture, refuse_oversize, upright
from slideviewer.slide.slide import Pixels
from slideviewer.slide.tiff_damage import (
    DAMAGE,
    are_pages_cut_off,
    are_pixels_cut_off,
    is_description_cut_off,
)
from slideviewer.slide.tiff_layout import NUMBERS, find_layout, has_opacity, orientation

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""First bytes of TIFF and BigTIFF in either byte order."""

NOTICE = "slideviewer.notice"
"""The property that tells what of a file is not shown."""

_UM_PER_UNIT = {2: 25400.0, 3: 10000.0}
"""Micrometres in the units of tag 296: inch, centimetre."""

_COLOURS = ("MINISWHITE", "MINISBLACK", "RGB", "PALETTE", "YCBCR")


def read_tiff_file(path: Path, head: bytes) -> Picture | None:
    """Read the picture of a TIFF file: of several the one that `find_layout` takes for the slide.

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
            return _read(path, file)
    except DAMAGE as error:
        raise _refusal(path, error) from error


def read_tiff_page(path: Path, number: int) -> Pixels:
    """Read one page as a picture in colours, such as a slide's label.

    Raises
    ------
    SlideError
        Where it is damaged, too large, or of a kind not known.
    """
    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages[number].aspage()
            refuse_oversize(path, page.imagewidth, page.imagelength)
            pixels = rgb_from_any(_pixels(page))
    except DAMAGE as error:
        raise _refusal(path, error) from error
    return np.ascontiguousarray(upright(pixels, orientation(page)))


def bits_per_channel(path: Path) -> int:
    """Tell how many bits a TIFF file has for each channel; 0 where that cannot be read."""
    try:
        with tifffile.TiffFile(path) as file:
            return int(file.pages.first.bitspersample)
    except DAMAGE:
        return 0


def tiff_properties(
    file: tifffile.TiffFile, page: tifffile.TiffPage, notices: Iterable[str] = ()
) -> dict[str, str]:
    """Gather what a page says, in OpenSlide's names, so that one rule judges the spacing."""
    properties = {
        "tiff.ImageDescription": file.pages.first.description,
        "picture.orientation": str(orientation(page)),
    }
    um = um_per_unit(file) or _UM_PER_UNIT.get(int(page.tags.valueof(296, 2)))
    for axis, code in (("x", 282), ("y", 283)):
        numerator, denominator = page.tags.valueof(code, (0, 1))
        if um and numerator and denominator:
            properties[f"openslide.mpp-{axis}"] = str(um * denominator / numerator)
    if notice := "; ".join(notices):
        properties[NOTICE] = notice[0].upper() + notice[1:] + "."
    return properties


def _read(path: Path, file: tifffile.TiffFile) -> Picture:
    layout = find_layout(file, path.name)
    page = layout.levels[0][0]
    refuse_oversize(path, page.imagewidth, page.imagelength)
    planes = layout.levels[0]
    if (
        is_description_cut_off(file)
        or are_pages_cut_off(file, planes)
        or are_pixels_cut_off(file, planes)
    ):
        raise EOFError
    stack = hyperstack(file)
    notices = stack.notices if stack else layout.notices
    labels: tuple[Label, ...] = ()
    if stack is not None:
        labels = stack.labels
        _refuse_channels(path, page, len(labels))
        pixels = np.stack([read_plane(file, number) for number in stack.planes], axis=-1)
    elif layout.labels and not has_opacity(page):
        labels = layout.labels
        _refuse_channels(path, page, len(labels))
        pixels = np.concatenate([_channels_last(_pixels(page)) for page in planes], axis=-1)
    else:
        pixels = rgb_from_any(_pixels(page))
    properties = {
        **tiff_properties(file, page, notices),
        "tiff.pages": str(len(file.pages)),
    }
    return Picture(
        np.ascontiguousarray(upright(pixels, orientation(page))),
        "tiff",
        properties,
        page.iccprofile,
        labels,
        layout.is_colour,
        layout.spacing_words,
    )


def _refuse_channels(path: Path, page: tifffile.TiffPage, count: int) -> None:
    if page.dtype is None or str(page.dtype) not in NUMBERS:
        raise ValueError(f"its pixels are {page.dtype} numbers, not {', '.join(NUMBERS)}")
    refuse_oversize(path, page.imagewidth, page.imagelength, count * page.dtype.itemsize)


def _refusal(path: Path, error: BaseException) -> SlideError:
    # The other errors' words are for programmers.
    speaks = isinstance(error, ValueError | RuntimeError | OSError)
    reason = error if speaks else "it is damaged or cut off"
    return SlideError(
        f"This TIFF picture cannot be read: {reason}.",
        path=path,
        remedy="Copy it again from its source, or save it as RGB with 8 bits a channel.",
    )


def _pixels(page: tifffile.TiffPage) -> NDArray[Any]:
    """Decode a page; samples last."""
    colours = tifffile.PHOTOMETRIC(page.photometric).name
    if colours not in _COLOURS:
        raise ValueError(f"its colours are {colours}, not grey or RGB")
    if page.imagedepth != 1:
        raise ValueError(f"it has {page.imagedepth} planes")
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


def _channels_last(pixels: NDArray[Any]) -> NDArray[Any]:
    return pixels[..., None] if pixels.ndim == 2 else pixels
