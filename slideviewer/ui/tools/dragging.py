"""A move or reshape under way, as a value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from slideviewer.annotations import Annotation
from slideviewer.geometry import Rect
from slideviewer.ui.tools.reshaping import shifted, with_vertex_moved
from slideviewer.ui.tools.tool import Pointer

MOST_PREVIEWED = 300
"""Shapes; more of them follow the mouse as one frame, since each one costs time in every frame."""


@dataclass(frozen=True)
class Drag:
    """What is dragged, and how far it has come.

    Attributes
    ----------
    start : Pointer
        Where the button went down.
    originals : tuple of Annotation
    vertex : int or None
        The one vertex that is dragged, of a single shape; None for whole shapes.
    clicked : str or None
        The id of the shape that was pressed on.
    shift : tuple of float
        So far, in level-0 pixels.
    has_moved : bool
        Whether it is more than a click.
    box : Rect or None
        What all shapes together cover where they come from; known once it has moved.
    """

    start: Pointer
    originals: tuple[Annotation, ...]
    vertex: int | None = None
    clicked: str | None = None
    shift: tuple[float, float] = (0.0, 0.0)
    has_moved: bool = False
    box: Rect | None = None

    def to(self, pointer: Pointer) -> Drag:
        """The same drag with the mouse somewhere else."""
        shift = pointer.x - self.start.x, pointer.y - self.start.y
        box = self.box if self.box is not None else _box_of(self.originals)
        return replace(self, shift=shift, has_moved=True, box=box)

    @property
    def is_previewed(self) -> bool:
        """Whether the shapes themselves are shown on the way."""
        return len(self.originals) <= MOST_PREVIEWED

    @cached_property
    def moved(self) -> tuple[Annotation, ...]:
        """The shapes as they are there."""
        if self.vertex is not None:
            return (with_vertex_moved(self.originals[0], self.vertex, *self.shift),)
        return tuple(shifted(original, *self.shift) for original in self.originals)

    @property
    def moved_box(self) -> Rect | None:
        """What all shapes together cover there."""
        if self.box is None:
            return None
        return replace(self.box, x=self.box.x + self.shift[0], y=self.box.y + self.shift[1])


def _box_of(shapes: tuple[Annotation, ...]) -> Rect | None:
    boxes = [shape.bounds for shape in shapes if shape.bounds is not None]
    if not boxes:
        return None
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    right, bottom = max(box.right for box in boxes), max(box.bottom for box in boxes)
    return Rect.from_corners(left, top, right, bottom)
