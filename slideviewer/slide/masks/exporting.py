"""Writing masks: pyramidal TIFF of any size, tile by tile, or PNG."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray

from slideviewer.annotations.json_file import sound
from slideviewer.annotations.masks import UNGROUPED_WORD, Labels, MaskGrid, MaskPainting
from slideviewer.annotations.model import AnnotationSet
from slideviewer.errors import SlideError
from slideviewer.files import replacing
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide.masks.note import MOST_SCALE, MOST_SIDE_PX, MaskNote
from slideviewer.slide.png_writing import MOST_PNG_PX, write_png
from slideviewer.slide.slide import Spacing, UnknownSpacing
from slideviewer.slide.writing import level_sizes

MASK_SUFFIXES = (".tif", ".tiff", ".png")
"""What the names of masks end in."""

TILE_SIZE = 512
"""ASAP's own tiles."""
_COMPRESSION = 6
_BIG_TIFF_BYTES = 3.5e9
"""Classic TIFF counts in 32 bits; so large a mask, uncompressed, is written as BigTIFF."""
_LEVELS_BYTES = 4 / 3
"""A pyramid whose levels have half the sides takes a third more than its first."""

WRITING = "Painting the mask"


def mask_bytes(grid: MaskGrid, labels: Labels, *, is_png: bool) -> float:
    """What a mask takes before it is packed; in a file it is mostly a hundredth of that."""
    return grid.pixels * (1 if labels.most < 256 else 2) * (1 if is_png else _LEVELS_BYTES)


def write_mask(
    path: Path,
    annotations: AnnotationSet,
    labels: Labels,
    grid: MaskGrid,
    size: tuple[int, int],
    spacing: Spacing | UnknownSpacing | None = None,
    progress: Progress = silent,
) -> None:
    """Write annotations as a mask of labels.

    A TIFF has deflated tiles of 512 px and levels down to about 1,024 px, each painted anew, so
    that every pixel of every level has the label that its centre lies in. ASAP, OpenSlide and
    QuPath open it. Memory does not grow with the mask.

    Parameters
    ----------
    path : Path
        The name's end says the format: one of `MASK_SUFFIXES`. Replaced only when all is written.
    annotations : AnnotationSet
        Left as it is.
    labels : Labels
    grid : MaskGrid
    size : tuple of int
        Width and height of the slide, in level-0 pixels.
    spacing : Spacing or UnknownSpacing, optional
        Of the slide.
    progress : Progress
        Called for each row of tiles; cancelling leaves nothing behind.

    Raises
    ------
    SlideError
        Where the file cannot be written, is to be a PNG beyond `MOST_PNG_PX`, or its name ends in
        something else.
    """
    suffix = path.suffix.lower()
    if suffix not in MASK_SUFFIXES:
        raise SlideError(
            f'has the ending "{suffix}", in which no mask is written.',
            path=path,
            remedy=f"Choose one of {', '.join(MASK_SUFFIXES)}.",
        )
    if max(grid.width, grid.height, *size) > MOST_SIDE_PX or max(grid.scale) > MOST_SCALE:
        raise SlideError(
            f"No mask of {grid.width} × {grid.height} px can be written for a slide of "
            f"{size[0]} × {size[1]}.",
            path=path,
            remedy="Check the size of the slide, and how much of it one pixel of the mask covers.",
        )
    um_px: tuple[float, float] | None = None
    if isinstance(spacing, Spacing):
        um_px = spacing.x_um_px * grid.scale_x, spacing.y_um_px * grid.scale_y
    if suffix == ".png":
        if grid.pixels > MOST_PNG_PX:
            raise SlideError(
                f"{grid.width} × {grid.height} px are too many for one PNG.",
                path=path,
                remedy="Write a TIFF, or choose a coarser level.",
            )
        painting = MaskPainting(annotations, labels, grid)
        write_png(
            path,
            (grid.width, grid.height),
            painting.bands(),
            um_px,
            lambda step: progress(Step(step.done, step.total, WRITING, step.unit)),
            grey=painting.dtype,
        )
        return
    note = MaskNote(
        size=size,
        scale=grid.scale,
        labels={
            UNGROUPED_WORD if group is None else sound(group): label
            for group, label in labels.values.items()
        },
    )
    try:
        with replacing(path) as stream:
            _write_tiff(stream, MaskPainting(annotations, labels, grid), note, um_px, progress)
    except OSError as error:
        raise SlideError(
            f"The mask cannot be written ({error.strerror or error}).",
            path=path,
            remedy="Choose a folder that exists, may be written to and has room.",
        ) from error


def _write_tiff(
    stream: BinaryIO,
    painting: MaskPainting,
    note: MaskNote,
    um_px: tuple[float, float] | None,
    progress: Progress,
) -> None:
    grid = painting.grid
    sizes = level_sizes(grid.width, grid.height)
    total = sum(-(-height // TILE_SIZE) for _, height in sizes)
    done = 0
    is_big = grid.pixels * painting.dtype.itemsize * _LEVELS_BYTES > _BIG_TIFF_BYTES
    handle = tifffile.FileHandle(stream, name="mask", size=0)  # by itself it wants a name as text
    with tifffile.TiffWriter(handle, bigtiff=is_big, byteorder="<") as file:
        for number, (width, height) in enumerate(sizes):
            if number:
                painting = painting.halved
            resolution = (1.0, 1.0)
            if um_px is not None:
                resolution = (1e4 / (um_px[0] * 2**number), 1e4 / (um_px[1] * 2**number))
            file.write(
                _tiles(painting, done, total, progress),
                shape=(height, width),
                dtype=painting.dtype,
                tile=(TILE_SIZE, TILE_SIZE),
                photometric="minisblack",
                compression="zlib",
                resolution=resolution,
                resolutionunit="CENTIMETER" if um_px is not None else "NONE",
                subfiletype=1 if number else 0,
                description=note.as_text() if not number else None,
                software="slideviewer",
                metadata=None,
            )
            done += -(-height // TILE_SIZE)


def _tiles(painting: MaskPainting, done: int, total: int, progress: Progress) -> Iterator[bytes]:
    """The packed tiles of a level, row by row; what is of one label throughout is packed once."""
    grid = painting.grid
    stored = painting.dtype.newbyteorder("<")
    plain: dict[int, bytes] = {}
    for row, top in enumerate(range(0, grid.height, TILE_SIZE)):
        progress(Step(done + row, total, WRITING, "rows of tiles"))
        height = min(TILE_SIZE, grid.height - top)
        for tile in painting.tiles(top, height, TILE_SIZE):
            label = int(tile[0, 0])
            is_plain = tile.shape == (TILE_SIZE, TILE_SIZE) and bool((tile == label).all())
            if is_plain and label in plain:
                yield plain[label]
                continue
            packed = _packed(tile, stored)
            if is_plain:
                plain[label] = packed
            yield packed


def _packed(tile: NDArray[Any], stored: np.dtype[Any]) -> bytes:
    whole = np.zeros((TILE_SIZE, TILE_SIZE), stored)
    whole[: tile.shape[0], : tile.shape[1]] = tile
    return bytes(imagecodecs.zlib_encode(whole.tobytes(), level=_COMPRESSION))
