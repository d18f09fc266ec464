"""Open and read slides; the arithmetic of their levels; where the tissue is."""

from slideviewer.slide.opening import open_slide
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
    "PLAUSIBLE_SPACING_UM_PX",
    "Level",
    "Pixels",
    "Pyramid",
    "Slide",
    "Spacing",
    "TileKey",
    "TissueMask",
    "TissueParameters",
    "UnknownSpacing",
    "find_tissue",
    "open_slide",
]
