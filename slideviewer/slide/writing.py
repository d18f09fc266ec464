"""Write a slide: a tiled pyramid in one TIFF, band by band, without holding it in memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, cast

import cv2
import imagecodecs
import numpy as np
import tifffile

from slideviewer.errors import SlideError
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide.slide import Pixels

TILE_SIZE = 256
_SMALLEST_LEVEL = 1024
_FEWEST_LEVELS = 4
_CLASSIC_TIFF_BYTES = 3.5e9
"""Classic TIFF counts in 32 bits; half a byte a pixel is a generous guess for JPEG tiles."""


def level_sizes(width: int, height: int) -> list[tuple[int, int]]:
    """The (width, height) of every level that `write_pyramid` stores: halved each time.

    Halving stops once both sides are at most 1024 px, but never before the fourth level,
    and in any case before a side would vanish.
    """
    sizes = [(width, height)]
    while max(sizes[-1]) > _SMALLEST_LEVEL or len(sizes) < _FEWEST_LEVELS:
        if min(sizes[-1]) < 2:
            break
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    return sizes


def write_pyramid(
    path: Path,
    size: tuple[int, int],
    bands: Iterable[Pixels],
    spacing_um_px: float | None,
    description: str = "",
    quality: int = 85,
    progress: Progress = silent,
) -> None:
    """Write a pyramidal TIFF with JPEG tiles of 256 px that OpenSlide opens as "generic-tiff".

    Each level has half the sides of the one before, every pixel being the mean of the four
    that it covers, so that level n's pixel (x, y) starts at level 0's (x * 2**n, y * 2**n).
    The file is written beside ``path`` and renamed at the end; on any failure nothing stays.

    Parameters
    ----------
    path : Path
        The file to make; an existing one is replaced.
    size : tuple of int
        Width and height of level 0 in pixels.
    bands : iterable of ndarray (rows, width, 3), uint8, RGB
        Level 0 from top to bottom, any number of rows at a time.
    spacing_um_px : float or None
        Micrometres per level-0 pixel; None where nobody knows, which the file then says.
    description : str
        Stored as ImageDescription of level 0 (ASCII).
    quality : int
        JPEG quality, 1 to 100.
    progress : Progress
        Called after each band with the rows done; cancelling removes what was written.

    Raises
    ------
    SlideError
        Where the file cannot be written.
    ValueError
        Where the bands do not add up to the size.
    """
    width, height = size
    if width < 1 or height < 1 or (spacing_um_px is not None and not spacing_um_px > 0):
        raise ValueError(f"no slide of {width} × {height} px at {spacing_um_px} µm/px can be made")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            with tempfile.TemporaryDirectory(prefix=".pyramid-", dir=path.parent) as spool:
                _write(
                    part, Path(spool), size, bands, spacing_um_px, description, quality, progress
                )
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise SlideError(
            f"the slide cannot be written ({error.strerror or error}).",
            path=path,
            remedy="Choose a folder that exists, may be written to and has room.",
        ) from error


def _write(
    part: Path,
    spool: Path,
    size: tuple[int, int],
    bands: Iterable[Pixels],
    spacing_um_px: float | None,
    description: str,
    quality: int,
    progress: Progress,
) -> None:
    width, height = size
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        levels = [
            _LevelSpool(spool / f"{number}.tiles", level_size, quality, pool)
            for number, level_size in enumerate(level_sizes(width, height))
        ]
        try:
            for upper, lower in pairwise(levels):
                upper.lower = lower
            done = 0
            for band in bands:
                if band.shape[1:] != (width, 3) or band.dtype != np.uint8:
                    raise ValueError(f"a band of {width} px in RGB was expected, not {band.shape}")
                done += len(band)
                levels[0].add(band)
                progress(Step(done, height, "Writing the slide", "rows"))
            if done != height:
                raise ValueError(f"the bands hold {done} rows, and the slide {height}")
            levels[0].finish()
            is_large = width * height * 0.5 > _CLASSIC_TIFF_BYTES
            with tifffile.TiffWriter(part, bigtiff=is_large) as file:
                for number, level in enumerate(levels):
                    tiles = _while_wanted(level.tiles(), progress, height)
                    _append_level(file, level.size, tiles, number, spacing_um_px, description)
        finally:
            for level in levels:
                level.close()


def _while_wanted(tiles: Iterable[bytes], progress: Progress, rows: int) -> Iterator[bytes]:
    """Pass tiles on, and ask with each whether the file is still wanted."""
    for tile in tiles:
        progress(Step(rows, rows, "Writing the slide", "rows"))
        yield tile


def _append_level(
    file: tifffile.TiffWriter,
    size: tuple[int, int],
    tiles: Iterator[bytes],
    number: int,
    spacing_um_px: float | None,
    description: str,
) -> None:
    width, height = size
    pixels_cm = 1e4 / (spacing_um_px * 2**number) if spacing_um_px is not None else 1.0
    file.write(
        tiles,
        shape=(height, width, 3),
        dtype=np.uint8,
        tile=(TILE_SIZE, TILE_SIZE),
        photometric="ycbcr",
        subsampling=(2, 2),
        compression="jpeg",
        resolution=(pixels_cm, pixels_cm),
        resolutionunit="CENTIMETER" if spacing_um_px is not None else "NONE",
        subfiletype=1 if number else 0,
        description=description if not number else None,
        software="slideviewer",
        metadata=None,
    )


class _LevelSpool:
    """The encoded tiles of one level, on disk in order, and the rows that wait to fill a tile."""

    def __init__(self, path: Path, size: tuple[int, int], quality: int, pool: Executor) -> None:
        self.size = size
        self.lower: _LevelSpool | None = None
        self._quality = quality
        self._pool = pool
        self._file: BinaryIO = cast(BinaryIO, open(path, "w+b"))  # noqa: SIM115 - closed by close()
        self._lengths: list[int] = []
        self._waiting: list[Pixels] = []
        self._waiting_rows = 0

    def add(self, rows: Pixels) -> None:
        """Take the next rows; whatever makes full pairs of tile rows is encoded and passed on."""
        self._waiting.append(rows)
        self._waiting_rows += len(rows)
        # Two tile rows at a time, so that the level below always gets whole tile rows.
        ready = self._waiting_rows // (2 * TILE_SIZE) * 2 * TILE_SIZE
        if ready:
            block = np.concatenate(self._waiting) if len(self._waiting) > 1 else rows
            self._waiting = [block[ready:]]
            self._waiting_rows -= ready
            self._encode(block[:ready])

    def finish(self) -> None:
        """Encode the rows left over, here and in the levels below."""
        if self._waiting_rows:
            self._encode(np.concatenate(self._waiting))
            self._waiting, self._waiting_rows = [], 0
        if self.lower is not None:
            self.lower.finish()

    def tiles(self) -> Iterator[bytes]:
        """The encoded tiles, row by row."""
        self._file.seek(0)
        for length in self._lengths:
            yield self._file.read(length)

    def close(self) -> None:
        self._file.close()

    def _encode(self, block: Pixels) -> None:
        corners = [
            (x, y)
            for y in range(0, block.shape[0], TILE_SIZE)
            for x in range(0, block.shape[1], TILE_SIZE)
        ]
        blank: dict[bytes, bytes] = {}

        def encode(corner: tuple[int, int]) -> bytes:
            x, y = corner
            tile = _filled(block[y : y + TILE_SIZE, x : x + TILE_SIZE], TILE_SIZE, TILE_SIZE)
            # Most of a slide is empty glass: one colour, encoded once.
            colour = tile[0, 0].tobytes()
            is_blank = tile[::16, ::16].reshape(-1, 3).tobytes() == colour * 256
            is_blank = is_blank and bool((tile == tile[0, 0]).all())
            if is_blank and colour in blank:
                return blank[colour]
            data = bytes(
                imagecodecs.jpeg8_encode(
                    tile,
                    level=self._quality,
                    colorspace="rgb",
                    outcolorspace="ycbcr",
                    subsampling="420",
                )
            )
            if is_blank:
                blank[colour] = data
            return data

        for data in self._pool.map(encode, corners, chunksize=16):
            self._file.write(data)
            self._lengths.append(len(data))
        if self.lower is not None:
            height, width = block.shape[:2]
            even = _filled(block, height + height % 2, width + width % 2)
            half = (even.shape[1] // 2, even.shape[0] // 2)
            self.lower.add(cast(Pixels, cv2.resize(even, half, interpolation=cv2.INTER_AREA)))


def _filled(pixels: Pixels, height: int, width: int) -> Pixels:
    """Repeat the last row and column to a given size."""
    missing_y, missing_x = height - pixels.shape[0], width - pixels.shape[1]
    if not missing_x and not missing_y:
        return np.ascontiguousarray(pixels)
    return np.pad(pixels, ((0, missing_y), (0, missing_x), (0, 0)), mode="edge")
