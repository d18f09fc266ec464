"""What annotation files need to know of an open slide."""

from __future__ import annotations

import math

from slideviewer.annotations.frame import SlideFrame
from slideviewer.slide.slide import Slide, Spacing


def frame_of(slide: Slide) -> SlideFrame:
    """Take size, spacing, offsets and bounds from a slide and its properties.

    The names of Hamamatsu's offsets are OpenSlide's; their unit is the nanometre.
    """
    spacing = slide.spacing
    offsets = [_number(slide, f"hamamatsu.{axis}OffsetFromSlideCentre") for axis in "XY"]
    x_nm, y_nm = offsets
    return SlideFrame(
        name=slide.path.name,
        width_px=slide.pyramid.width,
        height_px=slide.pyramid.height,
        spacing_um_px=(spacing.x_um_px, spacing.y_um_px) if isinstance(spacing, Spacing) else None,
        offset_nm=(x_nm, y_nm) if x_nm is not None and y_nm is not None else None,
        bounds_px=(round(slide.bounds.x), round(slide.bounds.y)),
    )


def _number(slide: Slide, name: str) -> float | None:
    try:
        number = float(slide.properties.get(name, ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
