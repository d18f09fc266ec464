"""Select, move and reshape what is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QObject, Qt

from slideviewer.annotations import Annotation, Kind, Points, as_points, contains, outline
from slideviewer.ui.document import Document
from slideviewer.ui.hit import nearest_edge, nearest_vertex
from slideviewer.ui.selection import Selection
from slideviewer.ui.tools.tool import Pointer, Tool

REACH = 8
"""Screen pixels around a vertex or an outline that count as on it."""

CLICK_SLACK = 3
"""Screen pixels that the mouse may stray during a click before it counts as a drag."""

FEWEST_VERTICES: Mapping[Kind | str, int] = {Kind.POLYGON: 3, Kind.SPLINE: 3, Kind.POINT_SET: 1}
"""Of the kinds that may lose vertices: how many must stay."""


RESHAPED = (Kind.POLYGON, Kind.SPLINE)
"""The kinds whose edges may get new vertices."""


@dataclass(frozen=True)
class _Drag:
    """A move or reshape under way: of one vertex, or of all selected shapes."""

    start: Pointer
    originals: tuple[Annotation, ...]
    vertex: int | None
    moved: tuple[Annotation, ...] = ()


class SelectTool(Tool):
    """Click selects, drag moves a vertex or the selection, double-click adds a vertex."""

    name = "select"
    hint = (
        "Click an outline to select, drag a vertex to reshape, Alt+drag to move, "
        "double-click an edge to add a vertex"
    )

    def __init__(
        self,
        document: Document,
        selection: Selection,
        preview: Callable[[Iterable[Annotation]], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._selection, self._preview = document, selection, preview
        self._drag: _Drag | None = None

    @property
    def is_busy(self) -> bool:
        return self._drag is not None

    def press(self, pointer: Pointer) -> None:
        vertex = self._vertex_at(pointer)
        if vertex is not None and not pointer.has(Qt.KeyboardModifier.AltModifier):
            annotation_id, index = vertex
            self._selection.set(self._selection.ids, vertex)
            self._drag = _Drag(pointer, (self._document.annotations[annotation_id],), index)
            return
        hit = self._shape_at(pointer)
        if hit is None and pointer.has(Qt.KeyboardModifier.AltModifier):
            hit = self._selected_around(pointer)
        if pointer.has(Qt.KeyboardModifier.ControlModifier):
            if hit is not None:
                self._selection.toggle(hit.id)
            return
        if hit is None or hit.id not in self._selection.ids:
            self._selection.set([hit.id] if hit is not None else [])
        else:
            self._selection.set(self._selection.ids)
        if hit is not None:
            chosen = tuple(a for a in self._document.annotations if a.id in self._selection.ids)
            self._drag = _Drag(pointer, chosen, None)

    def move(self, pointer: Pointer) -> None:
        drag = self._drag
        if drag is None:
            return
        strayed = drag.start.screen_distance(pointer.x, pointer.y)
        if not drag.moved and strayed <= CLICK_SLACK:
            return
        shift = np.array([pointer.x - drag.start.x, pointer.y - drag.start.y])
        moved = tuple(_shifted(original, drag.vertex, shift) for original in drag.originals)
        self._drag = replace(drag, moved=moved)
        self._preview(moved)

    def release(self, pointer: Pointer) -> None:
        drag, self._drag = self._drag, None
        self._preview(())
        if drag is not None and drag.moved:
            text = "Move" if drag.vertex is None else "Reshape"
            self._document.apply(text, {annotation.id: annotation for annotation in drag.moved})

    def double_click(self, pointer: Pointer) -> None:
        for annotation in self._document.annotations:
            if annotation.id not in self._selection.ids or annotation.kind not in RESHAPED:
                continue
            index, distance = nearest_edge(annotation.points, pointer.x, pointer.y, closed=True)
            if distance * pointer.view.scale <= REACH and self._vertex_at(pointer) is None:
                points = np.insert(annotation.points, index + 1, (pointer.x, pointer.y), axis=0)
                self._apply_points("Add vertex", annotation, points)
                self._selection.set(self._selection.ids, (annotation.id, index + 1))
                return

    def cancel(self) -> None:
        was_busy, self._drag = self.is_busy, None
        self._preview(())
        if not was_busy:
            self._selection.set([])

    def delete(self) -> None:
        """Remove the active vertex; without one, the selected shapes (which can be undone)."""
        if self._selection.vertex is None:
            self.delete_selected()
            return
        annotation_id, index = self._selection.vertex
        annotation = self._document.annotations[annotation_id]
        fewest = FEWEST_VERTICES.get(annotation.kind)
        if fewest is None or len(annotation.points) <= fewest:
            return
        self._apply_points("Delete vertex", annotation, np.delete(annotation.points, index, axis=0))

    def delete_selected(self) -> None:
        """Remove the selected shapes, unless a gesture is under way."""
        ids = self._selection.ids
        text = "Delete annotation" if len(ids) == 1 else f"Delete {len(ids)} annotations"
        if ids and not self.is_busy:
            self._document.apply(text, dict.fromkeys(ids))

    def _apply_points(self, text: str, annotation: Annotation, points: Points) -> None:
        self._document.apply(text, {annotation.id: replace(annotation, points=as_points(points))})

    def _vertex_at(self, pointer: Pointer) -> tuple[str, int] | None:
        best: tuple[str, int] | None = None
        nearest = REACH / pointer.view.scale
        for annotation_id in self._selection.ids:
            points = self._document.annotations[annotation_id].points
            index, distance = nearest_vertex(points, pointer.x, pointer.y)
            if distance <= nearest:
                best, nearest = (annotation_id, index), distance
        return best

    def _selected_around(self, pointer: Pointer) -> Annotation | None:
        """The selected shape that the mouse is inside of."""
        chosen = (self._document.annotations[key] for key in self._selection.ids)
        return next((shape for shape in chosen if contains(shape, pointer.x, pointer.y)), None)

    def _shape_at(self, pointer: Pointer) -> Annotation | None:
        best: Annotation | None = None
        nearest = REACH / pointer.view.scale
        for annotation in self._document.annotations:
            bounds = annotation.bounds
            if bounds is None or not bounds.grown(nearest).contains(pointer.x, pointer.y):
                continue
            distance = _distance(annotation, pointer.x, pointer.y)
            if distance <= nearest:
                best, nearest = annotation, distance
        return best


def _distance(annotation: Annotation, x: float, y: float) -> float:
    if annotation.kind in (Kind.DOT, Kind.POINT_SET):
        return nearest_vertex(annotation.points, x, y)[1]
    closed = annotation.kind != Kind.MEASUREMENT
    return nearest_edge(outline(annotation), x, y, closed=closed)[1]


def _shifted(annotation: Annotation, vertex: int | None, shift: Points) -> Annotation:
    """The annotation with one vertex, or all, moved; a rectangle's corner keeps it a rectangle."""
    points = annotation.points.copy()
    if vertex is None:
        points += shift
    elif annotation.kind == Kind.RECTANGLE and len(points) == 4:
        corner = points[vertex] + shift
        same_x = points[:, 0] == points[vertex, 0]
        same_y = points[:, 1] == points[vertex, 1]
        points[same_x, 0], points[same_y, 1] = corner
    else:
        points[vertex] += shift
    return replace(annotation, points=as_points(points))
