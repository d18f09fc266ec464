"""The whole of a slide, made small."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import SlideError
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide.open_file import FileGone
from slideviewer.slide.slide import Pixels, Slide

BLOCK_PX = 1024
"""Side of the squares read at a time: bounds the memory, and what one bad tile costs."""


@dataclass(frozen=True)
class Reduced:
    """A whole slide made small.

    Attributes
    ----------
    pixels : ndarray (height, width, 3), uint8, RGB
        White where the file is damaged.
    unread : ndarray (height, width), bool
        Where the file is damaged.
    """

    pixels: Pixels
    unread: NDArray[np.bool_]


def size_within(slide: Slide, longest_side: int) -> tuple[int, int]:
    """Fit a slide into a square: (width, height), never larger than the slide itself."""
    if longest_side < 1:
        raise ValueError(f"a picture needs at least one pixel, not {longest_side}")
    scale = min(1.0, longest_side / max(slide.pyramid.width, slide.pyramid.height))
    return (
        max(1, round(slide.pyramid.width * scale)),
        max(1, round(slide.pyramid.height * scale)),
    )


def read_reduced(slide: Slide, width: int, height: int, progress: Progress = silent) -> Reduced:
    """Read all of a slide at a small size, by the mean of the pixels that fall together.

    Parameters
    ----------
    slide : Slide
    width, height : int
        Of the result; not larger than the slide.
    progress : Progress
        Called after each row of blocks.

    Returns
    -------
    Reduced

    Raises
    ------
    FileGone
        Where the file as a whole can no longer be read.
    SlideError
        Where nothing at all could be read; the first damage met.
    """
    pyramid = slide.pyramid
    level = pyramid.level_for(min(pyramid.width / width, pyramid.height / height))
    at = pyramid.levels[level]
    columns = block_edges(width, at.width)
    rows = block_edges(height, at.height)
    pixels = np.full((height, width, 3), 255, np.uint8)
    unread = np.zeros((height, width), np.bool_)
    first_damage: SlideError | None = None
    blocks_across = len(columns) - 1
    blocks = blocks_across * (len(rows) - 1)
    for row, ((top, top_level), (bottom, bottom_level)) in enumerate(itertools.pairwise(rows)):
        for (left, left_level), (right, right_level) in itertools.pairwise(columns):
            box_level = (right_level - left_level, bottom_level - top_level)
            try:
                block = slide.read_region(level, left_level, top_level, *box_level)
            except FileGone:
                raise  # what was read so far is no picture of the slide
            except SlideError as damage:
                first_damage = first_damage or damage
                unread[top:bottom, left:right] = True
                continue
            size = (right - left, bottom - top)
            if size != box_level:
                block = np.asarray(cv2.resize(block, size, interpolation=cv2.INTER_AREA), np.uint8)
            pixels[top:bottom, left:right] = block
        progress(Step((row + 1) * blocks_across, blocks, "Reading the slide", "blocks"))
    if first_damage is not None and unread.all():
        raise first_damage
    return Reduced(pixels, unread)


def block_edges(length: int, length_level: int) -> list[tuple[int, int]]:
    """Where blocks begin and end: pairs of the result's pixel and the level's pixel.

    Parameters
    ----------
    length, length_level : int
        How long a side is in the result, and in the level.
    """
    step = max(1, math.floor(BLOCK_PX * length / length_level))
    places = [*range(0, length, step), length]
    return [(place, min(length_level, round(place * length_level / length))) for place in places]
