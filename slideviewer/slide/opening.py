"""Open any slide or picture."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import openslide

from slideviewer.errors import SlideError
from slideviewer.slide.folders import slide_file_in
from slideviewer.slide.open_file import cannot_be_read
from slideviewer.slide.openslide_slide import OpenSlideSlide
from slideviewer.slide.picture_files import read_picture_file
from slideviewer.slide.picture_slide import PictureSlide
from slideviewer.slide.picture_tiff import SIGNATURES, bits_per_channel, read_tiff_file
from slideviewer.slide.slide import Slide
from slideviewer.slide.tiff_chain import refuse_endless_pages
from slideviewer.slide.tiff_opening import open_tiled_tiff

KNOWN_FORMATS = (
    "SVS, NDPI, MRXS, SCN, BIF, SVSLIDE, VMS, VMU, ZVI, CZI, DICOM, TIFF, OME-TIFF, QPTIFF, "
    "PNG, JPEG, BMP"
)

KNOWN_SUFFIXES = (
    *(".svs", ".ndpi", ".mrxs", ".scn", ".bif", ".svslide", ".vms", ".vmu", ".zvi", ".czi"),
    *(".dcm", ".qptiff", ".ome.tif", ".ome.tiff", ".ome.btf", ".ome.tf2", ".ome.tf8"),
    *(".tif", ".tiff", ".btf", ".tf2", ".tf8", ".png", ".jpg", ".jpeg", ".bmp"),
)
"""How names of slides and pictures end, in small letters; a long ending before a shorter one."""


def open_slide(path: Path | str) -> Slide:
    """Open a slide or a plain picture.

    OpenSlide opens what it knows. TIFF files with channels, deep colours or levels in SubIFDs
    (OME-TIFF, QPTIFF) are read tile by tile here. A plain picture (PNG, JPEG, BMP, flat TIFF) is
    read whole: 8 bits of grey, transparent and palette colours become RGB over white, 16 bits and
    fractions stay as channels, and it stands upright as its EXIF orientation says. A folder opens
    as the one DICOM slide in it, or the MRXS slide that it belongs to.

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
    if os.path.isdir(path):  # unlike Path's, never an error of the system
        path = slide_file_in(path)
    head = _first_bytes(path)
    vendor = openslide.OpenSlide.detect_format(path)
    if vendor in (None, "generic-tiff") and head.startswith(SIGNATURES):
        refuse_endless_pages(path, head)
        tiled = open_tiled_tiff(path)
        if tiled is not None:
            return tiled
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
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SlideError("This is no ordinary file.", path=path, remedy="Choose a slide file.")
        with path.open("rb") as file:
            head = file.read(16)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # a name no file can have
        raise SlideError(
            "There is no such file.",
            path=path,
            remedy="Check the name, and that its drive is connected.",
        ) from error
    except OSError as error:
        raise cannot_be_read(path, error) from error
    if not head:
        raise SlideError("The file is empty.", path=path, remedy="Copy it again from its source.")
    return head
