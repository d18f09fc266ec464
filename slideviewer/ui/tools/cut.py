"""Cut areas in two, or more, along a line."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import shapely
from PySide6.QtCore import QObject, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from slideviewer.annotations import Annotation, Points, as_points, as_polygon
from slideviewer.annotations.operations import split
from slideviewer.geometry import Rect
from slideviewer.progress import Progress, Step
from slideviewer.ui.editing.areas import AreaEdits, NewArea
from slideviewer.ui.editing.finding import areas_in, selected_areas
from slideviewer.ui.session import Session
from slideviewer.ui.tools.tool import Pointer, Tool
from slideviewer.ui.viewpoint import Viewpoint

DRAG_DISTANCE = 6.0
"""Screen pixels; a press that moved less was a click, and the line goes on to the next one."""

STEP_SCREEN = 3.0
"""Screen pixels between the vertices of a line that is drawn freehand."""


class CutTool(Tool):
    """A line, by a drag or by clicks, along which shapes fall apart.

    Parameters
    ----------
    session : Session
    edits : AreaEdits
    tell : callable
        Says something to the user.
    """

    name = "cut"
    cursor = Qt.CursorShape.CrossCursor
    hint = (
        "Drag a line across a shape, or click along it and double-click at the end; "
        "Delete takes a point back, Esc drops the line"
    )

    def __init__(
        self,
        session: Session,
        edits: AreaEdits,
        tell: Callable[[str], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._edits, self._tell = session, edits, tell
        self._line: list[tuple[float, float]] = []
        self._mouse: tuple[float, float] | None = None
        self._pressed: Pointer | None = None
        self._is_drag = False

    @property
    def is_busy(self) -> bool:
        return bool(self._line)

    def press(self, pointer: Pointer) -> None:
        self._line.append((pointer.x, pointer.y))
        self._pressed, self._is_drag = pointer, False
        self.changed.emit()

    def move(self, pointer: Pointer) -> None:
        self._mouse = (pointer.x, pointer.y)
        if self._pressed is not None and len(self._line):
            way = math.hypot(
                pointer.x_screen - self._pressed.x_screen, pointer.y_screen - self._pressed.y_screen
            )
            self._is_drag = self._is_drag or way >= DRAG_DISTANCE
            if self._is_drag and pointer.screen_distance(*self._line[-1]) >= STEP_SCREEN:
                self._line.append((pointer.x, pointer.y))
        if self._line:
            self.changed.emit()

    def release(self, pointer: Pointer) -> None:
        was_drag, self._pressed, self._is_drag = self._is_drag, None, False
        if was_drag:
            self._line.append((pointer.x, pointer.y))
            self.finish()

    def double_click(self, pointer: Pointer) -> None:
        self._line.append((pointer.x, pointer.y))
        self.finish()

    def finish(self) -> None:
        line = as_points(self._line)
        self.cancel()
        if len(line) and (line != line[0]).any():
            self._cut(line)

    def cancel(self) -> None:
        self._line, self._mouse, self._pressed, self._is_drag = [], None, None, False
        self.changed.emit()

    def delete(self) -> None:
        if self._line:
            self._line.pop()
            self._pressed, self._is_drag = None, False
            self.changed.emit()

    def paint(self, painter: QPainter, view: Viewpoint) -> None:
        if not self._line:
            return
        points = [QPointF(*view.to_screen(x, y)) for x, y in self._line]
        if self._mouse is not None:
            points.append(QPointF(*view.to_screen(*self._mouse)))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, width, style in (
            (QColor(255, 255, 255, 220), 3.5, Qt.PenStyle.SolidLine),
            (QColor(0, 0, 0), 1.5, Qt.PenStyle.DashLine),
        ):
            painter.setPen(QPen(colour, width, style))
            painter.drawPolyline(QPolygonF(points))

    def _cut(self, line: Points) -> None:
        chosen = selected_areas(self._session)
        # Of those that are not selected the one that lies over the others.
        meant = chosen or [*reversed(self._near(line))]

        def make(progress: Progress) -> list[NewArea]:
            new: list[NewArea] = []
            for it in meant:
                progress(Step(0, 0, "Cut"))
                cut_up = _cut_up(it, line)
                if cut_up is not None:
                    new.append(cut_up)
                    if not chosen:
                        break
            return new

        def then(new: Sequence[NewArea]) -> None:
            if new:
                self._edits.put("Cut" if len(new) == 1 else f"Cut {len(new)} shapes", new)
                return
            self._tell(
                "The line cuts no selected shape in two: begin and end it outside of the shape."
                if chosen
                else "The line cuts no shape in two: begin and end it outside of the shape."
            )

        self._edits.work_out("Cut", meant, make, then)

    def _near(self, line: Points) -> list[Annotation]:
        (left, top), (right, bottom) = line.min(axis=0).tolist(), line.max(axis=0).tolist()
        return areas_in(self._session, Rect.from_corners(left, top, right, bottom))


def _cut_up(annotation: Annotation, line: Points) -> NewArea | None:
    """The parts of a shape; None where the line does not cut it in two."""
    area = as_polygon(annotation)
    parts: Sequence[shapely.Polygon] = split(area, line)
    if len(parts) <= len(shapely.get_parts(area)):
        return None
    return NewArea(annotation, shapely.MultiPolygon(parts))
