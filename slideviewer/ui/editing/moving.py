"""Moving by keys, and doubling: what is selected lies a little elsewhere afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, KeysView, Mapping
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject

from slideviewer.annotations import Annotation
from slideviewer.ui.document import Document
from slideviewer.ui.selection import Selection
from slideviewer.ui.tools.reshaping import shifted, with_vertex_moved
from slideviewer.ui.viewpoint import Viewpoint

DUPLICATE_OFFSET = 20
"""Screen pixels to the right and down by which a duplicate lies beside its original."""


@dataclass(frozen=True)
class _Nudged:
    """The last nudge: the state of the document that it led to, and what it was made of."""

    state: int
    originals: Mapping[str, Annotation]
    vertex: tuple[str, int] | None
    shift: tuple[float, float]

    @property
    def what(self) -> tuple[tuple[str, int] | None, KeysView[str]]:
        """What was moved: one vertex, or shapes."""
        return self.vertex, self.originals.keys()


class Moving(QObject):
    """Nudges and duplicates what is selected.

    Parameters
    ----------
    document : Document
    selection : Selection
    """

    def __init__(
        self, document: Document, selection: Selection, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._selection = document, selection
        self._last: _Nudged | None = None

    def nudge(self, dx: float, dy: float) -> bool:
        """Move what is selected, or its active vertex; whether there was anything to move.

        Nudges of the same shapes that follow one another directly are one step of the history.

        Parameters
        ----------
        dx, dy : float
            Level-0 pixels.
        """
        document, selection = self._document, self._selection
        ids, vertex = selection.ids, selection.vertex
        if not ids:
            return False
        known = document.annotations.annotations
        originals = {key: known[key] for key in ([vertex[0]] if vertex is not None else ids)}
        last, shift = self._last, (dx, dy)
        stack = document.undo_stack
        # A saved state stays one that can be gone back to.
        goes_on = last is not None and stack.state == last.state and not stack.isClean()
        if last is not None and goes_on and (vertex, originals.keys()) == last.what:
            originals, shift = dict(last.originals), (last.shift[0] + dx, last.shift[1] + dy)
            stack.undo()
        results = {key: _moved(shape, vertex, shift) for key, shape in originals.items()}
        text = "Nudge" if vertex is None else "Nudge vertex"
        applied = document.apply(text, results)
        selection.set(ids, vertex)
        self._last = _Nudged(stack.state, originals, vertex, shift) if applied else None
        return True

    def duplicate(self, view: Viewpoint) -> None:
        """Lay a copy of what is selected beside it, and select the copy."""
        (x, y), (x_before, y_before) = (
            view.to_slide(DUPLICATE_OFFSET, DUPLICATE_OFFSET),
            view.to_slide(0, 0),
        )
        chosen = selected_in_order(self._document, self._selection)
        copies = [shifted(own(shape), x - x_before, y - y_before) for shape in chosen]
        if copies and self._document.apply(step_text("Duplicate", copies), by_id(copies)):
            self._selection.set(copy.id for copy in copies)


def selected_in_order(document: Document, selection: Selection) -> list[Annotation]:
    """What is selected, in the order of the document."""
    ids = selection.ids
    if len(ids) == 1:
        return [document.annotations[key] for key in ids]
    return [shape for shape in document.annotations if shape.id in ids]


def own(shape: Annotation) -> Annotation:
    """The same shape as an annotation of its own."""
    return replace(shape, id=uuid.uuid4().hex)


def by_id(shapes: Iterable[Annotation]) -> dict[str, Annotation]:
    """As `Document.apply` takes them."""
    return {shape.id: shape for shape in shapes}


def step_text(verb: str, shapes: list[Annotation]) -> str:
    """What a step with these shapes is called in the Edit menu."""
    return f"{verb} annotation" if len(shapes) == 1 else f"{verb} {len(shapes)} annotations"


def _moved(
    shape: Annotation, vertex: tuple[str, int] | None, shift: tuple[float, float]
) -> Annotation:
    if vertex is None:
        return shifted(shape, *shift)
    return with_vertex_moved(shape, vertex[1], *shift)
