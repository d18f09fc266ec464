"""The names of annotations beside their shapes."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF
from PySide6.QtGui import QColor, QPainter

from slideviewer.annotations import AnnotationSet
from slideviewer.geometry import Rect
from slideviewer.ui.layers.grid import LABELS, GridLayer
from slideviewer.ui.layers.layer import Layer, Plane
from slideviewer.ui.layers.plates import Plates, plate_font, plate_size
from slideviewer.ui.viewpoint import Viewpoint

SMALLEST_SHAPE = 24.0
"""Screen pixels; the name of a smaller shape would be larger than what it names."""

MOST_NAMES = 120
"""A frame shows no more, those of the largest shapes first."""

LONGEST_NAME = 32

NAME_INK = QColor(10, 40, 150)
"""The blue of the markup, dark enough to be read."""


class NamesLayer(Layer):
    """Writes each name over its shape where there is room; what would collide is left out.

    Parameters
    ----------
    grid : GridLayer
        Of the same view; names stay off its labels.
    parent : QObject, optional
    """

    plane = Plane.GLASS

    def __init__(self, grid: GridLayer, parent: QObject | None = None) -> None:
        super().__init__("Names of annotations", parent)
        self._grid = grid
        self._visible = False
        self._names: list[str] = []
        self._boxes = np.empty((0, 4))

    def set_annotations(self, annotations: AnnotationSet) -> None:
        """Name these."""
        named = [(it.name, it.bounds) for it in annotations if it.name and it.bounds is not None]
        self._names = [_short(name) for name, _ in named]
        self._boxes = np.array(
            [(box.x, box.y, box.right, box.bottom) for _, box in named if box is not None]
        ).reshape(-1, 4)
        self.changed.emit(None)

    def paint(self, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool) -> None:
        seen = view.visible
        left, top, right, bottom = self._boxes.T
        sides = np.maximum(right - left, bottom - top) * view.scale
        # A point has no size, but it has a place and a name.
        large_enough = (sides >= SMALLEST_SHAPE) | (sides == 0)
        in_view = (
            (left <= seen.right) & (right >= seen.x) & (top <= seen.bottom) & (bottom >= seen.y)
        )
        shown = np.flatnonzero(large_enough & in_view)
        shown = shown[np.argsort(-sides[shown], kind="stable")][:MOST_NAMES]
        if not len(shown):
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = plate_font(painter)
        room = QRectF(0, 0, view.width, view.height).adjusted(4, 4, -4, -4)
        if self._grid.is_shown and view.is_upright:
            room.adjust(LABELS.width(), LABELS.height(), 0, 0)
        plates = Plates(painter, font, room)
        for index in shown.tolist():
            x, y, right_edge, bottom_edge = self._boxes[index].tolist()
            covered = view.covered_by(Rect.from_corners(x, y, right_edge, bottom_edge))
            name = self._names[index]
            height = plate_size(font, name)[1]
            if covered.bottom > 0 and covered.y < view.height:
                middle = min(max(covered.centre[0], 0), view.width)
                plates.put(name, QPointF(middle, covered.y - height / 2 - 6), NAME_INK)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
