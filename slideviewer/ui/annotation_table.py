"""The annotations as rows of a table: what is shown is worked out for the rows in view alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QPixmap

from slideviewer.annotations import Annotation
from slideviewer.annotations.ordering import places_of
from slideviewer.ui import words
from slideviewer.ui.annotation_columns import MEASURED, Column, Field, columns_of
from slideviewer.ui.annotation_measuring import MOST_POINTS, Measuring
from slideviewer.ui.annotation_order import RowOrder
from slideviewer.ui.annotation_rows import Filter
from slideviewer.ui.document import Document
from slideviewer.ui.row_runs import Moves, runs_of

Index = QModelIndex | QPersistentModelIndex

FEW = 200
"""Rows that are looked up one by one; for more all are gone through."""

MOST_RUNS = 100
"""Stretches of rows that come or go one by one; of more the views are told to look anew."""

MEASURED_AHEAD = 64
"""Rows measured together with one that is in view: together they take little longer than one."""

_ROLES = Qt.ItemDataRole
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
# Made once: views ask for them a thousand times a frame.
_TEXTS = frozenset(map(int, (_ROLES.DisplayRole, _ROLES.ToolTipRole, _ROLES.EditRole)))
_TOOLTIP = int(_ROLES.ToolTipRole)
_ALIGNMENT, _DECORATION = int(_ROLES.TextAlignmentRole), int(_ROLES.DecorationRole)
_COMMON_FLAGS = (
    Qt.ItemFlag.ItemIsEnabled
    | Qt.ItemFlag.ItemIsSelectable
    | Qt.ItemFlag.ItemIsDragEnabled
    | Qt.ItemFlag.ItemNeverHasChildren
)
_NAME_FLAGS = _COMMON_FLAGS | Qt.ItemFlag.ItemIsEditable


class AnnotationTable(QAbstractTableModel):
    """The annotations of a document that fit a filter, sorted by a column or in file order.

    Parameters
    ----------
    document : Document
    measuring : Measuring
    intensities : mapping of id to float
        Those that were measured; looked at anew for each cell.
    parent : QObject, optional
    """

    arranged = Signal()  # other rows, or in another order, or other annotations behind them

    def __init__(
        self,
        document: Document,
        measuring: Measuring,
        intensities: Mapping[str, float],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._measuring = document, measuring
        self._hides_origin = False
        self.columns: tuple[Column, ...] = columns_of(
            measuring, intensities, lambda: self._hides_origin
        )
        self.picture: Callable[[Annotation], QPixmap | None] = lambda _: None
        """Gives what stands before a name."""
        self.history: Callable[[Annotation], Sequence[str]] = lambda _: ()
        """Gives sentences on who drew an annotation, for the tooltip of its name."""
        self._numbers = {column.field: number for number, column in enumerate(self.columns)}
        self._filter = Filter()
        self._sorted_by: Column | None = None
        self._is_reversed = False
        self._order = RowOrder()
        self._ids: list[str] = []
        self._groups = document.annotations.groups
        document.changed.connect(self._on_changed)
        document.replaced.connect(self._on_replaced)
        measuring.measured.connect(self._on_measured)
        measuring.rescaled.connect(self._on_rescaled)
        self._arrange_anew()

    @property
    def ids(self) -> Sequence[str]:
        """The annotations, as they are listed."""
        return self._ids

    def column_of(self, field: Field) -> int:
        """The number of a column."""
        return self._numbers[field]

    def id_at(self, row: int) -> str:
        """The annotation of a row."""
        return self._ids[row]

    def annotation_at(self, row: int) -> Annotation:
        """The annotation of a row, as it is now."""
        return self._document.annotations[self._ids[row]]

    def row_of(self, annotation_id: str) -> int | None:
        """The row of an annotation; None where it is not listed."""
        return self._order.row_of(annotation_id)

    def rows_of(self, ids: Iterable[str]) -> list[int]:
        """The rows of those among some annotations that are listed, from top to bottom."""
        wanted = ids if isinstance(ids, Collection) else list(ids)
        if len(wanted) > FEW:
            return places_of(self._ids, wanted)
        found = map(self._order.row_of, wanted)
        return sorted(row for row in found if row is not None)

    def set_filter(self, wanted: Filter) -> None:
        """List what is wanted."""
        if wanted != self._filter:
            self._filter = wanted
            self._arrange_anew()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 means file order."""
        former = self._sorted_by
        self._sorted_by = self.columns[column] if 0 <= column < len(self.columns) else None
        self._is_reversed = order == Qt.SortOrder.DescendingOrder and self._sorted_by is not None
        self._sort_again(is_turned=former is self._sorted_by)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = _ROLES.DisplayRole) -> Any:
        is_text = role in _TEXTS  # the tooltip says what the column may be too narrow for
        if not is_text and role != _DECORATION and role != _ALIGNMENT:
            return None
        row, column = index.row(), self.columns[index.column()]
        if role == _ALIGNMENT:
            return _RIGHT if column.is_number else _LEFT
        known = self._document.annotations.annotations
        annotation = known.get(self._ids[row]) if 0 <= row < len(self._ids) else None
        if annotation is None:
            return None
        if is_text:
            if column.field in MEASURED and not self._measuring.knows(annotation):
                self._measure_from(row)
            text = column.text(annotation)
            if role == _TOOLTIP and column.field is Field.NAME:
                text = "\n".join(filter(None, (text, *self.history(annotation))))
            return words.plain(text) if role == _TOOLTIP else text
        return self.picture(annotation) if column.field is Field.NAME else None

    def setData(self, index: Index, value: Any, role: int = _ROLES.EditRole) -> bool:
        """Rename the annotation of a row."""
        name = " ".join(str(value).split())
        if role != _ROLES.EditRole or self.columns[index.column()].field is not Field.NAME:
            return False
        annotation = self.annotation_at(index.row())
        changed = replace(annotation, name=name)
        return self._document.apply("Rename annotation", {annotation.id: changed})

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        is_name = self.columns[index.column()].field is Field.NAME
        return _NAME_FLAGS if is_name else _COMMON_FLAGS

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _ROLES.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == _ROLES.TextAlignmentRole:
            return _RIGHT if column.is_number else _LEFT
        return {_ROLES.DisplayRole: column.title, _ROLES.ToolTipRole: column.tip}.get(_ROLES(role))

    def show_pictures_of(self, ids: Collection[str]) -> None:
        """Have the pictures of these painted again."""
        self._show_again([Field.NAME], ids)

    def show_intensities_of(self, ids: Collection[str]) -> None:
        """Show anew what is known of the intensity of these."""
        if self._sorted_by is not None and self._sorted_by.field is Field.INTENSITY:
            self._sort_again()
        self._show_again([Field.INTENSITY], ids)

    def hide_origin(self, is_hidden: bool) -> None:
        """Do not tell how annotations came about, or tell it again."""
        if is_hidden != self._hides_origin:
            self._hides_origin = is_hidden
            if self._sorted_by is not None and self._sorted_by.field is Field.ORIGIN:
                self._sort_again()
            self._show_again([Field.ORIGIN], self._ids)

    def _on_changed(self, changed: frozenset[str]) -> None:
        annotations = self._document.annotations
        former, self._groups = self._groups, annotations.groups
        if self._filter.group is not None and self._groups != former:
            self._arrange_anew()
            return
        if self._is_sorted_by_measure:
            known = annotations.annotations
            self._measuring.has_all(known[each] for each in changed if each in known)
        if not self._move(self._order.update(annotations, changed)):
            self._show_rows(self.rows_of(changed))

    def _on_replaced(self) -> None:
        self._groups = self._document.annotations.groups
        self._measuring.forget()
        self._arrange_anew()

    def _on_measured(self, ids: frozenset[str]) -> None:
        if self._is_sorted_by_measure:
            if len(ids) > FEW:
                self._sort_again()
            else:
                self._move(self._order.update(self._document.annotations, ids))
        self._show_again(MEASURED, ids)

    def _on_rescaled(self) -> None:
        self._on_measured(frozenset(self._ids))

    def _measure_from(self, row: int) -> None:
        """Measure an annotation that is about to be shown, and those that will be next."""
        known = self._document.annotations.annotations
        near = self._ids[max(0, row - MEASURED_AHEAD // 4) : row + MEASURED_AHEAD]
        self._measuring.has_all(
            annotation
            for annotation in map(known.get, near)
            if annotation is not None and len(annotation.points) <= MOST_POINTS // MEASURED_AHEAD
        )

    def _show_rows(self, rows: Sequence[int]) -> None:
        """Have views look again at what some rows say."""
        runs = runs_of(rows)
        if len(runs) > MOST_RUNS:
            runs = [(runs[0][0], runs[-1][1])]
        last_column = len(self.columns) - 1
        for first, last in runs:
            self.dataChanged.emit(self.index(first, 0), self.index(last, last_column))

    def _show_again(self, fields: Sequence[Field], ids: Collection[str]) -> None:
        # Views only look again at what is in sight of it.
        rows = self.rows_of(ids) if len(ids) <= FEW else range(len(self._ids))
        if not rows:
            return
        first, last = self._numbers[fields[0]], self._numbers[fields[-1]]
        self.dataChanged.emit(self.index(rows[0], first), self.index(rows[-1], last))

    @property
    def _is_sorted_by_measure(self) -> bool:
        return self._sorted_by is not None and self._sorted_by.field in MEASURED

    def _arrange(self) -> None:
        annotations = self._document.annotations
        if self._is_sorted_by_measure:
            self._measuring.has_all(annotations)  # else `measured` has it sorted again
        keys_of = self._sorted_by.keys if self._sorted_by is not None else None
        self._order.arrange(annotations, self._filter, keys_of, is_reversed=self._is_reversed)

    def _arrange_anew(self) -> None:
        self.beginResetModel()
        self._arrange()
        self._ids = self._order.rows
        self.endResetModel()
        self.arranged.emit()

    def _sort_again(self, *, is_turned: bool = False) -> None:
        """Put the same rows into another order, perhaps just the reverse one."""
        self.layoutAboutToBeChanged.emit()
        kept = [(index, self._ids[index.row()]) for index in self.persistentIndexList()]
        self._order.turn(self._is_reversed) if is_turned else self._arrange()
        self._ids = self._order.rows
        for index, annotation_id in kept:
            row = self.row_of(annotation_id)
            assert row is not None, "sorting leaves nothing out"
            self.changePersistentIndex(index, self.index(row, index.column()))
        self.layoutChanged.emit()
        self.arranged.emit()

    def _move(self, moves: Moves | None) -> bool:
        """Go from the rows there are to those of the order; whether they are others."""
        if moves is None:
            return False
        new = self._order.rows
        goings, comings = runs_of(moves.goings), runs_of(moves.comings)
        if len(goings) + len(comings) > MOST_RUNS:
            self.beginResetModel()
            self._ids = new
            self.endResetModel()
            self.arranged.emit()
            return True
        for first, last in reversed(goings):
            self.beginRemoveRows(QModelIndex(), first, last)
            del self._ids[first : last + 1]
            self.endRemoveRows()
        for first, last in comings:
            self.beginInsertRows(QModelIndex(), first, last)
            self._ids[first:first] = new[first : last + 1]
            self.endInsertRows()
        self.arranged.emit()
        return True
