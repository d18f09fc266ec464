"""Make the demo slide: plan it, paint it band by band, write it as a pyramid."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slideviewer.annotations.model import Points
from slideviewer.progress import Progress, silent
from slideviewer.slide.slide import Pixels
from slideviewer.slide.synthetic.painting import Painter
from slideviewer.slide.synthetic.plan import SPACING_UM_PX, plan
from slideviewer.slide.writing import write_pyramid

_BAND_ROWS = 1024
_BLOCK_COLUMNS = 2048
_JPEG_QUALITY = 82
_DESCRIPTION = (
    "Made by slideviewer: a drawing of a lymph node with metastases, no patient's tissue. "
    "Seed {seed}, {spacing} um/px."
)


@dataclass(frozen=True, eq=False)
class SyntheticSlide:
    """A made slide and the truth about it.

    Attributes
    ----------
    path : Path
    spacing_um_px : float
        Micrometres per level-0 pixel.
    nests : tuple of Points
        The exact outlines of all tumour nests in level-0 pixels, largest first.
    """

    path: Path
    spacing_um_px: float
    nests: tuple[Points, ...]


def generate_slide(
    path: Path,
    seed: int = 7,
    size: tuple[int, int] = (24576, 20480),
    progress: Progress = silent,
) -> SyntheticSlide:
    """Draw a lymph node with metastases and write it as a pyramidal TIFF.

    Parameters
    ----------
    path : Path
        The file to make.
    seed : int
        The same seed and size give the same bytes.
    size : tuple of int
        Width and height in level-0 pixels, at least 1024 each.
    progress : Progress
        Called with the rows done; cancelling leaves no file.

    Raises
    ------
    SlideError
        Where the file cannot be written.
    """
    drawing = plan(seed, *size)
    description = _DESCRIPTION.format(seed=seed, spacing=SPACING_UM_PX)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        bands = _bands(Painter.of(drawing), pool)
        try:
            write_pyramid(path, size, bands, SPACING_UM_PX, description, _JPEG_QUALITY, progress)
        finally:
            pool.shutdown(cancel_futures=True)
    return SyntheticSlide(path, SPACING_UM_PX, drawing.nests)


def _bands(painter: Painter, pool: ThreadPoolExecutor) -> Iterator[Pixels]:
    """Paint from top to bottom, one band ahead of the writer."""
    width, height = painter.plan.width, painter.plan.height

    def start(top: int) -> list[Future[Pixels]]:
        rows = min(_BAND_ROWS, height - top)
        return [
            pool.submit(painter.paint, left, top, min(_BLOCK_COLUMNS, width - left), rows)
            for left in range(0, width, _BLOCK_COLUMNS)
        ]

    tops = iter(range(0, height, _BAND_ROWS))
    ahead = deque(start(top) for _, top in zip(range(2), tops, strict=False))
    while ahead:
        blocks = [block.result() for block in ahead.popleft()]
        for top in tops:
            ahead.append(start(top))
            break
        yield np.concatenate(blocks, axis=1)
