"""The command palette: type a few letters of anything the window can do, and do it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
)
from PySide6.QtGui import QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from slideviewer.ui.palette_entries import Entry, ranked

Index = QModelIndex | QPersistentModelIndex

WIDTH, ROWS_SHOWN, ROW_HEIGHT, MARGIN = 560, 10, 30, 8
"""Screen pixels, and how many rows stand under the line at most."""

ON = "✓ "


class _Lines(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = []

    def show(self, entries: list[Entry]) -> None:
        self.beginResetModel()
        self.entries = entries
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.text
        if role == Qt.ItemDataRole.DecorationRole:
            return entry.icon
        if role == Qt.ItemDataRole.AccessibleTextRole:
            state = "on" if entry.is_on else ""
            return ", ".join(filter(None, (entry.text, state, entry.where, entry.keys)))
        return entry if role == Qt.ItemDataRole.UserRole else None


class _LinePainter(QStyledItemDelegate):
    """Words at the left, then the menu in a weaker colour; keys at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, max(ROW_HEIGHT, option.fontMetrics.height() + 10))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry: Entry = index.data(Qt.ItemDataRole.UserRole)
        is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        roles, metrics = QPalette.ColorRole, option.fontMetrics
        if is_chosen:
            painter.fillRect(option.rect, option.palette.color(roles.Highlight))
        strong = option.palette.color(roles.HighlightedText if is_chosen else roles.Text)
        weak = strong if is_chosen else option.palette.color(roles.PlaceholderText)
        area = option.rect.adjusted(MARGIN, 0, -MARGIN, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        if entry.icon is not None:
            picture = area.adjusted(0, 0, 0, 0)
            picture.setWidth(20)
            entry.icon.paint(painter, picture, Qt.AlignmentFlag.AlignCenter)
        area.setLeft(area.left() + 28)
        painter.setPen(weak)
        painter.drawText(area, middle | Qt.AlignmentFlag.AlignRight, entry.keys)
        area.setRight(area.right() - metrics.horizontalAdvance(entry.keys) - MARGIN)
        words = (ON if entry.is_on else "") + entry.text
        words = metrics.elidedText(words, Qt.TextElideMode.ElideMiddle, area.width())
        painter.setPen(strong)
        painter.drawText(area, middle, words)
        area.setLeft(area.left() + metrics.horizontalAdvance(words) + 2 * MARGIN)
        where = metrics.elidedText(entry.where, Qt.TextElideMode.ElideRight, area.width())
        painter.setPen(weak)
        painter.drawText(area, middle, where)


class CommandPalette(QFrame):
    """A line to type into and what fits it, over the top of a window."""

    def __init__(self, over: QWidget, entries: Callable[[], list[Entry]]) -> None:
        super().__init__(over)
        self._over, self._find = over, entries
        self._entries: list[Entry] = []
        self._former_focus: QWidget | None = None
        self.setAutoFillBackground(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName("Command palette")
        self.line = QLineEdit(placeholderText="What do you want to do?")
        self.line.setAccessibleName("Command: type a few letters, choose with the arrow keys")
        self.line.setClearButtonEnabled(True)
        self._lines = _Lines(self)
        self.list = QListView()
        self.list.setModel(self._lines)
        self.list.setItemDelegate(_LinePainter(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Commands")
        self.nothing = QLabel("Nothing fits. Try fewer letters.")
        self.nothing.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        for widget in (self.line, self.list, self.nothing):
            column.addWidget(widget)
        self.line.textChanged.connect(self._narrow)
        self.line.installEventFilter(self)
        self.list.clicked.connect(lambda index: self._run(index.row()))
        over.installEventFilter(self)
        self.hide()

    @property
    def shown(self) -> list[Entry]:
        """What fits, the best first."""
        return self._lines.entries

    def open(self) -> None:
        """Ask; a second time it goes away again."""
        if self.isVisible():
            self.dismiss()
            return
        self._former_focus = QApplication.focusWidget()
        self._entries = self._find()
        self.line.clear()
        self._narrow("")
        self.show()
        self.raise_()
        self.line.setFocus(Qt.FocusReason.PopupFocusReason)

    def dismiss(self) -> None:
        """Go away, and give the keys back to where they were."""
        had_focus = self.isAncestorOf(QApplication.focusWidget() or self._over)
        self.hide()
        if had_focus and self._former_focus is not None:
            self._former_focus.setFocus(Qt.FocusReason.PopupFocusReason)
        self._former_focus = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if watched is self._over and kind == QEvent.Type.Resize and self.isVisible():
            self._place()
        elif watched is self.line and kind == QEvent.Type.FocusOut and self.isVisible():
            if QApplication.activePopupWidget() is None:  # the line's own menu may be open
                self.dismiss()
        elif watched is self.line and isinstance(event, QKeyEvent):
            if kind == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:
                event.accept()
            if kind == QEvent.Type.KeyPress:
                return self._on_key(event)
        return False

    def _on_key(self, event: QKeyEvent) -> bool:
        row, count = self.list.currentIndex().row(), self._lines.rowCount()
        page = {Qt.Key.Key_PageDown: ROWS_SHOWN, Qt.Key.Key_PageUp: -ROWS_SHOWN}
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run(row)
        elif not count:
            return False
        elif event.key() == Qt.Key.Key_Down:
            self._choose((row + 1) % count)
        elif event.key() == Qt.Key.Key_Up:
            self._choose((row - 1) % count)
        elif event.key() in page:
            self._choose(min(max(row + page[Qt.Key(event.key())], 0), count - 1))
        else:
            return event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
        return True

    def _choose(self, row: int) -> None:
        self.list.setCurrentIndex(self._lines.index(row, 0))

    def _narrow(self, query: str) -> None:
        self._lines.show(ranked(query, self._entries))
        self._choose(0)
        self.nothing.setVisible(not self.shown)
        self.list.setVisible(bool(self.shown))
        self._place()

    def _run(self, row: int) -> None:
        if 0 <= row < len(self.shown):
            entry = self.shown[row]
            self.dismiss()
            entry.run()

    def _place(self) -> None:
        rows = min(len(self.shown), ROWS_SHOWN)
        self.list.setFixedHeight(rows * max(self.list.sizeHintForRow(0), 0))
        self.resize(min(WIDTH, self._over.width() - 2 * MARGIN), self.sizeHint().height())
        self.move((self._over.width() - self.width()) // 2, MARGIN)
