"""Open any slide or picture."""

from __future__ import annotations

from pathlib import Path

import openslide

from slideviewer.errors import SlideError
from slideviewer.slide.openslide_slide import OpenSlideSlide
from slideviewer.slide.picture_files import read_picture_file
from slideviewer.slide.picture_slide import PictureSlide
from slideviewer.slide.picture_tiff import bits_per_channel, read_tiff_file
from slideviewer.slide.slide import Slide

KNOWN_FORMATS = "SVS, NDPI, MRXS, SCN, BIF, SVSLIDE, ZVI, CZI, DICOM, TIFF, PNG, JPEG, BMP"


def open_slide(path: Path | str) -> Slide:
    """Open a slide by OpenSlide, or a plain picture.

    A plain picture (PNG, JPEG, BMP, flat TIFF) is read whole: grey, transparent and deep colours
    become 8-bit RGB over white, and it stands upright as its EXIF orientation says.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    Slide

    Raises
    ------
    SlideError
        Where there is no such file, it is empty, damaged, too large or of an unknown format.
    """
    path = Path(path)
    head = _first_bytes(path)
    vendor = openslide.OpenSlide.detect_format(path)
    # Of deeper colours OpenSlide keeps the upper 8 bits, and it cannot read other numbers.
    if vendor is None or (vendor == "generic-tiff" and bits_per_channel(path) > 8):
        return _open_picture(path, head)
    try:
        return OpenSlideSlide(path, vendor)
    except SlideError as refusal:
        # A tiled TIFF may have a compression that only the other reader knows.
        if vendor != "generic-tiff":
            raise
        try:
            return _open_picture(path, head)
        except SlideError:
            raise refusal from None


def _open_picture(path: Path, head: bytes) -> Slide:
    picture = read_picture_file(path, head) or read_tiff_file(path, head)
    if picture is None:
        raise SlideError(
            "This is no slide or picture of a known format, or its beginning is damaged.",
            path=path,
            remedy=f"Known are {KNOWN_FORMATS}.",
        )
    return PictureSlide(path, picture)


def _first_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise SlideError("This is a folder.", path=path, remedy="Choose a slide file in it.")
    if not path.exists():
        raise SlideError(
            "There is no such file.",
            path=path,
            remedy="Check the name, and that its drive is connected.",
        )
    if not path.is_file():
        raise SlideError("This is no ordinary file.", path=path, remedy="Choose a slide file.")
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise SlideError(
            f"The file cannot be read: {error.strerror}.",
            path=path,
            remedy="Check that you may read it.",
        ) from error
    if not head:
        raise SlideError("The file is empty.", path=path, remedy="Copy it again from its source.")
    return head
