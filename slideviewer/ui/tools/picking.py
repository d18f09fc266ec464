"""What of the markup lies under the mouse, or in a frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from PySide6.QtCore import QRectF

from slideviewer.annotations import Annotation, Kind, Points, contains
from slideviewer.ui.document import Document
from slideviewer.ui.editing.locks import GroupStates
from slideviewer.ui.hit import distance_to, edge_of, nearest_vertex
from slideviewer.ui.selection import Selection
from slideviewer.ui.shape_index import ShapeIndex
from slideviewer.ui.tools.tool import Pointer
from slideviewer.ui.viewpoint import Viewpoint

REACH = 8
"""Screen pixels around a vertex or an outline that count as on it."""

FEW = 32
"""So many selected shapes are looked at one by one faster than they are looked up."""


class Picking:
    """Finds shapes; those that are hidden or locked are not there for the mouse.

    Parameters
    ----------
    document : Document
    selection : Selection
    index : ShapeIndex
        Of the document's shapes.
    states : GroupStates
        Which groups are hidden or locked.
    """

    def __init__(
        self,
        document: Document,
        selection: Selection,
        index: ShapeIndex,
        states: GroupStates,
    ) -> None:
        self._document, self._selection = document, selection
        self._index, self._states = index, states

    @property
    def selected(self) -> tuple[Annotation, ...]:
        """What is selected and can be changed."""
        known = self._document.annotations.annotations
        return tuple(self._reachable(known[key] for key in self._selection.ids))

    @property
    def _shapes(self) -> ShapeIndex:
        self._index.follow(self._document.annotations)  # which costs nothing where it does
        return self._index

    def shape_at(self, pointer: Pointer) -> Annotation | None:
        """The shape whose outline is nearest to the mouse and within reach."""
        best: Annotation | None = None
        nearest = REACH / pointer.view.scale
        for shape in self._near(pointer):
            distance = distance_to(shape, pointer.x, pointer.y)
            if distance <= nearest:
                best, nearest = shape, distance
        return best

    def vertex_at(self, pointer: Pointer) -> tuple[str, int] | None:
        """The vertex of a selected shape within reach: the shape's id, and the vertex's index."""
        best: tuple[str, int] | None = None
        nearest = REACH / pointer.view.scale
        for shape in self._selected_near(pointer):
            index, distance = nearest_vertex(shape.points, pointer.x, pointer.y)
            if distance <= nearest:
                best, nearest = (shape.id, index), distance
        return best

    def edge_at(
        self, pointer: Pointer, kinds: Sequence[Kind | str]
    ) -> tuple[Annotation, int] | None:
        """The edge of a selected shape of these kinds within reach, by the vertex before it."""
        best: tuple[Annotation, int] | None = None
        nearest = REACH / pointer.view.scale
        for shape in self._selected_near(pointer):
            if shape.kind in kinds:
                index, distance = edge_of(shape, pointer.x, pointer.y)
                if distance <= nearest:
                    best, nearest = (shape, index), distance
        return best

    def selected_around(self, pointer: Pointer) -> Annotation | None:
        """A selected shape that the mouse is inside of."""
        shapes = self._selected_near(pointer)
        return next((shape for shape in shapes if contains(shape, pointer.x, pointer.y)), None)

    def inside(self, frame: QRectF, view: Viewpoint) -> list[str]:
        """The ids of the shapes that lie inside a frame of screen pixels."""
        seen = view.seen_through(frame.x(), frame.y(), frame.width(), frame.height())
        shapes = self._reachable(self._shapes.inside(seen))
        if not view.is_upright:
            shapes = (shape for shape in shapes if _is_in_frame(shape.points, frame, view))
        return [shape.id for shape in shapes]

    def _near(self, pointer: Pointer) -> Iterator[Annotation]:
        reach = REACH / pointer.view.scale
        return self._reachable(self._shapes.near(pointer.x, pointer.y, reach))

    def _selected_near(self, pointer: Pointer) -> Iterable[Annotation]:
        ids = self._selection.ids
        if len(ids) <= FEW:
            return self.selected
        return (shape for shape in self._near(pointer) if shape.id in ids)

    def _reachable(self, shapes: Iterable[Annotation]) -> Iterator[Annotation]:
        gone = self._states.hidden_with_inner | self._states.locked_with_inner
        return (shape for shape in shapes if shape.group not in gone)


def _is_in_frame(points: Points, frame: QRectF, view: Viewpoint) -> bool:
    affine = view.affine
    across = affine.xx * points[:, 0] + affine.yx * points[:, 1] + affine.dx
    down = affine.xy * points[:, 0] + affine.yy * points[:, 1] + affine.dy
    return bool(
        np.all((across >= frame.left()) & (across <= frame.right()))
        and np.all((down >= frame.top()) & (down <= frame.bottom()))
    )
