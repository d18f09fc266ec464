"""The History panel: every step that can be undone, by name; a click goes there."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QAbstractItemView, QListView, QVBoxLayout, QWidget

from slideviewer.ui.document import Document
from slideviewer.ui.words import plain

Index = QModelIndex | QPersistentModelIndex

UNDONE_ROLE = Qt.ItemDataRole.UserRole


class HistoryList(QAbstractListModel):
    """A row for each state: as it was opened, and after each step."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document
        self._history = document.undo_stack
        self._history.indexChanged.connect(self._refresh)
        document.state_changed.connect(self._tell_all)
        self._rows = 1 + self._history.count()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else self._rows

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = index.row()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            edits = self._history.edits
            return plain(f"{edits[row - 1].text}, {edits[row - 1].at:%H:%M:%S}") if row else None
        if role == Qt.ItemDataRole.FontRole:
            font = QFont()
            font.setBold(row == self._history.index())
            font.setItalic(row > self._history.index())
            return font
        return None

    def _text(self, row: int) -> str:
        if row:
            name = self._history.edits[row - 1].text
        else:
            forgotten = self._history.forgotten
            name = f"{forgotten} earlier steps" if forgotten else "As opened"
        is_undone = row > self._history.index()
        is_saved = row == self._history.clean_index and self._document.path is not None
        return name + " (undone)" * is_undone + "  ·  saved" * is_saved

    def _refresh(self) -> None:
        self.beginResetModel()
        self._rows = 1 + self._history.count()
        self.endResetModel()

    def _tell_all(self) -> None:
        self.dataChanged.emit(self.index(0), self.index(self._rows - 1))


class HistoryPanel(QWidget):
    """The list, in step with the document."""

    wanted = Signal(int)  # after how many steps the document is to stand

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._history = document.undo_stack
        self._model = HistoryList(document)
        self.list = QListView()
        self.list.setAccessibleName("History")
        self.list.setModel(self._model)
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setToolTip("Click a step to go back or forward to it")
        self.list.clicked.connect(self._ask)
        self.list.activated.connect(self._ask)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list)
        self._model.modelReset.connect(self._show_current)
        self._show_current()

    def _ask(self, index: QModelIndex) -> None:
        if index.row() != self._history.index():
            self.wanted.emit(index.row())
        self._show_current()  # where the document stands, whether it went there or not

    def _show_current(self) -> None:
        current = self._model.index(self._history.index())
        self.list.setCurrentIndex(current)
        self.list.scrollTo(current)
