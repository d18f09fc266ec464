"""Open and read slides; the arithmetic of their levels; where the tissue is."""

from slideviewer.slide.channels import Channel, ChannelLook, automatic_looks, composite
from slideviewer.slide.coarse import with_coarse_levels
from slideviewer.slide.opening import KNOWN_SUFFIXES, open_slide
from slideviewer.slide.pyramid import Level, Pyramid, TileKey
from slideviewer.slide.slide import (
    PLAUSIBLE_SPACING_UM_PX,
    Pixels,
    Slide,
    Spacing,
    UnknownSpacing,
)
from slideviewer.slide.tissue import TissueMask, find_tissue
from slideviewer.slide.tissue_colours import TissueParameters

__all__ = [
    "KNOWN_SUFFIXES",
    "PLAUSIBLE_SPACING_UM_PX",
    "Channel",
    "ChannelLook",
    "Level",
    "Pixels",
    "Pyramid",
    "Slide",
    "Spacing",
    "TileKey",
    "TissueMask",
    "TissueParameters",
    "UnknownSpacing",
    "automatic_looks",
    "composite",
    "find_tissue",
    "open_slide",
    "with_coarse_levels",
]
