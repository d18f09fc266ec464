"""The model's answer: cells filled where the target class reaches the threshold."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from slideviewer.geometry import Rect
from slideviewer.ui.cells import Cells
from slideviewer.ui.painting import draw_picture
from slideviewer.ui.viewpoint import Viewpoint

FINEST = 64
"""A smooth cell is made of so many parts across at most."""

FINE_PX = 2
"""Device pixels across of such a part: smaller ones look the same, and a threshold that is dragged
would have to wait for them."""


def paint_cells(
    cells: Cells, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool
) -> None:
    """Paint the cells of a prediction; see `slideviewer.ui.layers.layer.Layer.paint`."""
    grid = cells.grid
    if grid is None:
        return
    cell = grid.cell
    shown = grid.extent.intersection(part)
    if shown.is_empty:
        return
    # Whole cells, so that those of neighbouring parts have the same edges.
    left, top = int((shown.x - grid.x) // cell), int((shown.y - grid.y) // cell)
    right = min(grid.columns, math.ceil((shown.right - grid.x) / cell))
    bottom = min(grid.rows, math.ceil((shown.bottom - grid.y) / cell))
    rect = Rect(
        grid.x + left * cell, grid.y + top * cell, (right - left) * cell, (bottom - top) * cell
    )
    side = cell * view.scale * painter.device().devicePixelRatioF()
    enlarged = 1 if rough else int(min(max(side / FINE_PX, 1), FINEST))
    # Qt enlarges a picture three times as fast if it has not to fade it as well, and there
    # are far fewer cells than pixels of the screen.
    pixels = cells.pixels(left, top, right, bottom, enlarged, painter.opacity())
    height, width = pixels.shape
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
    painter.setOpacity(1.0)
    draw_picture(painter, view, rect, image, QRectF(image.rect()))
