"""What an annotation file needs to know of its slide."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SlideFrame:
    """A slide as far as places on it are concerned.

    Attributes
    ----------
    name : str
        Of the slide's file.
    width_px, height_px : int
        Of level 0.
    spacing_um_px : pair of float or None
        Micrometres per level-0 pixel along x and y; None where it is not known.
    offset_nm : pair of float or None
        Where the middle of the scanned picture lies, from the middle of the glass, along x and y;
        only Hamamatsu's files state it.
    bounds_px : pair of int
        Where the scanned part begins in level 0; 0, 0 where all of level 0 was scanned.
    """

    name: str
    width_px: int
    height_px: int
    spacing_um_px: tuple[float, float] | None = None
    offset_nm: tuple[float, float] | None = None
    bounds_px: tuple[int, int] = (0, 0)
