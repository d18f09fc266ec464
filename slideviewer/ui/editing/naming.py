"""What a new annotation is called, found without reading the names of all the others each time."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject

from slideviewer.annotations import Annotation
from slideviewer.ui.document import Document

_START = "Annotation "


class Naming(QObject):
    """Counts as ASAP does: ``Annotation N``, N beyond all that were in use since the file was read.

    Parameters
    ----------
    document : Document
    """

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._highest: int | None = None  # not counted yet
        document.changed.connect(self._count_changed)
        document.replaced.connect(self._forget)

    def next_name(self) -> str:
        """The name for an annotation that is about to be added."""
        if self._highest is None:
            self._highest = _highest_of(self._document.annotations, -1)
        return f"{_START}{self._highest + 1}"

    def _count_changed(self, ids: frozenset[str]) -> None:
        if self._highest is not None:
            known = self._document.annotations.annotations
            shapes = (known[key] for key in ids if key in known)
            self._highest = _highest_of(shapes, self._highest)

    def _forget(self) -> None:
        self._highest = None


def _highest_of(shapes: Iterable[Annotation], least: int) -> int:
    ends = (shape.name[len(_START) :] for shape in shapes if shape.name.startswith(_START))
    numbers = (int(end) for end in ends if end.isdecimal() and len(end) < 10)
    return max(least, max(numbers, default=least))
