"""A file of labels, opened for reading: a mask of any program, or a grey picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL.PngImagePlugin import PngImageFile

from slideviewer.errors import SlideError
from slideviewer.slide.masks.note import MaskNote, read_note
from slideviewer.slide.mosaic import lay_tiles
from slideviewer.slide.open_file import OpenFile
from slideviewer.slide.opening import open_slide
from slideviewer.slide.picture import UPRIGHT, refuse_oversize
from slideviewer.slide.slide import Slide
from slideviewer.slide.stored_tiles import StoredTiles
from slideviewer.slide.tiff_damage import DAMAGE
from slideviewer.slide.tiff_layout import find_layout, orientation
from slideviewer.slide.tile_decoding import MINISBLACK, MINISWHITE, PALETTE, UnknownTiles

_LABEL_COLOURS = (MINISWHITE, MINISBLACK, PALETTE)

Labelled = NDArray[Any]
"""Labels of pixels: shape (height, width), of whole numbers."""


class MaskFile:
    """Labels at the resolution of one level of a file.

    Attributes
    ----------
    path : Path
    width, height : int
        In pixels of the level.
    sizes : tuple of tuple of int
        Width and height of each level of the file.
    note : MaskNote or None
        What a mask of our own says of itself.
    block : tuple of int
        Width and height of what is best read at a time.
    """

    def __init__(
        self,
        path: Path,
        sizes: list[tuple[int, int]],
        level: int,
        read: Callable[[int, int, int, int], Labelled],
        close: Callable[[], None],
        note: MaskNote | None = None,
        tile: tuple[int, int] = (256, 256),
    ) -> None:
        if not 0 <= level < len(sizes):
            close()
            raise SlideError(
                f"The mask has no level {level}.",
                path=path,
                remedy=f"Its levels are 0 to {len(sizes) - 1}.",
            )
        self.path, self.note = path, note
        self.width, self.height = sizes[level]
        self.sizes = tuple(sizes)
        self.block = _block(tile)
        self._read, self._close = read, close

    def read(self, x: int, y: int, width: int, height: int) -> Labelled:
        """Read labels; the region must lie within the level.

        Raises
        ------
        SlideError
            Where the file is damaged there, or shows colours.
        """
        return self._read(x, y, width, height)

    def close(self) -> None:
        """Let go of the file."""
        self._close()


def open_mask(path: Path, level: int = 0) -> MaskFile:
    """Open a mask: a TIFF with or without tiles and levels, or a PNG, of 1 to 16 bits in grey.

    Tiles that a TIFF leaves out are background. Of a palette the numbers count, not the colours.

    Parameters
    ----------
    path : Path
    level : int
        Of a TIFF with levels.

    Raises
    ------
    SlideError
        Where there is no such file or level, or it is damaged or of an unknown format.
    """
    return _open_tiled(path, level) or _open_palette(path, level) or _open_picture(path, level)


def _open_tiled(path: Path, level: int) -> MaskFile | None:
    """Open a tiled TIFF of one sample a pixel; None for all else."""
    try:
        file = OpenFile(path)
    except SlideError:
        return None  # what reads it instead says what is wrong
    mask = None
    try:
        with file.stream() as stream, tifffile.TiffFile(stream, name=path.name) as tiff:
            pages = [planes[0] for planes in find_layout(tiff, path.name).levels]
            first = pages[0]
            if (
                first.is_tiled
                and first.samplesperpixel == 1
                and first.photometric in _LABEL_COLOURS
                and first.dtype is not None
                and first.dtype.kind == "u"
                and orientation(first) == UPRIGHT
            ):
                sizes = [(int(page.imagewidth), int(page.imagelength)) for page in pages]
                tiles = StoredTiles(file, pages[min(level, len(pages) - 1)])
                mask = MaskFile(
                    path,
                    sizes,
                    level,
                    _tile_reader(tiles, is_inverted=first.photometric == MINISWHITE),
                    file.close,
                    read_note(first.description),
                    (tiles.tile_width, tiles.tile_height),
                )
    except (UnknownTiles, *DAMAGE):
        return None
    finally:
        if mask is None:
            file.close()
    return mask


def _tile_reader(
    tiles: StoredTiles, *, is_inverted: bool
) -> Callable[[int, int, int, int], Labelled]:
    def read_tile(column: int, row: int) -> Labelled:
        tile = tiles.read_tile(column, row)
        if tile is None:
            return np.zeros((tiles.tile_height, tiles.tile_width), tiles.dtype)
        return ~tile[..., 0] if is_inverted else tile[..., 0]

    def read(x: int, y: int, width: int, height: int) -> Labelled:
        region = np.zeros((height, width), tiles.dtype)
        tile_size = tiles.tile_width, tiles.tile_height
        lay_tiles(region, (x, y), (tiles.width, tiles.height), tile_size, read_tile)
        return region

    return read


def _open_palette(path: Path, level: int) -> MaskFile | None:
    """Open a PNG with a palette, whose colours `open_slide` would give; None for all else."""
    try:
        with path.open("rb") as file, PngImageFile(file) as image:
            if image.mode != "P":
                return None
            refuse_oversize(path, *image.size)
            numbers = np.asarray(image)
    except (SyntaxError, *DAMAGE):  # Pillow's word for a bad header
        return None

    def read(x: int, y: int, width: int, height: int) -> Labelled:
        return numbers[y : y + height, x : x + width]

    return MaskFile(path, [image.size], level, read, lambda: None)


def _open_picture(path: Path, level: int) -> MaskFile:
    slide = open_slide(path)
    levels = slide.pyramid.levels
    sizes = [(at.width, at.height) for at in levels]
    if slide.vendor in ("png", "jpeg", "bmp", "tiff"):
        sizes = sizes[:1]  # the others are made here, of mixed labels
    note = read_note(str(slide.properties.get("tiff.ImageDescription", "")))
    return MaskFile(path, sizes, level, _grey_reader(slide, level), slide.close, note)


def _grey_reader(slide: Slide, level: int) -> Callable[[int, int, int, int], Labelled]:
    def read(x: int, y: int, width: int, height: int) -> Labelled:
        if slide.channels:
            values = slide.read_channels(level, x, y, width, height)
        else:
            values = slide.read_region(level, x, y, width, height)
        grey = values[..., 0]
        if values.dtype.kind != "u" or not (values == grey[..., None]).all():
            raise SlideError(
                "This is a picture in colours, or of fractions, not a mask.",
                path=slide.path,
                remedy="A mask has one whole number a pixel: grey, with 8 or 16 bits.",
            )
        return np.asarray(grey)

    return read


def _block(tile: tuple[int, int]) -> tuple[int, int]:
    """Whole tiles: about 4,096 px across and 512 px down."""
    width, height = tile
    return max(1, 4096 // width) * width, max(1, 512 // height) * height
