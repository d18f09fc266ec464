"""The Annotations panel: a table over the document, in step with the canvas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from slideviewer.annotations import Annotation
from slideviewer.ui.document import Document
from slideviewer.ui.selection import Selection
from slideviewer.ui.words import key_in_brackets, whole

Index = QModelIndex | QPersistentModelIndex

NAME_CHARACTERS = 7
"""So many of a name can be read however large the text is; then the table is scrolled."""

COLUMNS: dict[str, Callable[[Annotation], str]] = {
    "Name": lambda annotation: annotation.name,
    "Type": lambda annotation: str(annotation.kind),
    "Group": lambda annotation: annotation.group or "",
    "Points": lambda annotation: whole(len(annotation.points)),
}


class AnnotationTable(QAbstractTableModel):
    """The document as rows, in file order."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document
        self._ids: list[str] = list(document.annotations.annotations)
        document.changed.connect(self._refresh)
        document.replaced.connect(self._reload)

    def id_at(self, row: int) -> str:
        """The annotation of a row."""
        return self._ids[row]

    def rows_of(self, ids: frozenset[str]) -> list[int]:
        """The rows of some annotations."""
        return [row for row, annotation_id in enumerate(self._ids) if annotation_id in ids]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        annotation = self._document.annotations[self._ids[index.row()]]
        return list(COLUMNS.values())[index.column()](annotation)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return list(COLUMNS)[section]
        return None

    def _refresh(self, changed: frozenset[str]) -> None:
        if self._document.annotations.annotations.keys() != set(self._ids):
            self._reload()
            return
        for row in self.rows_of(changed):
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    def _reload(self) -> None:
        self.beginResetModel()
        self._ids = list(self._document.annotations.annotations)
        self.endResetModel()


class AnnotationsPanel(QWidget):
    """The table, and a word where there is nothing to list."""

    jump_wanted = Signal(str)  # id of the annotation to show on the canvas

    def __init__(
        self, document: Document, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._selection = selection
        self._model = AnnotationTable(document)
        self.table = QTableView()
        self.table.setModel(self._model)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(NAME_CHARACTERS * self.fontMetrics().averageCharWidth())
        self.table.setAccessibleName("Annotations")
        self.empty = QLabel()
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.empty.setContentsMargins(12, 12, 12, 12)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.empty)
        column.addWidget(self.table)
        self.table.doubleClicked.connect(
            lambda i: self.jump_wanted.emit(self._model.id_at(i.row()))
        )
        self.table.selectionModel().selectionChanged.connect(self._on_table_selection)
        selection.changed.connect(self._show_selection)
        self._model.modelReset.connect(self._show_selection)
        self._model.modelReset.connect(self._show_whether_empty)
        self._show_whether_empty()

    def name_keys(self, actions: Mapping[str, QAction]) -> None:
        """Say how to begin, with the keys as they are bound, now and whenever they change."""
        open_file, draw = actions["open_annotations"], actions["polygon"]

        def say() -> None:
            self.empty.setText(
                f"Nothing is marked yet.\n\nOpen an ASAP XML{key_in_brackets(open_file)}, "
                f"or draw a polygon{key_in_brackets(draw)}."
            )

        for action in (open_file, draw):
            action.changed.connect(say)
        say()

    def _show_whether_empty(self) -> None:
        is_empty = self._model.rowCount() == 0
        self.empty.setVisible(is_empty)
        self.table.setVisible(not is_empty)

    def _on_table_selection(self) -> None:
        rows = {index.row() for index in self.table.selectionModel().selectedRows()}
        ids = frozenset(self._model.id_at(row) for row in rows)
        if ids != self._selection.ids:
            self._selection.set(ids)

    def _show_selection(self) -> None:
        rows = self._model.rows_of(self._selection.ids)
        selection = QItemSelection()
        for row in rows:
            selection.select(self._model.index(row, 0), self._model.index(row, len(COLUMNS) - 1))
        model = self.table.selectionModel()
        model.blockSignals(True)
        model.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        model.blockSignals(False)
        self.table.viewport().update()
        if rows:
            self.table.scrollTo(self._model.index(rows[0], 0))
