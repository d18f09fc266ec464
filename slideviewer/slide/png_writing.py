"""Writing a PNG of any size from bands of pixels, with no more memory than a band."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from slideviewer.errors import SlideError
from slideviewer.files import replacing
from slideviewer.progress import Progress, Step

WRITING = "Writing the picture"

MOST_PNG_PX = 2_000_000_000
"""Pixels; hardly any program opens a larger PNG, which has neither tiles nor levels."""

COMPRESSION = 4

PACKED_BYTES = 3_000_000
"""Packed between two looks at whether the user has cancelled: a tenth of a second."""

_GREY, _COLOUR = 0, 2
"""Colour types of the PNG specification, 11.2.2."""


def write_png(
    path: Path,
    size: tuple[int, int],
    bands: Iterable[NDArray[Any]],
    um_px: tuple[float, float] | None,
    progress: Progress,
    *,
    grey: DTypeLike | None = None,
) -> None:
    """Stream a PNG (ISO/IEC 15948): each row is the difference from the one above (filter Up).

    Parameters
    ----------
    path : Path
        Replaced only when all is written.
    size : tuple of int
        Width and height in pixels.
    bands : iterable of ndarray (rows, width, 3), uint8, RGB
        From top to bottom, any number of rows at a time. Of grey pictures (rows, width).
    um_px : tuple of float or None
        Micrometres per pixel along x and y, if the file is to say so.
    progress : Progress
        Cancelling leaves nothing behind.
    grey : dtype, optional
        uint8 or uint16 of a grey picture.

    Raises
    ------
    SlideError
        Where the file cannot be written.
    """
    width, height = size
    deep = np.dtype(grey if grey is not None else np.uint8).newbyteorder(">")
    row_bytes = width * deep.itemsize * (3 if grey is None else 1)
    head = width, height, 8 * deep.itemsize, _COLOUR if grey is None else _GREY, 0, 0, 0
    try:
        with replacing(path) as stream:
            stream.write(b"\x89PNG\r\n\x1a\n")
            stream.write(_chunk(b"IHDR", struct.pack(">IIBBBBB", *head)))
            if um_px is not None:
                per_metre = (min(round(1e6 / um), 2**31 - 1) for um in um_px)
                stream.write(_chunk(b"pHYs", struct.pack(">IIB", *per_metre, 1)))
            packer = zlib.compressobj(COMPRESSION)
            above = np.zeros((1, row_bytes), np.uint8)
            done = 0
            rows_at_once = max(1, PACKED_BYTES // row_bytes)
            for band in bands:
                for top in range(0, len(band), rows_at_once):
                    progress(Step(done, height, WRITING, "rows"))
                    part = np.ascontiguousarray(band[top : top + rows_at_once], deep)
                    rows = part.view(np.uint8).reshape(len(part), row_bytes)
                    filtered = np.empty((len(rows), 1 + row_bytes), np.uint8)
                    filtered[:, 0] = 2
                    np.subtract(rows, np.concatenate([above, rows[:-1]]), out=filtered[:, 1:])
                    above = rows[-1:]
                    packed = packer.compress(filtered.tobytes())
                    if packed:
                        stream.write(_chunk(b"IDAT", packed))
                    done += len(rows)
            stream.write(_chunk(b"IDAT", packer.flush()))
            stream.write(_chunk(b"IEND", b""))
            progress(Step(done, height, WRITING, "rows"))
    except OSError as error:
        raise SlideError(
            f"The picture cannot be written ({error.strerror or error}).",
            path=path,
            remedy="Choose a folder that exists, may be written to and has room.",
        ) from error


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
