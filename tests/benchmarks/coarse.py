"""A slide's coarsest level as one picture, taken before a measurement so as not to be in it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np

from slideviewer.slide import Pixels, open_slide

MOST_SIDE = 4096
"""A flat slide of one large level gets its thumbnail instead."""


def coarse_picture(slide_path: Path, folder: Path) -> Path:
    """The file (NumPy's own format) that holds the picture; made at the first call."""
    path = folder / f"{slide_path.stem}-coarse.npy"
    if not path.exists():
        with closing(open_slide(slide_path)) as slide:
            number, level = len(slide.pyramid.levels) - 1, slide.pyramid.levels[-1]
            if max(level.width, level.height) <= MOST_SIDE:
                picture = slide.read_region(number, 0, 0, level.width, level.height)
            else:
                picture = slide.thumbnail(1600)
        np.save(path, picture)
    return path


def load(path: Path) -> Pixels:
    """The picture: ndarray (height, width, 3), uint8, RGB."""
    return np.asarray(np.load(path, allow_pickle=False), np.uint8)
