"""By what the slide is known that annotations were drawn on."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from slideviewer.annotations.frame import SlideFrame
from slideviewer.annotations.json_file import sound

SPACING_TOLERANCE = 0.01
"""Two statements of one spacing differ by rounding alone; scanners differ by more than this."""

Word = Annotated[str, Field(max_length=4096)]
_Extent = Annotated[int, Field(gt=0, lt=1 << 40)]
_Spacing = Annotated[FiniteFloat, Field(gt=0)]


class SlideIdentity(BaseModel):
    """The slide that annotations were drawn on.

    Attributes
    ----------
    name : str
        Of its file.
    width_px, height_px : int
        Of level 0.
    spacing_um_px : pair of float or None
        Along x and y; None where it was not known.
    """

    model_config = ConfigDict(frozen=True)

    name: Word
    width_px: _Extent
    height_px: _Extent
    spacing_um_px: tuple[_Spacing, _Spacing] | None = None


def identity_of(frame: SlideFrame) -> SlideIdentity:
    """What a slide is known by."""
    return SlideIdentity(
        name=sound(frame.name),
        width_px=frame.width_px,
        height_px=frame.height_px,
        spacing_um_px=frame.spacing_um_px,
    )


def mismatches(slide: SlideIdentity | None, frame: SlideFrame, file: str) -> tuple[str, ...]:
    """Sentences on how a slide differs from the one that a file was drawn on; empty for nothing.

    Parameters
    ----------
    slide : SlideIdentity or None
        Known of the file.
    frame : SlideFrame
        The open slide.
    file : str
        What the annotation file is called.
    """
    if slide is None:
        return ()
    if (slide.width_px, slide.height_px) != (frame.width_px, frame.height_px):
        return (
            f"{file} was drawn on {slide.name} with {slide.width_px} × {slide.height_px} px, and"
            f" {frame.name} has {frame.width_px} × {frame.height_px}: the outlines may lie"
            " elsewhere.",
        )
    if slide.spacing_um_px is None or frame.spacing_um_px is None:
        return ()
    if np.allclose(slide.spacing_um_px, frame.spacing_um_px, rtol=SPACING_TOLERANCE, atol=0):
        return ()
    return (
        f"{file} was drawn at {slide.spacing_um_px[0]:.4g} µm per pixel, and {frame.name} states"
        f" {frame.spacing_um_px[0]:.4g}: lengths and areas differ from what was measured then.",
    )
