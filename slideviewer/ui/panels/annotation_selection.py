"""The selection as the list of annotations shows it, and as it is made there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QItemSelection, QItemSelectionModel

from slideviewer.ui.annotation_table import AnnotationTable, Index
from slideviewer.ui.selection import Selection

Flag = QItemSelectionModel.SelectionFlag


class ListSelection(QItemSelectionModel):
    """Hands on what the user selects in the list, and shows what is selected anywhere.

    Qt keeps a selection as ranges of rows, and compares all of them with all others: thousands of
    selected rows here and there would take it seconds. So it is only told of the rows near those
    in view; `Selection` alone knows them all.

    Parameters
    ----------
    table : AnnotationTable
    selection : Selection
    near : callable
        Gives the rows that are in view, or may soon be.
    """

    def __init__(
        self, table: AnnotationTable, selection: Selection, near: Callable[[], range]
    ) -> None:
        super().__init__(table)
        self._table, self._selection, self._near = table, selection, near
        self._base: frozenset[str] = frozenset()
        """What was selected before the gesture that is under way."""
        self._is_showing = self._is_told = False
        selection.changed.connect(self._on_selection)

    def select(self, what: QItemSelection | Index, command: Flag) -> None:
        """Change the selection as Qt would; called by the view, with what the user points at."""
        if self._is_showing:
            super().select(what, command)
            return
        if command == Flag.NoUpdate:
            return
        ids = frozenset(self._ids_in(what))
        if command & Flag.Clear:
            self._base = frozenset()
        elif not command & Flag.Current:
            self._base = self._selection.ids
        if command & Flag.Toggle:
            ids = self._base ^ ids
        elif command & Flag.Deselect:
            ids = self._base - ids
        else:
            ids = self._base | ids
        if ids != self._selection.ids:
            with self._telling():
                self._selection.set(ids)
        self.show()

    def show(self) -> None:
        """Show which of the rows near those in view are selected."""
        ids, shown = self._selection.ids, QItemSelection()
        last_column = self._table.columnCount() - 1
        begin: int | None = None
        near = self._near()
        for row in (*near, near.stop):
            is_selected = row < near.stop and self._table.id_at(row) in ids
            if is_selected and begin is None:
                begin = row
            elif not is_selected and begin is not None:
                first, last = self._table.index(begin, 0), self._table.index(row - 1, last_column)
                shown.select(first, last)
                begin = None
        with self._showing():
            super().select(shown, Flag.ClearAndSelect)

    def reset(self) -> None:
        """Forget the rows, which are others now; what is selected stays so."""
        with self._showing():
            super().reset()

    def _ids_in(self, what: QItemSelection | Index) -> Iterator[str]:
        if isinstance(what, QItemSelection):
            for each in map(what.at, range(what.count())):
                yield from self._table.ids[each.top() : each.bottom() + 1]
        elif what.isValid():
            yield self._table.id_at(what.row())

    def _on_selection(self) -> None:
        if not self._is_told:
            self._base = frozenset()
            self.show()

    @contextmanager
    def _showing(self) -> Iterator[None]:
        self._is_showing = True
        try:
            yield
        finally:
            self._is_showing = False

    @contextmanager
    def _telling(self) -> Iterator[None]:
        self._is_told = True
        try:
            yield
        finally:
            self._is_told = False
