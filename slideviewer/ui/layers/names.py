"""The names of annotations beside their shapes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF
from PySide6.QtGui import QColor, QPainter

from slideviewer.annotations import Annotation, AnnotationSet
from slideviewer.geometry import Rect
from slideviewer.ui.layers.grid import LABELS, GridLayer
from slideviewer.ui.layers.layer import Layer, Plane
from slideviewer.ui.layers.plates import Plates, plate_font, plate_size
from slideviewer.ui.shape_index import ShapeIndex
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
    shapes : ShapeIndex, optional
        Of the annotations that are named, where there is one already.
    is_hidden : callable, optional
        Whether an annotation is not shown, and so has no name either.

    Attributes
    ----------
    belongs : bool
        Whether the annotations belong to the slide that the view shows.
    """

    plane = Plane.GLASS

    def __init__(
        self,
        grid: GridLayer,
        parent: QObject | None = None,
        shapes: ShapeIndex | None = None,
        is_hidden: Callable[[Annotation], bool] = lambda _: False,
    ) -> None:
        super().__init__("Names of annotations", parent)
        self._grid = grid
        self._visible = False
        self._shapes = shapes if shapes is not None else ShapeIndex()
        self._is_hidden = is_hidden
        self.belongs = True

    @property
    def is_empty(self) -> bool:
        return not self.belongs or not len(self._shapes)

    def set_annotations(
        self, annotations: AnnotationSet, changed: frozenset[str] | None = None
    ) -> None:
        """Name these.

        Parameters
        ----------
        annotations : AnnotationSet
        changed : frozenset of str, optional
            The ids of those that differ from what was named before; all of them by default.
        """
        self._shapes.follow(annotations, changed)
        self.changed.emit(None)

    def paint(self, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool) -> None:
        seen = view.visible
        left, top, right, bottom = self._shapes.boxes
        sides = np.maximum(right - left, bottom - top) * view.scale
        # A point has no size, but it has a place and a name.
        large_enough = (sides >= SMALLEST_SHAPE) | (sides == 0)
        in_view = (
            (left <= seen.right) & (right >= seen.x) & (top <= seen.bottom) & (bottom >= seen.y)
        )
        shown = np.flatnonzero(large_enough & in_view)
        shown = shown[np.argsort(-sides[shown], kind="stable")]
        named = self._named(shown.tolist())
        if not named:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = plate_font(painter)
        room = QRectF(0, 0, view.width, view.height).adjusted(4, 4, -4, -4)
        if self._grid.is_shown and view.is_upright:
            room.adjust(LABELS.width(), LABELS.height(), 0, 0)
        plates = Plates(painter, font, room)
        for slot, name in named:
            corners = self._shapes.boxes[:, slot].tolist()
            covered = view.covered_by(Rect.from_corners(*corners))
            height = plate_size(font, name)[1]
            if covered.bottom > 0 and covered.y < view.height:
                middle = min(max(covered.centre[0], 0), view.width)
                plates.put(name, QPointF(middle, covered.y - height / 2 - 6), NAME_INK)

    def _named(self, slots: list[int]) -> list[tuple[int, str]]:
        """The first of these shapes that have a name, with it."""
        found = []
        for slot in slots:
            shape = self._shapes.shape(slot)
            if shape.name and not self._is_hidden(shape):
                found.append((slot, _short(shape.name)))
                if len(found) == MOST_NAMES:
                    break
        return found


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
