"""Which pages of a TIFF file are the levels that OpenSlide has of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
import tifffile

from slideviewer.slide.open_file import OpenFile
from slideviewer.slide.picture import UPRIGHT
from slideviewer.slide.pyramid import Level
from slideviewer.slide.stored_tiles import StoredTiles
from slideviewer.slide.tiff_damage import DAMAGE
from slideviewer.slide.tiff_layout import REDUCED, orientation
from slideviewer.slide.tile_decoding import MINISBLACK, RGB, YCBCR, UnknownTiles

PLAIN_VENDORS = ("aperio", "generic-tiff")
"""OpenSlide's names of the formats whose levels are nothing but their tiles side by side. In
others tiles overlap, stand for several places, or are only a part of the slide."""

MAX_PAGES = 64
"""So many pages are looked at; the files meant here have a few levels and three pictures."""


def tiles_of_levels(
    file: OpenFile, vendor: str, levels: Sequence[Level]
) -> list[StoredTiles | None]:
    """Find the stored tiles of each level.

    Parameters
    ----------
    file : OpenFile
    vendor : str
        One of `PLAIN_VENDORS`.
    levels : sequence of Level
        As OpenSlide has them.

    Returns
    -------
    list of StoredTiles or None
        One for each level. None where its tiles, decoded, would not surely be OpenSlide's pixels,
        or OpenSlide must be asked since the pages do not fit.
    """
    nothing: list[StoredTiles | None] = [None] * len(levels)
    try:
        with file.stream() as stream, tifffile.TiffFile(stream, name=file.path.name) as tiff:
            pages = [
                page
                for page in islice(tiff.pages, MAX_PAGES)
                if isinstance(page, tifffile.TiffPage) and page.is_tiled
            ]
            if vendor == "generic-tiff":
                # OpenSlide's rule: the first page and its smaller copies, by width.
                pages = [p for p in pages if p.index == 0 or int(p.subfiletype) & REDUCED]
                pages.sort(key=lambda page: -int(page.imagewidth))
            sizes = [(page.imagewidth, page.imagelength) for page in pages]
            if sizes != [(level.width, level.height) for level in levels]:
                return nothing
            if len(set(sizes)) < len(sizes):
                return nothing  # There is no telling which of them OpenSlide takes.
            found = [_tiles_of(file, page) for page in pages]
    except DAMAGE:
        return nothing
    if vendor == "aperio":
        # A tile missing here, or in a finer level above it, OpenSlide draws from finer levels.
        for number in range(1, len(found)):
            pair = found[number - 1 : number + 1]
            if not all(tiles is not None and tiles.all_stored() for tiles in pair):
                found[number:] = nothing[number:]
                break
    return found


def _tiles_of(file: OpenFile, page: tifffile.TiffPage) -> StoredTiles | None:
    if orientation(page) != UPRIGHT:
        return None
    try:
        tiles = StoredTiles(file, page)
    except UnknownTiles:
        return None
    is_colour = tiles.samples == 3 and tiles.format.photometric in (RGB, YCBCR)
    is_grey = tiles.samples == 1 and tiles.format.photometric == MINISBLACK
    fits = tiles.planes == 1 and tiles.dtype == np.uint8 and (is_colour or is_grey)
    return tiles if fits else None
