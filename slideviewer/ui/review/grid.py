"""A list laid out as a grid of equal cells: where each stands is worked out, not kept."""

from __future__ import annotations

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyleOptionViewItem,
    QWidget,
)

Index = QModelIndex | QPersistentModelIndex

_Move = QAbstractItemView.CursorAction
_State = QStyle.StateFlag


class UniformGrid(QListView):
    """Cells of the delegate's size, as many in a line as there is room for.

    Qt's own list lays every item out anew whenever rows come or the width changes: a fifth of a
    second for 50,000. Here it takes no longer for many than for few.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # A bar that came and went would change how many cells there are in a line.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)

    @property
    def cell(self) -> QSize:
        """Of one item; the cells of a line share the room that is left."""
        least = self._least
        return QSize(max(least.width(), self.viewport().width() // self.columns), least.height())

    @property
    def columns(self) -> int:
        """How many items stand in a line."""
        return max(1, self.viewport().width() // self._least.width())

    @property
    def _least(self) -> QSize:
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        hint = self.itemDelegate().sizeHint(option, QModelIndex())
        return hint.expandedTo(QSize(1, 1))

    @property
    def _count(self) -> int:
        model = self.model()
        return model.rowCount() if model is not None else 0

    def rows_within(self, area: QRect) -> range:
        """The rows whose cells a rectangle of the viewport touches, and all beside them."""
        height, above = self.cell.height(), self.verticalOffset()
        first = max(0, (area.top() + above) // height) * self.columns
        last = ((area.bottom() + above) // height + 1) * self.columns
        return range(min(first, self._count), max(0, min(last, self._count)))

    def doItemsLayout(self) -> None:
        QAbstractItemView.doItemsLayout(self)

    def updateGeometries(self) -> None:
        height, room = self.cell.height(), self.viewport().height()
        lines = -(-self._count // self.columns)
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, lines * height - room))
        bar.setPageStep(room)
        bar.setSingleStep(max(1, height // 3))
        QAbstractItemView.updateGeometries(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        current = self.currentIndex()
        self.updateGeometries()
        if event.size().width() != event.oldSize().width() and current.isValid():
            self.scrollTo(current)
        self.viewport().update()

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().scroll(0, dy)

    def isIndexHidden(self, index: Index) -> bool:
        return False

    def visualRect(self, index: Index) -> QRect:
        if not index.isValid():
            return QRect()
        line, column = divmod(index.row(), self.columns)
        cell = self.cell
        corner = QPoint(column * cell.width(), line * cell.height() - self.verticalOffset())
        return QRect(corner, cell)

    def indexAt(self, point: QPoint) -> QModelIndex:
        cell = self.cell
        column = point.x() // cell.width()
        line = (point.y() + self.verticalOffset()) // cell.height()
        row = line * self.columns + column
        if not (0 <= column < self.columns and 0 <= row < self._count):
            return QModelIndex()
        return self.model().index(row, 0)

    def scrollTo(
        self,
        index: Index,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        rect, room = self.visualRect(index), self.viewport().height()
        bar = self.verticalScrollBar()
        if hint == QAbstractItemView.ScrollHint.PositionAtCenter:
            bar.setValue(bar.value() + rect.center().y() - room // 2)
        elif rect.top() < 0 or hint == QAbstractItemView.ScrollHint.PositionAtTop:
            bar.setValue(bar.value() + rect.top())
        elif rect.bottom() >= room or hint == QAbstractItemView.ScrollHint.PositionAtBottom:
            bar.setValue(bar.value() + rect.bottom() + 1 - room)

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        row, count, across = self.currentIndex().row(), self._count, self.columns
        page = across * max(1, self.viewport().height() // self.cell.height())
        steps = {
            _Move.MoveLeft: -1,
            _Move.MovePrevious: -1,
            _Move.MoveRight: 1,
            _Move.MoveNext: 1,
            _Move.MoveUp: -across,
            _Move.MoveDown: across,
            _Move.MovePageUp: -page,
            _Move.MovePageDown: page,
            _Move.MoveHome: -count,
            _Move.MoveEnd: count,
        }
        if not count:
            return QModelIndex()
        if row < 0:
            return self.model().index(0, 0)
        return self.model().index(min(max(row + steps[action], 0), count - 1), 0)

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """Choose all from one corner's item to the other's, as they are read."""
        ends = [self.indexAt(rect.topLeft()), self.indexAt(rect.bottomRight())]
        rows = sorted(index.row() for index in ends if index.isValid())
        chosen = QItemSelection()
        if rows:
            chosen.select(self.model().index(rows[0], 0), self.model().index(rows[-1], 0))
        self.selectionModel().select(chosen, command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        return QRegion(self.viewport().rect())  # which is what has to be painted at most

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        selection, current = self.selectionModel(), self.currentIndex()
        for row in self.rows_within(event.rect()):
            index = self.model().index(row, 0)
            option = QStyleOptionViewItem()
            self.initViewItemOption(option)
            option.rect = self.visualRect(index)
            state = _State.State_Enabled
            if selection.isSelected(index):
                state |= _State.State_Selected
            if index == current and self.hasFocus():
                state |= _State.State_HasFocus
            option.state = state
            self.itemDelegate().paint(painter, option, index)
        painter.end()
