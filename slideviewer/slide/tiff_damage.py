"""Find out that a TIFF file is cut off, where its decoders and readers would not say."""

from __future__ import annotations

import logging
import struct
import zlib
from collections.abc import Iterable

import tifffile

# What tifffile has to say of damaged files we say ourselves, as errors, or OpenSlide will.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

DAMAGE = (
    OSError,
    EOFError,
    ValueError,  # TiffFileError too
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RuntimeError,  # the decoders' errors
    MemoryError,  # for tiles that claim a vast size
    struct.error,
    zlib.error,
)
"""What tifffile and its decoders raise over damaged or unknown files."""

_DESCRIPTION = 270


def are_pages_cut_off(file: tifffile.TiffFile, pages: Iterable[tifffile.TiffPage]) -> bool:
    """Tell whether the list of pages, or of smaller copies of a page, ends beyond the file.

    A slide whose last pages are gone would pass for a plain picture.
    """
    size = file.filehandle.size
    if _next_page(file) >= size:
        return True
    return any(offset >= size for page in pages for offset in page.subifds or ())


def are_pixels_cut_off(file: tifffile.TiffFile, pages: Iterable[tifffile.TiffPage]) -> bool:
    """Tell whether any pixels lie beyond the file; decoders fill in what is missing with grey."""
    ends = (
        offset + length
        for page in pages
        for offset, length in zip(page.dataoffsets, page.databytecounts, strict=True)
    )
    return max(ends, default=0) > file.filehandle.size


def is_description_cut_off(file: tifffile.TiffFile) -> bool:
    """Tell whether the first page's ImageDescription lies beyond the file.

    tifffile leaves such a tag out, and an OME-TIFF, which has it at its end, would pass for a
    stack of levels.
    """
    tiff, handle = file.tiff, file.filehandle
    first = file.pages.first
    handle.seek(first.offset)
    count = struct.unpack(tiff.tagnoformat, handle.read(tiff.tagnosize))[0]
    for _ in range(count):
        tag = handle.read(tiff.tagsize)
        code, _ = struct.unpack(tiff.tagformat1, tag[:4])
        if code == _DESCRIPTION:
            length, value = struct.unpack(tiff.tagformat2, tag[4:])
            if length <= tiff.tagoffsetthreshold:
                return False
            return bool(struct.unpack(tiff.offsetformat, value)[0] + length > handle.size)
    return False


def _next_page(file: tifffile.TiffFile) -> int:
    """Read where the last page says that the next one is; 0 as it should be."""
    tiff, handle = file.tiff, file.filehandle
    handle.seek(file.pages[-1].offset)
    tags = struct.unpack(tiff.tagnoformat, handle.read(tiff.tagnosize))[0]
    handle.seek(tags * tiff.tagsize, 1)
    return int(struct.unpack(tiff.offsetformat, handle.read(tiff.offsetsize))[0])
