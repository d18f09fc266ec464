"""Paint areas, and erase what is too much of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from slideviewer.annotations import Annotation, as_points, as_polygon
from slideviewer.annotations.operations import subtraction, union
from slideviewer.annotations.operations.regions import SLIVER_PX2
from slideviewer.annotations.operations.strokes import stroke
from slideviewer.progress import Progress, Step
from slideviewer.ui.editing.areas import AreaEdits, NewArea
from slideviewer.ui.editing.finding import area_at, selected_areas
from slideviewer.ui.session import Session
from slideviewer.ui.tools.brush_size import BrushSize
from slideviewer.ui.tools.painted_area import PaintedArea, unseen
from slideviewer.ui.tools.tool import Pointer, Tool
from slideviewer.ui.viewpoint import Viewpoint

STEP_SCREEN = 2.0
"""The path of the brush has no more points than one for so many screen pixels."""

SMOOTH_SCREEN = 0.4
"""How far what was painted may leave the path of the disc, in screen pixels: nobody sees it."""

LEAST_PATCH_SCREEN = 96.0
"""Smaller patches would be too many where the brush is small."""


@dataclass
class _Stroke:
    """A stroke of the brush under way."""

    erases: bool
    radius_px: float
    scale: float
    path: list[tuple[float, float]] = field(default_factory=list)
    painted: list[PaintedArea] = field(default_factory=list)


class BrushTool(Tool):
    """Moves a disc along, which covers what it goes over, or uncovers it.

    Parameters
    ----------
    session : Session
    edits : AreaEdits
    size : BrushSize
        Shared by brush and eraser.
    preview : callable
        Shows annotations in place of those of the same id.
    erases : bool
        Whether it takes away; held Alt makes it do the other.
    """

    cursor = Qt.CursorShape.CrossCursor

    def __init__(
        self,
        session: Session,
        edits: AreaEdits,
        size: BrushSize,
        preview: Callable[[Iterable[Annotation]], None],
        parent: QObject | None = None,
        *,
        erases: bool = False,
    ) -> None:
        super().__init__(parent)
        self._session, self._edits, self._size = session, edits, size
        self._preview, self._erases = preview, erases
        self.name = "eraser" if erases else "brush"
        self.hint = (
            "Drag to erase from the selected shape, or from the one under the mouse; "
            "Alt+wheel: size; Alt paints"
            if erases
            else "Drag inside a shape to extend it, outside for a new one; Shift goes on with the "
            "last, Alt erases, Alt+wheel: size"
        )
        self._stroke: _Stroke | None = None
        self._last = ""  # id of what was painted last
        self._mouse: Pointer | None = None
        size.changed.connect(self.changed)

    @property
    def is_busy(self) -> bool:
        return self._stroke is not None

    def press(self, pointer: Pointer) -> None:
        erases = self._erases != pointer.has(Qt.KeyboardModifier.AltModifier)
        meant = self._meant(pointer, erases)
        if self._edits.working.refuses(meant):
            return
        scale = pointer.view.scale
        self._stroke = _Stroke(erases, self._size.diameter / 2 / scale, scale)
        selection = self._session.selection
        selection.set(selection.ids)  # no vertex is the active one any more
        for annotation in meant:
            self._take(annotation)
        self._go_on(pointer)

    def move(self, pointer: Pointer) -> None:
        self._mouse = pointer
        if self._stroke is not None:
            self._go_on(pointer)
        self.changed.emit()

    def release(self, pointer: Pointer) -> None:
        done = self._stroke
        if done is None:
            return
        self._go_on(pointer, is_last=True)
        self._drop()
        shapes = [it.annotation for it in done.painted]
        known = self._session.document.annotations.annotations
        is_new = any(it.id not in known for it in shapes)
        text = "Erase" if done.erases else "Paint area" if is_new else "Extend area"

        def make(progress: Progress) -> list[NewArea]:
            covered = stroke(as_points(done.path), done.radius_px, SMOOTH_SCREEN / done.scale)
            new = []
            for shape in shapes:
                progress(Step(0, 0, text))
                before = as_polygon(shape)
                both = subtraction(before, [covered]) if done.erases else union([before, covered])
                if abs(both.area - before.area) > SLIVER_PX2:
                    new.append(NewArea(shape, both))
            return new

        def then(new: Sequence[NewArea]) -> None:
            if new:
                self._edits.put(text, new, then=lambda: self._went_in(done, new[0].like))

        self._edits.work_out(text, shapes, make, then)

    def _went_in(self, done: _Stroke, annotation: Annotation) -> None:
        if not done.erases:
            self._last = annotation.id

    def cancel(self) -> None:
        self._drop()
        self.changed.emit()

    def leave(self) -> None:
        self._mouse = None
        self.changed.emit()

    def wheel(self, notches: float) -> bool:
        self._size.change(notches)
        return True

    def paint(self, painter: QPainter, view: Viewpoint) -> None:
        if self._stroke is not None:
            for it in self._stroke.painted:
                it.paint(painter, view)
        if self._mouse is not None:
            self._paint_disc(painter, view, self._mouse)

    def _meant(self, pointer: Pointer, erases: bool) -> Sequence[Annotation]:
        """The shapes that a stroke from here works on."""
        chosen = selected_areas(self._session)
        if erases and chosen:
            return chosen
        annotations = self._session.document.annotations.annotations
        if not erases and pointer.has(Qt.KeyboardModifier.ShiftModifier):
            if self._last in annotations:
                return [annotations[self._last]]
            if chosen:
                return chosen[-1:]
        under = area_at(self._session, pointer.x, pointer.y)
        if under is not None:
            return [under]
        return () if erases else [self._edits.fresh()]

    def _take(self, annotation: Annotation) -> None:
        assert self._stroke is not None
        side = max(4 * self._stroke.radius_px, LEAST_PATCH_SCREEN / self._stroke.scale)
        self._stroke.painted.append(PaintedArea(annotation, side))
        if len(annotation.points):  # a new one is not painted yet
            self._preview([unseen(it.annotation) for it in self._stroke.painted])

    def _go_on(self, pointer: Pointer, *, is_last: bool = False) -> None:
        going = self._stroke
        assert going is not None
        if going.path and not is_last and pointer.screen_distance(*going.path[-1]) < STEP_SCREEN:
            return
        if going.erases and not going.painted:
            # Nothing lay under the press: the first shape that the brush comes to is meant.
            under = area_at(self._session, pointer.x, pointer.y)
            if under is not None and not self._edits.working.is_about([under]):
                self._take(under)
                self._work(going, going.path)
        former = going.path[-1:]
        going.path.append((pointer.x, pointer.y))
        self._work(going, [*former, going.path[-1]])

    def _work(self, going: _Stroke, path: Sequence[tuple[float, float]]) -> None:
        if not path:
            return
        covered = stroke(as_points(path), going.radius_px)
        for it in going.painted:
            if going.erases:
                it.patches.remove(covered)
            else:
                it.patches.add(covered)
        self.changed.emit()

    def _drop(self) -> None:
        self._stroke = None
        self._preview(())

    def _paint_disc(self, painter: QPainter, view: Viewpoint, mouse: Pointer) -> None:
        """The brush: a ring that is seen on light and on dark, with a minus where it erases."""
        going = self._stroke
        radius = self._size.diameter / 2 * view.scale / mouse.view.scale
        if going is not None:
            radius = going.radius_px * view.scale
        alt = mouse.has(Qt.KeyboardModifier.AltModifier)
        erases = going.erases if going is not None else self._erases != alt
        centre = QPointF(*view.to_screen(mouse.x, mouse.y))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((QColor(255, 255, 255, 200), 3.0), (QColor(0, 0, 0), 1.2)):
            pen = QPen(colour, width)
            if erases and width < 2:
                pen.setStyle(Qt.PenStyle.DashLine)
            painter.setPen(pen)
            painter.drawEllipse(centre, radius, radius)
