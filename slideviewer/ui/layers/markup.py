"""The specialist's markup: blue outlines, constant on the screen at every zoom."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF

from slideviewer.annotations import Annotation, AnnotationSet, Kind, Points, outline
from slideviewer.geometry import Rect
from slideviewer.ui import colours
from slideviewer.ui.layers.layer import Layer
from slideviewer.ui.painting import to_screen_transform
from slideviewer.ui.viewpoint import Viewpoint

OUTLINE_WIDTH = 3.0
SELECTED_WIDTH = 4.5
HANDLE_SIZE = 9.0
"""Screen pixels; as ASAP draws them."""

SMALLEST_SHAPE = 4.0
"""A shape smaller than this on the screen is drawn as a dot, so that none vanishes."""


class MarkupLayer(Layer):
    """Paints an AnnotationSet; what is selected lighter, thicker and with handles."""

    reach = HANDLE_SIZE + SELECTED_WIDTH

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__("Specialist markup", parent)
        self._shapes: list[Annotation] = []
        self._boxes = np.empty((0, 4))
        self._selected: frozenset[str] = frozenset()
        self._active_vertex: tuple[str, int] | None = None
        self._thinned: dict[str, tuple[Annotation, int, QPolygonF]] = {}
        self._replaced: dict[str, Annotation] = {}

    @property
    def is_empty(self) -> bool:
        return not self._shapes and not self._replaced

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
        former, self._shapes = self._shapes, list(annotations)
        self._boxes = np.array([_box(shape) for shape in self._shapes]).reshape(-1, 4)
        for gone in self._thinned.keys() - annotations.annotations.keys():
            del self._thinned[gone]
        if changed is None:
            self.changed.emit(None)
        else:
            touched = [shape for shape in (*former, *self._shapes) if shape.id in changed]
            self._emit_changed(touched)

    def set_selection(self, ids: frozenset[str], vertex: tuple[str, int] | None = None) -> None:
        """Show these as selected, and one vertex (annotation id, index) as the active one."""
        touched = ids | self._selected
        self._selected, self._active_vertex = ids, vertex
        self._emit_changed([shape for shape in self._shapes if shape.id in touched])

    def preview(self, annotations: Iterable[Annotation]) -> None:
        """Show these in place of the ones of the same id, while a gesture is under way."""
        former = self._replaced
        self._replaced = {annotation.id: annotation for annotation in annotations}
        ids = former.keys() | self._replaced.keys()
        hidden = [shape for shape in self._shapes if shape.id in ids]
        self._emit_changed([*former.values(), *self._replaced.values(), *hidden])

    def paint(self, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not rough)
        left, top, right, bottom = self._boxes.T
        seen = part.grown(2 * HANDLE_SIZE / view.scale)
        in_view = (
            (left <= seen.right) & (right >= seen.x) & (top <= seen.bottom) & (bottom >= seen.y)
        )
        sides = np.maximum(right - left, bottom - top) * view.scale
        tiny = in_view & (sides < SMALLEST_SHAPE) & (sides > 0)
        self._paint_specks(painter, view, self._boxes[tiny])
        chosen = []
        for index in np.flatnonzero(in_view & ~tiny).tolist():
            shape = self._shapes[index]
            if shape.id in self._selected or shape.id in self._replaced:
                chosen.append(shape.id)
            else:
                self._paint_shape(painter, view, shape, colours.MARKUP, OUTLINE_WIDTH)
        shapes = {shape.id: shape for shape in self._shapes} if chosen or self._replaced else {}
        for annotation_id in dict.fromkeys([*chosen, *self._replaced]):
            shape = self._replaced.get(annotation_id) or shapes[annotation_id]
            self._paint_shape(painter, view, shape, colours.MARKUP_SELECTED, SELECTED_WIDTH)
            self._paint_handles(painter, view, shape)

    def _emit_changed(self, shapes: Iterable[Annotation]) -> None:
        """Have the place of these shapes painted again."""
        boxes = [_box(shape) for shape in shapes if shape.bounds is not None]
        if boxes:
            left, top, right, bottom = zip(*boxes, strict=True)
            self.changed.emit(Rect.from_corners(min(left), min(top), max(right), max(bottom)))

    def _paint_specks(self, painter: QPainter, view: Viewpoint, boxes: NDArray[np.float64]) -> None:
        """Shapes too small to have an outline here, all at once."""
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        painter.setPen(QPen(colours.MARKUP, SMALLEST_SHAPE))
        painter.drawPoints([QPointF(*view.to_screen(x, y)) for x, y in centres.tolist()])

    def _paint_shape(
        self,
        painter: QPainter,
        view: Viewpoint,
        annotation: Annotation,
        colour: QColor,
        width: float,
    ) -> None:
        painter.setPen(QPen(colour, width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if annotation.kind in (Kind.DOT, Kind.POINT_SET):
            self._paint_dots(painter, view, annotation.points, colour)
        else:
            painter.save()
            painter.setTransform(to_screen_transform(view), combine=True)
            pen = painter.pen()
            pen.setCosmetic(True)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            line = self._line(annotation, view.scale)
            if annotation.kind == Kind.MEASUREMENT:
                painter.drawPolyline(line)
            else:
                painter.drawPolygon(line)
            painter.restore()

    def _paint_dots(
        self, painter: QPainter, view: Viewpoint, points: Points, colour: QColor
    ) -> None:
        painter.setBrush(colour)
        painter.setPen(QPen(QColor("white"), 1))
        for x, y in points:
            painter.drawEllipse(QPointF(*view.to_screen(x, y)), 4.0, 4.0)

    def _paint_handles(self, painter: QPainter, view: Viewpoint, annotation: Annotation) -> None:
        handle = QRectF(-HANDLE_SIZE / 2, -HANDLE_SIZE / 2, HANDLE_SIZE, HANDLE_SIZE)
        seen = view.visible.grown(HANDLE_SIZE / view.scale)
        x, y = annotation.points.T
        inside = (x >= seen.x) & (x <= seen.right) & (y >= seen.y) & (y <= seen.bottom)
        apart = HANDLE_SIZE * 1.5
        last = (math.inf, math.inf)
        own_pixel = _keeps(annotation.points, view.scale)
        if self._active_vertex is not None and self._active_vertex[0] == annotation.id:
            own_pixel[self._active_vertex[1]] = True
        for index in np.flatnonzero(inside & own_pixel).tolist():
            at = view.to_screen(*annotation.points[index].tolist())
            active = self._active_vertex == (annotation.id, index)
            # Handles that would cover one another are left out until they are zoomed apart.
            if math.dist(at, last) < apart and not active:
                continue
            last = at
            painter.setPen(QPen(colours.MARKUP, 1.5))
            painter.setBrush(QBrush(colours.MARKUP if active else QColor("white")))
            painter.drawRect(handle.translated(*at))

    def _line(self, annotation: Annotation, scale: float) -> QPolygonF:
        """The outline without the vertices that fall on one and the same screen pixel."""
        octave = math.ceil(math.log2(scale))
        known = self._thinned.get(annotation.id)
        if known is not None and known[0] is annotation and known[1] == octave:
            return known[2]
        line = QPolygonF([QPointF(x, y) for x, y in thinned(outline(annotation), 2.0**octave)])
        if annotation.id not in self._replaced:
            self._thinned[annotation.id] = (annotation, octave, line)
        return line


def _box(annotation: Annotation) -> tuple[float, float, float, float]:
    """Left, top, right and bottom; no numbers, hence never in view, for a shape without points."""
    bounds = annotation.bounds
    if bounds is None:
        return (math.nan,) * 4
    return bounds.x, bounds.y, bounds.right, bounds.bottom


def thinned(points: Points, scale: float) -> Points:
    """Drop each point that lies on the same screen pixel as the one before it.

    Parameters
    ----------
    points : ndarray (count, 2)
        Level-0 pixels.
    scale : float
        Screen pixels per level-0 pixel.
    """
    return points[_keeps(points, scale)]


def _keeps(points: Points, scale: float) -> NDArray[np.bool_]:
    """Which points lie on another screen pixel than the one before; the first and last always."""
    keep = np.ones(len(points), dtype=bool)
    pixel = np.floor(points * scale)
    keep[1:-1] = (pixel[1:-1] != pixel[:-2]).any(axis=1)
    return keep
