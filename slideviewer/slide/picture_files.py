"""Read PNG, JPEG and BMP files."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL.BmpImagePlugin import BmpImageFile
from PIL.Image import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from slideviewer.errors import SlideError
from slideviewer.slide.colour import rgb_from_any
from slideviewer.slide.picture import Picture, refuse_oversize, upright

# The readers are named one by one, so that a hostile file can reach no other; the size is checked
# here before any pixel is decoded.
READERS = {
    b"\x89PNG\r\n\x1a\n": ("png", PngImageFile),
    b"\xff\xd8\xff": ("jpeg", JpegImageFile),
    b"BM": ("bmp", BmpImageFile),
}
"""First bytes of a file: its kind and reader."""

_ORIENTATION_TAG = 274
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    KeyError,
    IndexError,
    struct.error,
    zlib.error,
)
"""What the readers raise over damaged files (SyntaxError is Pillow's for a bad header)."""


def read_picture_file(path: Path, head: bytes) -> Picture | None:
    """Read a PNG, JPEG or BMP file.

    Parameters
    ----------
    path : Path
    head : bytes
        The first bytes of the file.

    Returns
    -------
    Picture or None
        None where the file is none of the three.

    Raises
    ------
    SlideError
        Where it is damaged, cut off or too large.
    """
    for signature, (kind, reader) in READERS.items():
        if head.startswith(signature):
            try:
                with path.open("rb") as file, reader(file) as image:
                    refuse_oversize(path, *image.size)
                    return _read(image, kind)
            except _DAMAGE as error:
                raise SlideError(
                    f"This {kind.upper()} picture is damaged or cut off: {error}.",
                    path=path,
                    remedy="Copy it again from its source.",
                ) from error
    return None


def _read(image: Image, kind: str) -> Picture:
    icc_profile = image.info.get("icc_profile")
    orientation = int(image.getexif().get(_ORIENTATION_TAG, 1))
    properties = {"picture.mode": image.mode, "picture.orientation": str(orientation)}
    if "transparency" in image.info:
        image = image.convert("RGBA")
    elif image.mode not in ("1", "L", "LA", "RGB", "RGBA", "I;16", "I;16B"):
        image = image.convert("RGB")  # Palettes, CMYK and YCbCr.
    pixels = upright(rgb_from_any(np.asarray(image)), orientation)
    return Picture(np.ascontiguousarray(pixels), kind, properties, icc_profile)
