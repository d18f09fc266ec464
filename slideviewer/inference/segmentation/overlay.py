"""A picture with what was found painted over it, and a legend below."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations.masks.outlining import COLOURS
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.inference.segmentation.slide_picture import SlidePicture
from slideviewer.slide.slide import Pixels, Slide

TARGET_COLOUR = "#FF0000"

OVERLAY_PX = 2048
"""Longest side of the overlay of a slide."""

_OPACITY = 0.3
_TEXT_PX, _MARGIN_PX, _WEIGHT = 15, 8, 400
_INK, _FRAME = (32, 32, 32), (96, 96, 96)
_SMALLEST_WIDTH_PX = 560
"""A legend needs so much, however narrow the picture is."""


def colours_for(class_names: Sequence[str], target: int) -> list[str]:
    """Choose a colour for each class, ``#RRGGBB``.

    Red for the class of interest, and for the others ones that colour-blind eyes tell apart.
    """
    others = iter(COLOURS * (len(class_names) // len(COLOURS) + 1))
    return [TARGET_COLOUR if index == target else next(others) for index in range(len(class_names))]


def with_masks(picture: Pixels, masks: NDArray[np.bool_], colours: Sequence[str]) -> Pixels:
    """Paint masks over a picture: thinly filled, with a line around each part.

    Parameters
    ----------
    picture : ndarray (height, width, 3), uint8, RGB
        Left as it is.
    masks : ndarray (height, width, classes), bool
    colours : sequence of str
    """
    painted = picture.copy()
    for index, colour in enumerate(colours):
        mask = masks[..., index]
        rgb = np.array(_rgb(colour), np.float32)
        painted[mask] = np.round(painted[mask] * (1 - _OPACITY) + rgb * _OPACITY).astype(np.uint8)
    for index, colour in enumerate(colours):
        parts, _ = cv2.findContours(
            masks[..., index].astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE
        )
        cv2.drawContours(painted, parts, -1, _rgb(colour), 1)
    return painted


def with_outlines(picture: Pixels, outlines: Sequence[NDArray[np.floating]], colour: str) -> Pixels:
    """Draw closed outlines over a picture.

    Parameters
    ----------
    picture : ndarray (height, width, 3), uint8, RGB
        Left as it is.
    outlines : sequence of ndarray (vertices, 2)
        x and y; the first pixel reaches from 0 to 1.
    colour : str
    """
    painted = picture.copy()
    # With so many digits after the point; the centre of the first pixel is OpenCV's origin.
    digits = 4
    rings = [np.round((ring - 0.5) * 2**digits).astype(np.int32) for ring in outlines]
    cv2.polylines(painted, rings, True, _rgb(colour), 1, cv2.LINE_AA, digits)
    return painted


def with_legend(picture: Pixels, lines: Sequence[tuple[str, str | None]]) -> Pixels:
    """Put a legend below a picture.

    Parameters
    ----------
    picture : ndarray (height, width, 3), uint8, RGB
    lines : sequence of (text, colour or None)
        One below the other, each with a patch of its colour; the research-use line comes last.
    """
    font = cv2.FontFace("sans")
    every = [*lines, (RESEARCH_USE_ONLY, None)]
    height, width = picture.shape[:2]
    step = _TEXT_PX + _MARGIN_PX
    boxes = [cv2.getTextSize((0, 0), text, (0, 0), font, _TEXT_PX, _WEIGHT) for text, _ in every]
    widest = max(left + across for left, _, across, _ in boxes)
    across = max(width, _SMALLEST_WIDTH_PX, widest + step + 2 * _MARGIN_PX)
    below = len(every) * step + 2 * _MARGIN_PX
    sheet = np.full((height + below, across, 3), 255, np.uint8)
    sheet[:height, :width] = picture
    for number, (text, colour) in enumerate(every):
        top = height + _MARGIN_PX + number * step
        left = _MARGIN_PX
        if colour is not None:
            corners = (left, top), (left + _TEXT_PX, top + _TEXT_PX)
            cv2.rectangle(sheet, *corners, _rgb(colour), cv2.FILLED)
            cv2.rectangle(sheet, *corners, _FRAME)
            left += step
        foot = left, top + _TEXT_PX - 2
        cv2.putText(sheet, text, foot, _INK, font, _TEXT_PX, _WEIGHT)
    return sheet


def slide_overlay(
    slide: Slide, prediction: MaskPrediction, lines: Sequence[str], threshold: float | None = None
) -> Pixels:
    """Paint a prediction over its part of the slide, at most `OVERLAY_PX` wide or high.

    Parameters
    ----------
    slide : Slide
    prediction : MaskPrediction
    lines : sequence of str
        Of the legend, one a class.
    threshold : float, optional
        As in `MaskPrediction.positive`.

    Raises
    ------
    SlideError
        Where the slide cannot be read.
    """
    level = 0
    frame = prediction.frame
    while max(frame.width, frame.height) > OVERLAY_PX and level + 1 < prediction.level_count:
        level += 1
        frame = prediction.frame_at(level)
    masks = prediction.positive(prediction.read(level, 0, 0, frame.width, frame.height), threshold)
    picture = picture_of(slide, frame)
    colours = colours_for(prediction.class_names, prediction.target)
    return with_legend(with_masks(picture, masks, colours), list(zip(lines, colours, strict=True)))


def picture_of(slide: Slide, frame: MaskFrame) -> Pixels:
    """What a slide shows in a frame: shape (height, width, 3), uint8, RGB.

    Raises
    ------
    SlideError
        Where the slide cannot be read.
    """
    side = 16
    return SlidePicture(slide, frame, side).read(0, 0, frame.width, frame.height)


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue
