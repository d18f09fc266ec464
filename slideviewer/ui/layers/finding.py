"""The finding that is looked at: a dashed outline, on any tissue to be seen."""

from __future__ import annotations

import numpy as np
import shapely
from PySide6.QtCore import QObject, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from slideviewer.annotations.operations.regions import Area
from slideviewer.geometry import Rect
from slideviewer.ui.layers.layer import Layer, Plane
from slideviewer.ui.layers.outlines import thinned
from slideviewer.ui.viewpoint import Viewpoint

LIGHT, DARK = QColor(255, 255, 255), QColor(20, 20, 20)
WIDTH, DASH = 2.0, 5.0
"""Screen pixels, and lengths of the dashes in widths."""


class FindingLayer(Layer):
    """Paints one outline above everything else."""

    plane = Plane.GLASS

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__("Finding", parent)
        self._shape: Area | None = None

    @property
    def is_empty(self) -> bool:
        return self._shape is None

    def set_shape(self, shape: Area | None) -> None:
        """Show another outline, in level-0 pixels, or none."""
        self._shape = shape
        self.changed.emit(None)

    def paint(self, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool) -> None:
        if self._shape is None:
            return
        path = QPainterPath()
        for piece in shapely.get_parts(self._shape):
            for ring in (piece.exterior, *piece.interiors):
                points = thinned(np.asarray(ring.coords), view.scale)
                places = [QPointF(*view.to_screen(x, y)) for x, y in points.tolist()]
                path.addPolygon(QPolygonF(places))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(DARK, WIDTH + 1))
        painter.drawPath(path)
        dashes = QPen(LIGHT, WIDTH)
        dashes.setDashPattern([DASH, DASH])
        painter.setPen(dashes)
        painter.drawPath(path)
