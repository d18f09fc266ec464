"""A confusion matrix whose cells can be chosen."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from slideviewer.evaluation.report import Confusion
from slideviewer.ui import words

MOST_ROWS = 10
"""Of more classes the table scrolls."""


class ConfusionTable(QTableWidget):
    """Counts by true class (rows) and predicted class (columns)."""

    cell_wanted = Signal(int, int)  # row and column

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setAccessibleName("Confusion matrix")
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setHighlightSections(False)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.cellClicked.connect(self.cell_wanted)
        self.cellActivated.connect(self.cell_wanted)

    @property
    def chosen(self) -> tuple[int, int] | None:
        """The cell that is chosen: row and column."""
        found = self.selectedIndexes()
        return (found[0].row(), found[0].column()) if found else None

    def show_confusion(self, confusion: Confusion) -> None:
        """Show counts; the cell that was chosen stays so while the classes do."""
        names = confusion.names
        if names != self._names:
            self._begin(names, confusion)
        for row, counts in enumerate(confusion.counts):
            total = sum(counts)
            for column, count in enumerate(counts):
                item = self.item(row, column)
                assert item is not None
                item.setText(words.whole(count))
                share = f", {100 * count / total:.1f} % of them" if total else ""
                item.setToolTip(
                    f"{confusion.rows} {names[row]}, {confusion.columns} {names[column]}: "
                    f"{words.whole(count)}{share}"
                )
        self._fit()

    def _begin(self, names: tuple[str, ...], confusion: Confusion) -> None:
        self._names = names
        with QSignalBlocker(self):
            self.clear()
            self.setRowCount(len(names))
            self.setColumnCount(len(names))
            self.setVerticalHeaderLabels([f"{confusion.rows} {name}" for name in names])
            self.setHorizontalHeaderLabels([f"{confusion.columns}\n{name}" for name in names])
            for row in range(len(names)):
                for column in range(len(names)):
                    item = QTableWidgetItem()
                    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    item.setTextAlignment(right)
                    if row == column:
                        font = item.font()
                        font.setBold(True)
                        item.setFont(font)
                    self.setItem(row, column, item)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Be as high as the rows are; columns share the width, unless numbers need more."""
        modes, columns = QHeaderView.ResizeMode, range(self.columnCount())
        room = self.width() - self.verticalHeader().sizeHint().width() - 2 * self.frameWidth()
        widest = max((self.sizeHintForColumn(it) for it in columns), default=0)
        is_wide = widest * len(columns) > room
        mode = modes.ResizeToContents if is_wide else modes.Stretch
        if self.horizontalHeader().sectionResizeMode(0) != mode:
            self.horizontalHeader().setSectionResizeMode(mode)
        rows = sum(self.rowHeight(row) for row in range(min(MOST_ROWS, self.rowCount())))
        head = self.horizontalHeader().sizeHint().height()
        bar = self.horizontalScrollBar()
        below = bar.sizeHint().height() if is_wide else 0
        self.setFixedHeight(rows + head + below + 2 * self.frameWidth())
