"""The specialist's markup: outlines, constant on the screen at every zoom."""

from __future__ import annotations

import math
from collections.abc import Iterable

from PySide6.QtCore import QObject
from PySide6.QtGui import QPainter

from slideviewer.annotations import Annotation, AnnotationSet
from slideviewer.geometry import Rect
from slideviewer.ui.layers.as_one import paint_as_one
from slideviewer.ui.layers.layer import Layer
from slideviewer.ui.layers.markup_look import MarkupLook
from slideviewer.ui.layers.markup_painter import (
    HANDLE_SIZE,
    MOST_WITH_HANDLES,
    OUTLINE_WIDTH,
    SELECTED_WIDTH,
    SMALLEST_SHAPE,
    MarkupPainter,
    hides_handles,
)
from slideviewer.ui.shape_change import place_of_both, place_of_change, rect_around
from slideviewer.ui.shape_index import ShapeIndex
from slideviewer.ui.viewpoint import Viewpoint

__all__ = ["HANDLE_SIZE", "OUTLINE_WIDTH", "SELECTED_WIDTH", "SMALLEST_SHAPE", "MarkupLayer"]


class MarkupLayer(Layer):
    """Paints an AnnotationSet; what is selected lighter, thicker and with handles.

    Parameters
    ----------
    parent : QObject, optional
    shapes : ShapeIndex, optional
        Of the annotations that are shown, where there is one already.
    """

    reach = HANDLE_SIZE + SELECTED_WIDTH

    def __init__(self, parent: QObject | None = None, shapes: ShapeIndex | None = None) -> None:
        super().__init__("Specialist markup", parent)
        self._shapes = shapes if shapes is not None else ShapeIndex()
        self._painter = MarkupPainter(self._shapes)

    @property
    def is_empty(self) -> bool:
        return not len(self._shapes) and not self._painter.replaced

    def set_annotations(
        self, annotations: AnnotationSet, changed: frozenset[str] | None = None
    ) -> None:
        """Show these.

        Parameters
        ----------
        annotations : AnnotationSet
        changed : frozenset of str, optional
            The ids of those that differ from what was shown before; all of them by default.
        """
        place = self._shapes.follow(annotations, changed)
        if changed is None:
            self._painter.lines.clear()
        elif place is not None:
            # With one vertex the handles all along a crowded outline become others.
            around = self._shapes.place_of(changed & self._painter.selected)
            place = rect_around(filter(None, (place, around)))
        self.changed.emit(place)

    def set_look(self, look: MarkupLook) -> None:
        """Show the annotations in other colours, or others of them."""
        if look != self._painter.look:
            self._painter.look = look
            self.changed.emit(None)

    def set_selection(self, ids: frozenset[str], vertex: tuple[str, int] | None = None) -> None:
        """Show these as selected, and one vertex (annotation id, index) as the active one."""
        painter = self._painter
        touched = ids ^ painter.selected
        if (len(ids) > MOST_WITH_HANDLES) != (len(painter.selected) > MOST_WITH_HANDLES):
            touched |= ids  # those that were selected before and stay so lose or get handles
        vertices = {vertex, painter.active_vertex} if vertex != painter.active_vertex else set()
        places = [self._shapes.place_of(touched), *map(self._place_of_vertex, vertices)]
        painter.selected, painter.active_vertex = ids, vertex
        found = [place for place in places if place is not None]
        if found:
            self.changed.emit(rect_around(found))

    def _place_of_vertex(self, vertex: tuple[str, int] | None) -> Rect | None:
        shape = self._shapes.get(vertex[0]) if vertex is not None else None
        if vertex is None or shape is None or not 0 <= vertex[1] < len(shape.points):
            return None
        x, y = shape.points[vertex[1]].tolist()
        return Rect(x, y, 0, 0) if math.isfinite(x) and math.isfinite(y) else None

    def preview(self, annotations: Iterable[Annotation]) -> None:
        """Show these in place of the ones of the same id, while a gesture is under way."""
        former = self._painter.replaced
        replaced = self._painter.replaced = {it.id: it for it in annotations}
        places: list[Rect | None] = []
        for key in former.keys() | replaced.keys():
            own = self._shapes.get(key)
            before, after = former.get(key, own), replaced.get(key, own)
            if before is None and after is None:  # it was removed while the gesture lasted
                continue
            one, other = before or after, after or before
            assert one is not None and other is not None
            goes_on = key in former and key in replaced and hides_handles(one)
            places.append((place_of_change if goes_on else place_of_both)(one, other))
        if places:
            self.changed.emit(rect_around(places))

    def paint(self, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not rough)
        paint_as_one(painter, lambda inner: self._painter.paint(inner, view, part, rough=rough))
