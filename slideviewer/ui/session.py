"""What is open: one slide, its markup, and what is selected."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from slideviewer.annotations import Annotation, Group, Kind, Points
from slideviewer.slide import Slide
from slideviewer.ui.document import Document
from slideviewer.ui.selection import Selection

DRAWN_GROUP = "Tumor"
"""The group that a new outline belongs to, as in Camelyon16."""


class Session(QObject):
    """The state that the whole window shares."""

    slide_changed = Signal()  # another slide, or none, is open

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._slide: Slide | None = None
        self.document = Document(self)
        self.selection = Selection(self)
        self.document.changed.connect(self._forget_gone)
        self.document.replaced.connect(lambda: self.selection.set([]))

    @property
    def slide(self) -> Slide | None:
        """The open slide."""
        return self._slide

    def set_slide(self, slide: Slide | None) -> None:
        """Open another slide; the one before is closed once nobody reads it any more."""
        former, self._slide = self._slide, slide
        self.slide_changed.emit()
        if former is not None and former is not slide:
            former.close()

    def add_polygons(self, text: str, outlines: Sequence[Points]) -> None:
        """Add outlines to the markup in one step, and select them."""
        annotations = self.document.annotations
        group = annotations.groups.get(DRAWN_GROUP) or Group(DRAWN_GROUP)
        made: dict[str, Annotation] = {}
        for points in outlines:
            name = annotations.with_changes(made).next_name()
            annotation = Annotation(name, Kind.POLYGON, points, DRAWN_GROUP)
            made[annotation.id] = annotation
        if made:
            self.document.apply(text, made, (group,))
            self.selection.set(made)

    def _forget_gone(self, changed: frozenset[str]) -> None:
        self.selection.forget(changed - self.document.annotations.annotations.keys())
        vertex = self.selection.vertex
        if vertex is not None and vertex[0] in changed:  # its number may mean another one now
            self.selection.set(self.selection.ids)
