"""What a page of a QPTIFF file (PerkinElmer, Akoya) says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from slideviewer.slide.channel_colours import Label
from slideviewer.slide.channels import Colour
from slideviewer.slide.xml_header import local_name, parse_header

_BESIDE = {"Thumbnail": "thumbnail", "Overview": "macro", "Label": "label"}
"""Kinds of pages that are no part of the pyramid, and the names that OpenSlide has for them."""


@dataclass(frozen=True)
class QptiffPage:
    """One page's header.

    Attributes
    ----------
    beside : str
        "thumbnail", "macro" or "label"; empty for a page of the pyramid.
    label : Label
    """

    beside: str
    label: Label


def is_qptiff(header: str) -> bool:
    """Tell whether a page's ImageDescription is of the kind that `qptiff_page` reads."""
    return "<PerkinElmer-QPI-ImageDescription" in header


def qptiff_page(header: str) -> QptiffPage:
    """Read a page's ImageDescription, as "PerkinElmer Image Format" (2017) and Akoya have it.

    Only the header's own children count: the scan profile inside has names of other things. A
    biomarker ("CD8") says more than the dye it is seen by ("Opal 520"), which comes after it.
    """
    root = parse_header(header)
    if root is None:
        return QptiffPage("", Label())
    says = {local_name(child): (child.text or "").strip() for child in root}
    dye, marker = says.get("Name", ""), says.get("Biomarker", "")
    name = f"{marker} ({dye})" if marker and dye and marker != dye else marker or dye
    return QptiffPage(
        _BESIDE.get(says.get("ImageType", ""), ""), Label(name, _colour(says.get("Color", "")))
    )


def _colour(words: str) -> Colour | None:
    try:
        red, green, blue = (int(word) for word in words.split(","))
    except ValueError:
        return None
    is_colour = all(0 <= part <= 255 for part in (red, green, blue))
    return (red, green, blue) if is_colour else None
