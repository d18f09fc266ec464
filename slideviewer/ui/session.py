"""What is open: one slide, its markup, and what is selected."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from slideviewer.annotations import Annotation, Group, Kind, Points, SlideFrame
from slideviewer.annotations.origin import Origin
from slideviewer.slide import Slide
from slideviewer.slide.frame import frame_of
from slideviewer.ui.document import Document
from slideviewer.ui.editing.locks import GroupName, GroupStates
from slideviewer.ui.selection import Selection
from slideviewer.ui.shape_index import ShapeIndex

DRAWN_GROUP = "Tumor"
"""The group that a new outline belongs to until another is chosen, as in Camelyon16."""


class Session(QObject):
    """The state that the whole window shares."""

    slide_changed = Signal()  # another slide, or none, is open
    drawn_group_changed = Signal()  # what is drawn next belongs to another group

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._slide: Slide | None = None
        self.document = Document(self)
        self.shapes = ShapeIndex()
        # First, so that whoever else hears of a change finds the shapes where they are now.
        self.document.changed.connect(self._follow)
        self.document.replaced.connect(self._follow)
        self.selection = Selection(self)
        self.group_states = GroupStates(self.document, self)
        self.document.refusal = self.group_states.refusal
        self._drawn_group: GroupName = DRAWN_GROUP
        self.document.changed.connect(self._forget_gone)
        self.document.replaced.connect(lambda: self.selection.set([]))

    @property
    def slide(self) -> Slide | None:
        """The open slide."""
        return self._slide

    @property
    def slide_path(self) -> Path | None:
        """Where the open slide lies; absolute."""
        return self._slide.path.absolute() if self._slide is not None else None

    @property
    def frame(self) -> SlideFrame | None:
        """What annotation files need to know of the open slide."""
        return frame_of(self._slide) if self._slide is not None else None

    @property
    def drawn_group(self) -> str | None:
        """The group that what is drawn next belongs to, which may yet have to be declared."""
        return self._drawn_group

    @drawn_group.setter
    def drawn_group(self, group: str | None) -> None:
        if group != self._drawn_group:
            self._drawn_group = group
            self.drawn_group_changed.emit()

    def set_slide(self, slide: Slide | None) -> None:
        """Open another slide; the one before is closed once nobody reads it any more."""
        former, self._slide = self._slide, slide
        self.document.journal.slide_path = slide.path if slide is not None else None
        self.slide_changed.emit()
        if former is not None and former is not slide:
            former.close()

    def add_polygons(
        self, text: str, outlines: Sequence[Points], origin: Origin | None = None
    ) -> None:
        """Add outlines to the markup in one step, and select them; they are of one origin."""
        annotations = self.document.annotations
        drawn = self._drawn_group
        groups: tuple[Group, ...] = ()
        if drawn is not None and drawn not in annotations.groups:
            groups = (Group(drawn),)
        made: dict[str, Annotation] = {}
        for points in outlines:
            name = annotations.with_changes(made).next_name()
            annotation = Annotation(name, Kind.POLYGON, points, drawn, origin=origin)
            made[annotation.id] = annotation
        if made:
            self.document.apply(text, made, groups)
            self.selection.set(made)

    def _follow(self, changed: frozenset[str] | None = None) -> None:
        self.shapes.follow(self.document.annotations, changed)

    def _forget_gone(self, changed: frozenset[str]) -> None:
        known = self.document.annotations.annotations
        self.selection.forget(key for key in changed if key not in known)
        vertex = self.selection.vertex
        if vertex is not None and vertex[0] in changed:  # its number may mean another one now
            self.selection.set(self.selection.ids)
