"""Paints what is kept in parts: masks and nuclei."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from slideviewer.geometry import Rect
from slideviewer.ui.painting import draw_picture
from slideviewer.ui.predicted.parts import PartGrid, PartKey, Steps
from slideviewer.ui.predicted.raster import RasterOverlay
from slideviewer.ui.viewpoint import Viewpoint

MARGIN = 2
"""Pixels that are painted beyond the place that needs it where colours run: they mix with those
beside them."""


def paint_raster(
    overlay: RasterOverlay, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool
) -> None:
    """Paint what is there of an overlay; see `slideviewer.ui.layers.layer.Layer.paint`.

    Where a part is not there yet, a coarser one stands for it.
    """
    grid = overlay.grid
    if grid is None:
        return
    opacity = painter.opacity()
    painter.setOpacity(1.0)  # Qt enlarges faster what it has not to fade as well
    is_smooth = overlay.look.is_smooth and not rough
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, is_smooth)

    def paint(key: PartKey, area: Rect, margin: int) -> None:
        kept = overlay.steps(key)
        if kept is None:
            if key.level < grid.coarsest:
                paint(key.coarser, area, 0)
        elif kept.steps is not None:
            found, rect = _share(grid, key, kept.steps, area, margin)
            pixels = np.ascontiguousarray(overlay.pixels(found, opacity))
            height, width = pixels.shape
            image = QImage(
                pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied
            )
            draw_picture(painter, view, rect, image, QRectF(image.rect()))

    level = grid.level_for(view.scale * painter.device().devicePixelRatioF())
    for key in grid.keys_in(part, level):
        area = grid.rect(key).intersection(part)
        if not area.is_empty:
            paint(key, area, MARGIN if is_smooth else 0)


def _share(
    grid: PartGrid, key: PartKey, steps: Steps, area: Rect, margin: int
) -> tuple[Steps, Rect]:
    """The whole pixels of a part that meet a level-0 rectangle, and where they lie."""
    whole, pixel = grid.rect(key), grid.pixel(key.level)
    _, height, width = steps.shape
    left = max(0, math.floor((area.x - whole.x) / pixel) - margin)
    top = max(0, math.floor((area.y - whole.y) / pixel) - margin)
    right = min(width, max(left + 1, math.ceil((area.right - whole.x) / pixel) + margin))
    bottom = min(height, max(top + 1, math.ceil((area.bottom - whole.y) / pixel) + margin))
    left, top = min(left, right - 1), min(top, bottom - 1)
    rect = Rect(
        whole.x + left * pixel,
        whole.y + top * pixel,
        (right - left) * pixel,
        (bottom - top) * pixel,
    )
    return steps[:, top:bottom, left:right], rect
