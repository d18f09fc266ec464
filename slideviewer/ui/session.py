"""What is open: one slide, its markup, and what is selected."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from slideviewer.slide import Slide
from slideviewer.ui.document import Document
from slideviewer.ui.selection import Selection


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

    def _forget_gone(self, changed: frozenset[str]) -> None:
        self.selection.forget(changed - self.document.annotations.annotations.keys())
        vertex = self.selection.vertex
        if vertex is not None and vertex[0] in changed:  # its number may mean another one now
            self.selection.set(self.selection.ids)
