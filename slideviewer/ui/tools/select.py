"""Select, move and reshape what is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from slideviewer.annotations import Annotation
from slideviewer.ui import colours
from slideviewer.ui.document import Document
from slideviewer.ui.selection import Selection
from slideviewer.ui.tools.dragging import Drag
from slideviewer.ui.tools.picking import Picking
from slideviewer.ui.tools.reshaping import (
    FEWEST_VERTICES,
    RESHAPED,
    with_vertex_added,
    without_vertex,
)
from slideviewer.ui.tools.tool import Pointer, Tool
from slideviewer.ui.viewpoint import Viewpoint

CLICK_SLACK = 3
"""Screen pixels that the mouse may stray during a click before it counts as a drag."""

BAND_FILL = QColor(125, 170, 255, 40)

_ALT, _CTRL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier

Nudge = Callable[[float, float], bool]
"""Moves what is selected by so many level-0 pixels; whether there was anything to move."""


class SelectTool(Tool):
    """Click or drag a frame to select; drag a vertex or an outline to move it."""

    name = "select"
    hint = (
        "Click or drag a frame to select; drag a vertex, Alt+drag a shape; "
        "a double-click on an edge adds a vertex"
    )

    def __init__(
        self,
        document: Document,
        selection: Selection,
        picking: Picking,
        preview: Callable[[Iterable[Annotation]], None],
        nudge: Nudge,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._selection, self._picking = document, selection, picking
        self._preview, self._nudge = preview, nudge
        self._drag: Drag | None = None
        self._band: tuple[Pointer, Pointer] | None = None

    @property
    def is_busy(self) -> bool:
        return self._drag is not None or self._band is not None

    def press(self, pointer: Pointer) -> None:
        if not pointer.has(_ALT) and not pointer.has(_CTRL):
            vertex = self._picking.vertex_at(pointer)
            if vertex is not None:
                self._selection.set(self._selection.ids, vertex)
                shape = self._document.annotations[vertex[0]]
                self._drag = Drag(pointer, (shape,), vertex[1])
                return
        hit = self._picking.shape_at(pointer)
        if hit is None and pointer.has(_ALT):
            hit = self._picking.selected_around(pointer)
        if hit is None:
            self._band = (pointer, pointer)
        elif pointer.has(_CTRL):
            self._selection.toggle(hit.id)
        else:
            is_selected = hit.id in self._selection.ids
            self._selection.set(self._selection.ids if is_selected else [hit.id])
            self._drag = Drag(pointer, self._picking.selected, clicked=hit.id)

    def move(self, pointer: Pointer) -> None:
        if self._band is not None:
            self._band = (self._band[0], pointer)
            self.changed.emit()
        drag = self._drag
        if drag is None or (not drag.has_moved and not _has_strayed(drag.start, pointer)):
            return
        self._drag = drag.to(pointer)
        if self._drag.is_previewed:
            self._preview(self._drag.moved)
        else:
            self.changed.emit()

    def release(self, pointer: Pointer) -> None:
        if self._band is not None:
            self._select_in_band(pointer)
        drag, self._drag = self._drag, None
        if drag is None:
            return
        self._preview(())
        self.changed.emit()
        if drag.has_moved:
            self._apply("Move" if drag.vertex is None else "Reshape", drag.moved, drag.vertex)
        elif drag.clicked is not None and len(self._selection.ids) > 1:
            self._selection.set([drag.clicked])  # a click means one of several that were selected

    def double_click(self, pointer: Pointer) -> None:
        found = self._picking.edge_at(pointer, RESHAPED)
        if found is None or self._picking.vertex_at(pointer) is not None:
            return
        annotation, before = found
        added = with_vertex_added(annotation, before, pointer.x, pointer.y)
        self._apply("Add vertex", (added,), before + 1)

    def cancel(self) -> None:
        was_busy, self._drag, self._band = self.is_busy, None, None
        self._preview(())
        self.changed.emit()
        if not was_busy:
            self._selection.set([])

    def delete(self) -> None:
        """Remove the active vertex; without one, the selected shapes (which can be undone)."""
        vertex = self._selection.vertex
        if self.is_busy:
            return
        annotation = self._document.annotations[vertex[0]] if vertex is not None else None
        if vertex is None or annotation is None or annotation.kind not in FEWEST_VERTICES:
            self.delete_selected()
            return
        left = without_vertex(annotation, vertex[1])
        if left is not None:
            self._document.apply("Delete vertex", {left.id: left})

    def delete_selected(self) -> None:
        """Remove the selected shapes, unless a gesture is under way."""
        ids = self._selection.ids
        text = "Delete annotation" if len(ids) == 1 else f"Delete {len(ids)} annotations"
        if ids and not self.is_busy:
            self._document.apply(text, dict.fromkeys(ids))

    def nudge(self, right: int, down: int, view: Viewpoint) -> bool:
        if self.is_busy:
            return False
        (x, y), (x_before, y_before) = view.to_slide(right, down), view.to_slide(0, 0)
        return self._nudge(x - x_before, y - y_before)

    def paint(self, painter: QPainter, view: Viewpoint) -> None:
        frames = []
        if self._band is not None and _has_strayed(*self._band):
            frames.append(_screen_frame(*self._band, view))
        box = self._drag.moved_box if self._drag is not None else None
        if self._drag is not None and box is not None and not self._drag.is_previewed:
            covered = view.covered_by(box)
            frames.append(QRectF(covered.x, covered.y, covered.width, covered.height))
        painter.setPen(QPen(colours.MARKUP, 1.0))
        painter.setBrush(BAND_FILL)
        for frame in frames:
            painter.drawRect(frame)

    def _select_in_band(self, pointer: Pointer) -> None:
        band, self._band = self._band, None
        self.changed.emit()
        if band is None:
            return
        ids: Iterable[str] = ()
        if _has_strayed(band[0], pointer):
            ids = self._picking.inside(_screen_frame(band[0], pointer, pointer.view), pointer.view)
        if band[0].has(_CTRL):
            ids = self._selection.ids.union(ids)
        self._selection.set(ids)

    def _apply(self, text: str, changed: tuple[Annotation, ...], vertex: int | None) -> None:
        """Make an edit, after which the vertex that was meant is still the active one."""
        applied = self._document.apply(text, {shape.id: shape for shape in changed})
        if applied and vertex is not None:
            self._selection.set(self._selection.ids, (changed[0].id, vertex))


def _has_strayed(start: Pointer, pointer: Pointer) -> bool:
    return start.screen_distance(pointer.x, pointer.y) > CLICK_SLACK


def _screen_frame(start: Pointer, end: Pointer, view: Viewpoint) -> QRectF:
    """The frame between two places of the slide, upright on the screen."""
    (x1, y1), (x2, y2) = view.to_screen(start.x, start.y), view.to_screen(end.x, end.y)
    return QRectF(min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1))
