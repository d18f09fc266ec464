"""Which shapes an editing tool means: those under the mouse, or those selected."""

from __future__ import annotations

from PySide6.QtCore import QObject

from slideviewer.annotations import Annotation, Kind, outline
from slideviewer.annotations.outline import encloses
from slideviewer.geometry import Rect
from slideviewer.ui.session import Session


def is_area(annotation: Annotation) -> bool:
    """Whether an annotation encloses an area."""
    return isinstance(annotation.kind, Kind) and annotation.kind.is_area


def selected_areas(session: Session) -> list[Annotation]:
    """The selected shapes that enclose an area, in the order of the file."""
    shapes = session.shapes
    shapes.follow(session.document.annotations)  # which costs nothing where it does
    chosen = map(shapes.shape, shapes.slots_of(session.selection.ids).tolist())
    return [annotation for annotation in chosen if is_area(annotation)]


def areas_shown_in(session: Session, rect: Rect) -> list[Annotation]:
    """The shapes near a level-0 rectangle that enclose an area and are not hidden.

    They are those around which the smallest rectangle touches the other one, the uppermost last.
    """
    shapes = session.shapes
    shapes.follow(session.document.annotations)
    near = map(shapes.shape, shapes.in_rect(rect).tolist())
    return [it for it in near if is_area(it) and not session.group_states.is_hidden(it)]


def areas_in(session: Session, rect: Rect) -> list[Annotation]:
    """Those of them that can be changed."""
    is_locked = session.group_states.is_locked
    return [it for it in areas_shown_in(session, rect) if not is_locked(it)]


def area_at(session: Session, x: float, y: float) -> Annotation | None:
    """The shape around a level-0 point that can be changed: a selected one, else the smallest."""
    around = [it for it in areas_in(session, Rect(x, y, 0, 0)) if is_inside(it, x, y)]
    chosen = [annotation for annotation in around if annotation.id in session.selection.ids]
    return min(chosen or around, key=_bounds_area, default=None)


def is_inside(annotation: Annotation, x: float, y: float) -> bool:
    """Whether a level-0 point lies inside; holes that an outline leads into count as outside."""
    points = outline(annotation)
    return len(points) >= 3 and encloses(points, x, y)


def _bounds_area(annotation: Annotation) -> float:
    bounds = annotation.bounds
    return bounds.width * bounds.height if bounds is not None else 0.0


class FirstSelected(QObject):
    """Remembers which of several selected shapes was selected first."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._first: str | None = None
        session.selection.changed.connect(self._on_selection_changed)

    def first_of(self, shapes: list[Annotation]) -> list[Annotation]:
        """The same shapes, that one in front; in their order where all were selected at once."""
        return sorted(shapes, key=lambda shape: shape.id != self._first)

    def _on_selection_changed(self) -> None:
        ids = self._session.selection.ids
        if self._first not in ids:
            self._first = next(iter(ids)) if len(ids) == 1 else None
