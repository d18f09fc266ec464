"""Read PNG, JPEG and BMP files."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL.BmpImagePlugin import BmpImageFile
from PIL.Image import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from slideviewer.errors import SlideError
from slideviewer.slide.channel_colours import RED_GREEN_BLUE_LABELS, Label
from slideviewer.slide.colour import rgb_from_any
from slideviewer.slide.picture import ORIENTATION, UPRIGHT, Picture, refuse_oversize, upright

# The readers are named one by one, so that a hostile file can reach no other; the size is checked
# here before any pixel is decoded.
READERS = {
    b"\x89PNG\r\n\x1a\n": ("png", PngImageFile),
    b"\xff\xd8\xff": ("jpeg", JpegImageFile),
    b"BM": ("bmp", BmpImageFile),
}
"""First bytes of a file: its kind and reader."""

_PNG_DEPTH_AT = 24
"""After signature, length, "IHDR", width and height: PNG specification, 11.2.2."""
_DAMAGE = (
    OSError,
    RuntimeError,
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
                    return _read(image, kind, path)
            except _DAMAGE as error:
                raise SlideError(
                    f"This {kind.upper()} picture is damaged or cut off: {error}.",
                    path=path,
                    remedy="Copy it again from its source.",
                ) from error
    return None


def _read(image: Image, kind: str, path: Path) -> Picture:
    icc_profile = image.info.get("icc_profile")
    orientation = int(image.getexif().get(ORIENTATION, UPRIGHT))
    properties = {"picture.mode": image.mode, "picture.orientation": str(orientation)}
    is_clear = "transparency" in image.info
    labels: tuple[Label, ...] = ()
    pixels: NDArray[Any]
    if image.mode in ("I;16", "I;16B") and not is_clear:
        labels = (Label(),)
        pixels = np.asarray(image)[..., None].astype(np.uint16, copy=False)
    elif image.mode == "RGB" and not is_clear and _has_16_bits(path, kind):
        # Pillow would keep the upper 8 bits alone.
        refuse_oversize(path, *image.size, pixel_bytes=6)
        labels = RED_GREEN_BLUE_LABELS
        pixels = np.asarray(imagecodecs.png_decode(path.read_bytes()))
    else:
        if is_clear:
            image = image.convert("RGBA")
        elif image.mode not in ("1", "L", "LA", "RGB", "RGBA", "I;16", "I;16B"):
            image = image.convert("RGB")  # Palettes, CMYK and YCbCr.
        pixels = rgb_from_any(np.asarray(image))
    pixels = np.ascontiguousarray(upright(pixels, orientation))
    return Picture(pixels, kind, properties, icc_profile, labels, is_colour=len(labels) == 3)


def _has_16_bits(path: Path, kind: str) -> bool:
    """Look up a PNG's depth, which stands in its header at a fixed place."""
    if kind != "png":
        return False
    with path.open("rb") as file:
        return file.read(_PNG_DEPTH_AT + 1)[-1] == 16
