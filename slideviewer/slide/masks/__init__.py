"""Mask files: annotations written as labelled pixels, and read back from them."""

from slideviewer.slide.masks.exporting import (
    MASK_SUFFIXES,
    mask_bytes,
    write_mask,
)
from slideviewer.slide.masks.importing import MaskImport, MaskSummary, read_mask, summary_of
from slideviewer.slide.masks.mask_file import MaskFile, open_mask

__all__ = [
    "MASK_SUFFIXES",
    "MaskFile",
    "MaskImport",
    "MaskSummary",
    "mask_bytes",
    "open_mask",
    "read_mask",
    "summary_of",
    "write_mask",
]
