"""Choose the TIFF files that are read tile by tile without OpenSlide, and open them."""

from __future__ import annotations

import logging
from pathlib import Path

import tifffile

from slideviewer.errors import SlideError
from slideviewer.slide.open_file import OpenFile
from slideviewer.slide.picture import UPRIGHT
from slideviewer.slide.picture_tiff import tiff_properties
from slideviewer.slide.stored_tiles import StoredTiles
from slideviewer.slide.tiff_damage import DAMAGE, are_pages_cut_off, is_description_cut_off
from slideviewer.slide.tiff_layout import (
    NUMBERS,
    Layout,
    find_layout,
    has_opacity,
    is_ordinary,
    orientation,
)
from slideviewer.slide.tile_decoding import MINISBLACK, MINISWHITE, RGB, YCBCR, UnknownTiles
from slideviewer.slide.tiled_tiff import TiledTiff

_READABLE_COLOURS = (MINISWHITE, MINISBLACK, RGB, YCBCR)

_log = logging.getLogger(__name__)


def open_tiled_tiff(path: Path) -> TiledTiff | None:
    """Open a tiled TIFF with channels, more than 8 bits, or levels that OpenSlide does not see.

    Parameters
    ----------
    path : Path

    Returns
    -------
    TiledTiff or None
        None where OpenSlide or the reader of plain pictures does as well, or the tiles are of a
        kind not known here, or the file is so damaged that nothing can be told.

    Raises
    ------
    SlideError
        Where the file cannot be opened, or its last part is missing.
    """
    file = OpenFile(path)
    slide = None
    try:
        with file.stream() as stream, tifffile.TiffFile(stream, name=path.name) as tiff:
            if is_description_cut_off(tiff):
                raise _cut_off(path)
            if not is_ordinary(tiff.pages.first):
                layout = find_layout(tiff, path.name)
                if are_pages_cut_off(tiff, layout.levels[0]):
                    raise _cut_off(path)
                if _is_wanted(layout):
                    slide = _opened(file, tiff, layout)
    except (UnknownTiles, *DAMAGE) as error:
        # What reads it instead says what is wrong.
        _log.info("%s is not read tile by tile: %r", path, error)
    finally:
        if slide is None:
            file.close()
    return slide


def _opened(file: OpenFile, tiff: tifffile.TiffFile, layout: Layout) -> TiledTiff:
    page = layout.levels[0][0]
    levels = [[StoredTiles(file, plane) for plane in planes] for planes in layout.levels]
    return TiledTiff(
        file, layout, levels, tiff_properties(tiff, page, layout.notices), page.iccprofile
    )


def _cut_off(path: Path) -> SlideError:
    return SlideError(
        "This TIFF file is cut off: its last part is missing.",
        path=path,
        remedy="Copy it again from its source.",
    )


def _is_wanted(layout: Layout) -> bool:
    page = layout.levels[0][0]
    is_readable = (
        page.is_tiled
        and page.photometric in _READABLE_COLOURS
        and str(page.dtype) in NUMBERS
        and (page.photometric, str(page.dtype)) != (MINISWHITE, "float32")
        and not (layout.labels and has_opacity(page))
    )
    # Of a slide of 8 bits in colours, OpenSlide reads all but OME's levels.
    is_more = layout.labels or layout.vendor == "qptiff" or len(layout.levels) > 1
    return bool(orientation(page) == UPRIGHT and is_readable and is_more)
