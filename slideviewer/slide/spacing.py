"""How large a pixel is, and whether the file can be believed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from slideviewer.slide.slide import PLAUSIBLE_SPACING_UM_PX, Spacing, UnknownSpacing

PRINTING_DOTS_PER_INCH = (72, 75, 96, 100, 120, 144, 150, 200, 240, 300, 360, 400, 600, 720, 1200)
"""Resolutions that drawing programs write into any TIFF; they say nothing about tissue."""

_UM_PER_INCH = 25400.0
_OME_UNITS_UM = {"": 1.0, "µm": 1.0, "μm": 1.0, "um": 1.0, "nm": 1e-3, "mm": 1e3, "cm": 1e4}
_OME_SIZES = re.compile(r'\bPhysicalSize([XY])\s*=\s*"([^"]{1,40})"')
_OME_UNITS = re.compile(r'\bPhysicalSize([XY])Unit\s*=\s*"([^"]{1,10})"')


def spacing_from(properties: Mapping[str, str], vendor: str) -> Spacing | UnknownSpacing:
    """Take the spacing that a slide's properties state, if it is believable.

    Parameters
    ----------
    properties : mapping of str to str
        In OpenSlide's names. An OME header in the image description comes before
        ``openslide.mpp-x``, which in a plain TIFF is only the printing resolution.
    vendor : str
        In plain TIFF files ("generic-tiff", "tiff") a printing resolution is not believed.

    Returns
    -------
    Spacing or UnknownSpacing
    """
    header = properties.get("tiff.ImageDescription") or properties.get("openslide.comment", "")
    stated = _from_ome(header)
    if stated is None:
        words = (properties.get("openslide.mpp-x"), properties.get("openslide.mpp-y"))
        if words[0] is None or words[1] is None:
            power = properties.get("openslide.objective-power")
            lens = f" (only that the objective was {power}x)" if power else ""
            return UnknownSpacing(f"the file does not state how large its pixels are{lens}")
        try:
            stated = float(words[0]), float(words[1])
        except ValueError:
            return UnknownSpacing(f"the file states '{words[0]}' µm per pixel, which is no number")
    lowest, highest = PLAUSIBLE_SPACING_UM_PX
    for um_px in stated:
        if not (math.isfinite(um_px) and lowest <= um_px <= highest):
            return UnknownSpacing(
                f"the file states {um_px:g} µm per pixel, which no microscope slide has"
            )
    if vendor in ("generic-tiff", "tiff"):
        for dots in PRINTING_DOTS_PER_INCH:
            if math.isclose(stated[0], _UM_PER_INCH / dots, rel_tol=2e-3):
                return UnknownSpacing(
                    f"the file states {dots} dots per inch, a printing resolution"
                )
    return Spacing(*stated)


def _from_ome(header: str) -> tuple[float, float] | None:
    """Find the pixel size of the first image in an OME-XML header, in µm.

    Two attributes are wanted out of an untrusted document, so it is searched and not parsed:
    nothing in it can be expanded or fetched. The pattern is that of the OME schema, 2016-06.
    """
    end = header.find("<TiffData")
    start = header.find("<Pixels")
    if "<OME" not in header or start < 0:
        return None
    element = header[start : end if end > start else start + 4000]
    units = dict(_OME_UNITS.findall(element))
    sizes: dict[str, float] = {}
    for axis, word in _OME_SIZES.findall(element):
        try:
            sizes.setdefault(axis, float(word) * _OME_UNITS_UM[units.get(axis, "")])
        except (ValueError, KeyError):
            return None
    return (sizes["X"], sizes["Y"]) if {"X", "Y"} <= sizes.keys() else None
