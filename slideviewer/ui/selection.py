"""What is selected, shared by the canvas and the list."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal


class Selection(QObject):
    """The selected annotations, and at most one active vertex among them."""

    changed = Signal(frozenset)  # ids now selected or no longer, or whose active vertex changed

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ids: frozenset[str] = frozenset()
        self._vertex: tuple[str, int] | None = None

    @property
    def ids(self) -> frozenset[str]:
        """Ids of the selected annotations."""
        return self._ids

    @property
    def vertex(self) -> tuple[str, int] | None:
        """The active vertex: annotation id and index."""
        return self._vertex

    def set(self, ids: Iterable[str], vertex: tuple[str, int] | None = None) -> None:
        """Select these and nothing else."""
        new = frozenset(ids)
        if (new, vertex) != (self._ids, self._vertex):
            vertices = () if vertex == self._vertex else (vertex, self._vertex)
            changed = (new ^ self._ids).union(it[0] for it in vertices if it is not None)
            self._ids, self._vertex = new, vertex
            self.changed.emit(changed)

    def toggle(self, annotation_id: str) -> None:
        """Add to the selection, or take out of it."""
        self.set(self._ids ^ {annotation_id})

    def forget(self, gone: Iterable[str]) -> None:
        """Deselect annotations that no longer exist."""
        gone = frozenset(gone)
        vertex = None if self._vertex is None or self._vertex[0] in gone else self._vertex
        self.set(self._ids - gone, vertex)
