"""The model's answer: cells filled red where the target class reaches the threshold."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, QRectF
from PySide6.QtGui import QPainter

from slideviewer.geometry import Rect
from slideviewer.ui.cells import Cells
from slideviewer.ui.layers.layer import Layer
from slideviewer.ui.painting import draw_picture
from slideviewer.ui.viewpoint import Viewpoint


class CellLayer(Layer):
    """Paints the cells of a prediction."""

    def __init__(self, cells: Cells, parent: QObject | None = None) -> None:
        super().__init__("Predicted tumour", parent)
        self._cells = cells
        self._opacity = 0.4
        cells.changed.connect(self.changed)

    @property
    def has_prediction(self) -> bool:
        """Whether there is anything to paint."""
        return self._cells.has_prediction

    @property
    def is_empty(self) -> bool:
        return self._cells.grid is None

    def paint(self, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool) -> None:
        grid = self._cells.grid
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
        source = QRectF(left, top, right - left, bottom - top)
        draw_picture(painter, view, rect, self._cells.image, source)
