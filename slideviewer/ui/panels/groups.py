"""The Groups panel: the tree of groups, and what can be done with one of them."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from slideviewer.ui.editing.locks import GroupName
from slideviewer.ui.editing.tallies import GroupTallies
from slideviewer.ui.panels.group_tree import MARKS, NUMBERS, Column, GroupTree
from slideviewer.ui.session import Session
from slideviewer.ui.typed_names import TypedNames

MARK_WIDTH = 22
"""Screen pixels of a column with nothing but a small picture."""

ROOM = 8
"""Screen pixels between a number and what lies beside it."""

USUAL = {Column.COUNT: "0,000", Column.AREA: "0.00 mm² …"}
"""What a column of numbers has room for in any case, the mark of measuring under way with it:
what lies beside it is not to move under the mouse with each edit."""


class GroupView(QTreeView):
    """The tree. What is clicked on beside a name acts, and leaves the chosen group as it is."""

    mark_clicked = Signal(QModelIndex)  # the cell of a colour, an eye or a padlock
    menu_wanted = Signal(QModelIndex, object)  # a row, and the place on the screen
    delete_wanted = Signal()  # the chosen group is to go

    def __init__(self, model: GroupTree) -> None:
        super().__init__()
        self.setModel(model)
        self.typed = TypedNames(self, model.group_at, lambda group: model.index_of(str(group)))
        self.setItemDelegate(self.typed)
        self.setAccessibleName("Groups")
        self.setUniformRowHeights(True)
        self.setIndentation(14)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDropIndicatorShown(True)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header, modes = self.header(), QHeaderView.ResizeMode
        header.setStretchLastSection(False)
        header.setSectionsMovable(False)
        header.setMinimumSectionSize(MARK_WIDTH)
        for column in (*MARKS, *NUMBERS):
            header.setSectionResizeMode(column, modes.Fixed)
            header.resizeSection(column, MARK_WIDTH)
        header.setSectionResizeMode(Column.NAME, modes.Stretch)

    def fit_numbers(self) -> None:
        """Make the columns of numbers as wide as these are, or as usual ones are.

        Qt would do that by itself, but look at all rows again for each of them that changes.
        """
        for column in NUMBERS:
            usual = self.fontMetrics().horizontalAdvance(USUAL[column]) + ROOM
            hint = self.header().sectionSizeHint(column)
            width = max(self.sizeHintForColumn(column), hint, usual)
            self.header().resizeSection(column, width)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.RightButton:
            return  # the menu that follows is about its row, which need not become the chosen one
        if index.isValid() and index.column() in MARKS:
            if event.button() == Qt.MouseButton.LeftButton:
                self.mark_clicked.emit(index)
            return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and index.column() in MARKS:
            self.mousePressEvent(event)  # two quick clicks are two clicks
        else:
            super().mouseDoubleClickEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            index = self.currentIndex()
            at = self.viewport().mapToGlobal(self.visualRect(index).bottomLeft())
        else:
            index, at = self.indexAt(event.pos()), event.globalPos()
        self.menu_wanted.emit(index, at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and not event.modifiers():
            self.delete_wanted.emit()
        else:
            super().keyPressEvent(event)


class GroupsPanel(QWidget):
    """The tree, what is drawn next, and buttons.

    Parameters
    ----------
    session : Session
    tallies : GroupTallies
    """

    add_wanted = Signal(object)  # a new group is wanted in this group, or in None
    delete_wanted = Signal(str)  # this group is to go
    colour_wanted = Signal(str)  # another colour for this group
    attributes_wanted = Signal(str)  # this group's attributes are to be edited
    select_wanted = Signal(object)  # the annotations of this group, or of None, are to be selected
    regroup_wanted = Signal(object)  # what is selected is to belong to this group, or to None

    def __init__(
        self, session: Session, tallies: GroupTallies, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self.model = GroupTree(session, tallies)
        self.tree = GroupView(self.model)
        self._closed: set[GroupName] = set()
        self.drawn = QLabel()
        self.drawn.setTextFormat(Qt.TextFormat.PlainText)
        self.drawn.setWordWrap(True)
        self.drawn.setContentsMargins(8, 8, 8, 4)
        self.add, self.delete = QPushButton("Add…"), QPushButton("Delete")
        self.templates = QPushButton("Templates")
        self.templates_menu = QMenu(self.templates)
        self.templates.setMenu(self.templates_menu)
        row = QHBoxLayout()
        row.setContentsMargins(8, 4, 8, 8)
        for button in (self.add, self.delete, self.templates):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.drawn)
        column.addWidget(self.tree, 1)
        column.addLayout(row)
        self.add.clicked.connect(lambda: self.add_wanted.emit(None))
        self.delete.clicked.connect(self._delete_chosen)
        self.tree.delete_wanted.connect(self._delete_chosen)
        self.tree.mark_clicked.connect(self._on_mark)
        self.tree.menu_wanted.connect(lambda index, at: self.menu_for(index).popup(at))
        self.tree.selectionModel().currentRowChanged.connect(self._on_current)
        self.tree.collapsed.connect(lambda index: self._closed.add(self.model.group_at(index)))
        self.tree.expanded.connect(lambda index: self._closed.discard(self.model.group_at(index)))
        self.model.modelReset.connect(self._show_state)
        self.model.modelReset.connect(self.tree.typed.go_on)  # now that branches are open again
        session.document.replaced.connect(self.tree.typed.drop)
        session.drawn_group_changed.connect(self._show_state)
        for signal in (self.model.modelReset, tallies.changed, session.slide_changed):
            signal.connect(self.tree.fit_numbers)
        self.tree.fit_numbers()
        self._show_state()

    @property
    def chosen(self) -> str | None:
        """The group whose row is the current one; None for none, or for what belongs to none."""
        index = self.tree.currentIndex()
        return self.model.group_at(index) if index.isValid() else None

    def menu_for(self, index: QModelIndex) -> QMenu:
        """What can be done with the group of a row, or where there is none."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._session.document.replaced.connect(menu.close)
        if not index.isValid():
            menu.addAction("Add group…", lambda: self.add_wanted.emit(None))
            return menu
        group, states = self.model.group_at(index), self._session.group_states
        if group is not None:
            # By its name: where groups come meanwhile, the index means another one.
            menu.addAction("Rename", lambda: self.tree.edit(self.model.index_of(group)))
            menu.addAction("Colour…", lambda: self.colour_wanted.emit(group))
            menu.addAction("Attributes…", lambda: self.attributes_wanted.emit(group))
            menu.addAction("Add group inside…", lambda: self.add_wanted.emit(group))
            menu.addAction("Delete", lambda: self.delete_wanted.emit(group))
            menu.addSeparator()
        for words, said, change in (
            ("Hidden", states.hidden, states.set_hidden),
            ("Locked", states.locked, states.set_locked),
        ):
            action = QAction(words, menu, checkable=True, checked=group in said)
            action.toggled.connect(lambda on, change=change: change(group, on))
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction("Select its annotations", lambda: self.select_wanted.emit(group))
        to_here = menu.addAction("Move the selection here", lambda: self.regroup_wanted.emit(group))
        to_here.setEnabled(bool(self._session.selection.ids))
        return menu

    def _show_state(self) -> None:
        """Choose the group that is drawn in, and say which it is."""
        drawn, groups = self._session.drawn_group, self._session.document.annotations.groups
        with QSignalBlocker(self.tree):
            for index in self.model.indexes():
                self.tree.setExpanded(index, self.model.group_at(index) not in self._closed)
        where = self.model.index_of(drawn)
        if where.row() != self.tree.currentIndex().row() or self.chosen != drawn:
            flags = QItemSelectionModel.SelectionFlag
            with QSignalBlocker(self.tree.selectionModel()):
                self.tree.selectionModel().setCurrentIndex(where, flags.ClearAndSelect | flags.Rows)
            self.tree.viewport().update()
        if drawn is None:
            self.drawn.setText("What you draw next belongs to no group.")
        else:
            then = "" if drawn in groups else ", which is made then"
            self.drawn.setText(f"What you draw next goes into “{drawn}”{then}.")
        self.delete.setEnabled(self.chosen is not None)

    def _on_current(self, index: QModelIndex) -> None:
        if index.isValid():
            self._session.drawn_group = self.model.group_at(index)
        self.delete.setEnabled(self.chosen is not None)

    def _on_mark(self, index: QModelIndex) -> None:
        group, states = self.model.group_at(index), self._session.group_states
        if index.column() == Column.SHOWN:
            states.set_hidden(group, group not in states.hidden)
        elif index.column() == Column.LOCKED:
            states.set_locked(group, group not in states.locked)
        elif group is not None:
            self.colour_wanted.emit(group)

    def _delete_chosen(self) -> None:
        if self.chosen is not None:
            self.delete_wanted.emit(self.chosen)
