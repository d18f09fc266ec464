"""Writes small tiled pyramids in every way that slides are stored."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray

TILE = 128

APERIO = "Aperio Image Library v11.2.1\r\n{} [0,0 1x1] (128x128) Q=70|AppMag = 20|MPP = 0.5"


def picture(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """A picture in which every place looks different from every other."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (height // 16 + 1, width // 16 + 1, 3), np.uint8)
    fine = coarse.repeat(16, 0).repeat(16, 1)[:height, :width].astype(int)
    return np.clip(fine + rng.integers(-20, 20, fine.shape), 0, 255).astype(np.uint8)


def halved(pixels: NDArray[Any], levels: int) -> list[NDArray[Any]]:
    """The picture and its every second pixel, again and again."""
    return [np.ascontiguousarray(pixels[:: 2**i, :: 2**i]) for i in range(levels)]


def write_tiff(
    path: Path,
    levels: list[NDArray[Any]],
    *,
    aperio: bool = False,
    bigtiff: bool = False,
    byteorder: str = "<",
    **how: Any,
) -> Path:
    """Write levels by tifffile's own encoders; ``how`` goes to its `write`."""
    height, width = levels[0].shape[:2]
    description = APERIO.format(f"{width}x{height}") if aperio else "A test"
    with tifffile.TiffWriter(path, bigtiff=bigtiff, byteorder=byteorder) as file:
        for number, pixels in enumerate(levels):
            file.write(
                pixels,
                tile=how.get("tile", (TILE, TILE)),
                photometric=how.get("photometric", "rgb"),
                subfiletype=int(number > 0),
                description=description if number == 0 else None,
                metadata=None,
                **{k: v for k, v in how.items() if k not in ("tile", "photometric")},
            )
    return path


def tiles_of(pixels: NDArray[Any], size: int = TILE) -> Iterator[NDArray[Any]]:
    """Cut a picture into tiles, row by row; the last ones repeat its border."""
    height, width = pixels.shape[:2]
    beyond = ((0, -height % size), (0, -width % size), (0, 0))
    padded = np.pad(pixels, beyond[: pixels.ndim], mode="edge")
    for y in range(0, height, size):
        for x in range(0, width, size):
            yield np.ascontiguousarray(padded[y : y + size, x : x + size])


def write_encoded(
    path: Path,
    levels: list[NDArray[np.uint8]],
    encode: Callable[[NDArray[np.uint8]], bytes],
    compression: int,
    photometric: str,
    *,
    aperio: bool,
    **how: Any,
) -> Path:
    """Write levels whose tiles ``encode`` makes."""
    height, width = levels[0].shape[:2]
    description = APERIO.format(f"{width}x{height}") if aperio else "A test"
    with tifffile.TiffWriter(path) as file:
        for number, pixels in enumerate(levels):
            file.write(
                (encode(tile) for tile in tiles_of(pixels)),
                shape=pixels.shape,
                dtype=pixels.dtype,
                tile=(TILE, TILE),
                compression=compression,
                photometric=photometric,
                subfiletype=int(number > 0),
                description=description if number == 0 else None,
                metadata=None,
                **how,
            )
    return path


def jpeg(tile: NDArray[np.uint8], colours: str, subsampling: str = "420") -> bytes:
    """A JPEG stream with all its tables; ``colours`` ("rgb", "ycbcr") are those stored."""
    return bytes(
        imagecodecs.jpeg8_encode(
            tile, level=80, colorspace="rgb", outcolorspace=colours, subsampling=subsampling
        )
    )


def segments(stream: bytes) -> tuple[list[bytes], bytes]:
    """Split a JPEG stream: the segments between its start and its scan, and the scan."""
    found, place = [], 2
    while stream[place + 1] != 0xDA:
        end = place + 2 + int.from_bytes(stream[place + 2 : place + 4], "big")
        found.append(stream[place:end])
        place = end
    return found, stream[place:]


def tables_apart(stream: bytes) -> tuple[bytes, bytes]:
    """Split a JPEG stream as Aperio writes it: its tables, and the rest with no word of colours."""
    found, scan = segments(stream)
    tables = b"".join(s for s in found if s[1] in (0xDB, 0xC4))
    frame = b"".join(s for s in found if s[1] in (0xC0, 0xDD))
    return b"\xff\xd8" + tables + b"\xff\xd9", b"\xff\xd8" + frame + scan


def jpeg_2000(tile: NDArray[np.uint8]) -> bytes:
    """A bare JPEG 2000 codestream, as Aperio's compression 33005 has it."""
    return bytes(imagecodecs.jpeg2k_encode(tile, codecformat="J2K", level=38, mct=True))


def set_tag(path: Path, page: int, code: int, change: Callable[[list[int]], None]) -> None:
    """Change the values of a tag in place."""
    with tifffile.TiffFile(path, mode="r+b") as file:
        tag = file.pages[page].tags[code]
        values = list(tag.value) if isinstance(tag.value, tuple) else [tag.value]
        change(values)
        tag.overwrite(values if len(values) > 1 else values[0])


def tile_place(path: Path, number: int, page: int = 0) -> tuple[int, int]:
    """Where a tile's bytes lie in the file: offset and length."""
    with tifffile.TiffFile(path) as file:
        at = file.pages[page]
        return at.dataoffsets[number], at.databytecounts[number]
