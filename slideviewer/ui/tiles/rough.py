"""A first idea of a vast slide, until its coarse levels are made from all of its tiles."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from slideviewer.errors import SlideError
from slideviewer.progress import Progress, Step
from slideviewer.slide import Slide, TileKey
from slideviewer.ui.look import Look, read_tile

SAMPLES = 24
"""Along the longer side; some six hundred tiles are read in a second or two."""


def rough_picture(slide: Slide, level: int, look: Look, progress: Progress) -> QImage:
    """Sample a level: each pixel is the mean colour of one tile, the one nearest to its place.

    Parameters
    ----------
    slide : Slide
    level : int
        The coarsest that the file itself holds.
    look : Look
    progress : Progress
        Called after each row.

    Returns
    -------
    QImage
        Format RGB32, at most `SAMPLES` wide and high; white where the file is damaged.
    """
    columns, rows = slide.pyramid.tile_count(level)
    step = max(1.0, max(columns, rows) / SAMPLES)
    width, height = max(1, round(columns / step)), max(1, round(rows / step))
    picture = QImage(width, height, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.white)
    for y in range(height):
        for x in range(width):
            key = TileKey(level, int((x + 0.5) * columns / width), int((y + 0.5) * rows / height))
            try:
                tile = read_tile(slide, key, look)
            except SlideError:
                continue  # whoever needs the tile itself tells of it
            one = tile.scaled(
                1,
                1,
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            picture.setPixel(x, y, one.pixel(0, 0))
        progress(Step(y + 1, height, "Looking over the slide", "rows"))
    return picture
