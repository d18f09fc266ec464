"""Telling tissue from glass, pen and dirt in one small picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.slide.slide import Pixels

PEN_COLOURS = {
    "green": ((35, 90), 50, 0),
    "blue": ((90, 118), 110, 0),
    "red, low hue": ((0, 6), 200, 100),
    "red, high hue": ((176, 180), 200, 100),
}
"""Felt pens, in OpenCV's HSV: hue (lowest, highest) of 180, least saturation and value of 255.
Haematoxylin and eosin lie at hues from 120 to 179 and, for red blood cells, at 0 to 8 with less
saturation; DAB's brown lies from 8 to 25."""

COLOURLESS_PERCENTILE = 99.9
"""A picture is grey where this share of its pixels has less than the lowest saturation."""

GLASS_PERCENTILE = 95
"""The brightness of empty glass in a grey picture: that of its brightest parts, specks aside."""

DARK_FIELD_VALUES = (8, 20)
"""Limits of what counts as black in fluorescence, of 255: a camera's noise lies below the lower,
the glow of tissue without dye near the upper."""


@dataclass(frozen=True)
class TissueParameters:
    """How tissue is told from glass, pen and dirt; saturation and value are of 255.

    Attributes
    ----------
    spacing_um_px : float
        Wanted spacing of the mask, in µm; never finer than the slide's own.
    lowest_saturation, highest_saturation : int
        Limits to Otsu's threshold: without the lower an empty slide would be half tissue, without
        the upper a slide full of tissue would lose its paler half.
    black_value : int
        What is darker than this is black: padding, pen or the slide's edge.
    leave_out_pen : bool
        Whether the colours of felt pens are left out; turn it off for stains that are themselves
        green or strongly blue (trichrome, Alcian blue).
    margin_um : float
        How far a pen stroke's pale rim reaches; in fluorescence, how far around a glowing nucleus
        its tissue reaches.
    min_speck_um2, max_hole_um2 : float
        Smaller specks are dropped and smaller holes filled, save at the slide's border.
    min_speck_px, max_hole_px : int
        The same in pixels of the mask where the slide's spacing is unknown.
    """

    spacing_um_px: float = 10.0
    lowest_saturation: int = 14
    highest_saturation: int = 26
    black_value: int = 50
    leave_out_pen: bool = True
    margin_um: float = 30.0
    min_speck_um2: float = 5_000.0
    max_hole_um2: float = 40_000.0
    min_speck_px: int = 30
    max_hole_px: int = 240


def tissue_in(
    pixels: Pixels, spacing_um_px: float | None, parameters: TissueParameters
) -> tuple[NDArray[np.bool_], bool]:
    """Find the tissue in a small picture of a whole slide.

    Parameters
    ----------
    pixels : ndarray (height, width, 3), uint8, RGB
    spacing_um_px : float or None
        Of the picture.
    parameters : TissueParameters

    Returns
    -------
    mask : ndarray (height, width), bool
    dark_field : bool
    """
    hsv = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV), np.uint8)
    hue, saturation, value = (np.ascontiguousarray(hsv[..., i]) for i in range(3))
    black = np.asarray(value < parameters.black_value)
    margin_px = round(parameters.margin_um / (spacing_um_px or parameters.spacing_um_px))
    dark_field = _is_dark_field(black, saturation, value)
    if dark_field:
        glow = np.asarray(value > _otsu(value, *DARK_FIELD_VALUES), np.uint8)
        tissue = np.asarray(cv2.dilate(glow, _disc(margin_px)) > 0)
    else:
        tissue = _stained(saturation, value, black, parameters)
        if parameters.leave_out_pen:
            tissue &= ~_pen(hue, saturation, value, black, margin_px)
    if spacing_um_px is None:
        specks, holes = float(parameters.min_speck_px), float(parameters.max_hole_px)
    else:
        specks = parameters.min_speck_um2 / spacing_um_px**2
        holes = parameters.max_hole_um2 / spacing_um_px**2
    tissue = ~_without_small(~np.asarray(tissue, np.bool_), holes)
    return _without_small(tissue, specks), dark_field


def _is_dark_field(
    black: NDArray[np.bool_], saturation: NDArray[np.uint8], value: NDArray[np.uint8]
) -> bool:
    """Tell fluorescence from a bright slide with black padding: the latter has white glass."""
    lit = int(black.size - np.count_nonzero(black))
    glass = int(np.count_nonzero((value > 200) & (saturation < 30)))
    return lit < 0.5 * black.size and glass < 0.25 * max(1, lit)


def _stained(
    saturation: NDArray[np.uint8],
    value: NDArray[np.uint8],
    black: NDArray[np.bool_],
    parameters: TissueParameters,
) -> NDArray[np.bool_]:
    """Tell stain from glass by colour; in a grey picture by being darker than the glass."""
    if black.all():
        return np.zeros_like(black)
    lowest, highest = parameters.lowest_saturation, parameters.highest_saturation
    evidence = saturation
    if np.percentile(saturation[~black], COLOURLESS_PERCENTILE) < lowest:
        glass = round(float(np.percentile(value[~black], GLASS_PERCENTILE)))
        evidence = np.maximum(0, glass - value.astype(np.int16)).astype(np.uint8)
    smooth = np.asarray(cv2.medianBlur(evidence, 3), np.uint8)
    return np.asarray((smooth > _otsu(smooth[~black], lowest, highest)) & ~black, np.bool_)


def _otsu(values: NDArray[np.uint8], lowest: int, highest: int) -> int:
    """Find Otsu's threshold, kept within limits."""
    threshold, _ = cv2.threshold(values.reshape(-1, 1), 0, 255, cv2.THRESH_OTSU)
    return int(np.clip(threshold, lowest, highest))


def _pen(
    hue: NDArray[np.uint8],
    saturation: NDArray[np.uint8],
    value: NDArray[np.uint8],
    black: NDArray[np.bool_],
    margin_px: int,
) -> NDArray[np.bool_]:
    pen = black.copy()
    for (lowest, highest), least_saturation, least_value in PEN_COLOURS.values():
        pen |= (
            (hue >= lowest)
            & (hue <= highest)
            & (saturation >= least_saturation)
            & (value >= least_value)
        )
    # Single pixels of an odd hue are compression noise; a stroke is wider than two pixels.
    opened = cv2.morphologyEx(pen.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    return np.asarray(cv2.dilate(opened, _disc(margin_px)) > 0)


def _disc(radius_px: int) -> NDArray[np.uint8]:
    side = 2 * radius_px + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _without_small(mask: NDArray[np.bool_], least_px: float) -> NDArray[np.bool_]:
    """Drop 8-connected parts of fewer pixels than given.

    Those that meet the picture's border stay, since nobody knows how far they reach beyond it.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    left, top, width, height, area = stats.T
    keep = area >= least_px
    keep |= (left == 0) | (left + width == mask.shape[1])
    keep |= (top == 0) | (top + height == mask.shape[0])
    keep[0] = False
    return np.asarray(keep[labels], np.bool_)
