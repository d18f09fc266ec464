"""The table of annotations as it stands in its panel: its header, its keys and what is in view."""

from __future__ import annotations

from collections.abc import Hashable

from PySide6.QtCore import QByteArray, QModelIndex, QSettings, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QDrag, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from slideviewer.ui.annotation_columns import Field
from slideviewer.ui.annotation_table import AnnotationTable
from slideviewer.ui.annotation_thumbnails import SIDE
from slideviewer.ui.editing.dragging import dragged_annotations
from slideviewer.ui.panels.annotation_selection import ListSelection
from slideviewer.ui.selection import Selection
from slideviewer.ui.typed_names import TypedNames

NAME_CHARACTERS = 9
"""So many of a name can be read however large the text is; then the table is scrolled."""

ROOM = 14
"""Screen pixels between what a column holds and its neighbour."""

NEAR_ROWS = 60
"""Above and below those in view: they are made ready, lest scrolling show them late."""

KEEP_AFTER_MS = 300
"""Once the header is left alone, it is remembered."""

HEADER = "annotation_list/header"
"""The key that the header is kept under."""


class AnnotationView(QTableView):
    """Rows of one height, so that a hundred thousand take no longer to lay out than ten.

    Parameters
    ----------
    table : AnnotationTable
    selection : Selection
    parent : QWidget, optional
    """

    jump_wanted = Signal(str)  # id of the annotation to show on the canvas
    delete_wanted = Signal()  # what is selected is to be deleted
    view_moved = Signal()  # other rows are in view, or other annotations in the same rows

    def __init__(
        self, table: AnnotationTable, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._table, self._selection = table, selection
        self._has_pictures = False
        self.setModel(table)
        self._typed = TypedNames(self, lambda index: table.id_at(index.row()), self._row_of)
        self.setItemDelegate(self._typed)
        self.shown = ListSelection(table, selection, lambda: self.rows_in_view(NEAR_ROWS))
        self.setSelectionModel(self.shown)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setAccessibleName("Annotations")
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._make_header()
        self.set_pictures(False)
        # Once for several changes, and only after Qt has laid out the rows.
        self._moved = QTimer(self, singleShot=True, interval=0)
        self._moved.timeout.connect(self._on_moved)
        # Not the timer itself: it would take what the signals say for its interval.
        self.verticalScrollBar().valueChanged.connect(lambda _: self._moved.start())
        table.arranged.connect(self._on_arranged)
        table.modelReset.connect(self._typed.go_on)
        table.dataChanged.connect(lambda *_: self._moved.start())
        self.doubleClicked.connect(lambda index: self.jump_wanted.emit(table.id_at(index.row())))

    def rows_in_view(self, more: int = 0) -> range:
        """The rows that can be seen, with some more at both ends."""
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        count = self._table.rowCount()
        first, last = max(first, 0), last if last >= 0 else count - 1
        return range(max(0, first - more), min(count, last + 1 + more))

    def set_pictures(self, are_wanted: bool) -> None:
        """Make room for a small picture before each name, or take it away."""
        self._has_pictures = are_wanted
        self.setIconSize(QSize(SIDE, SIDE))
        text = self.fontMetrics().height() + 6
        self.verticalHeader().setDefaultSectionSize(max(text, SIDE + 4) if are_wanted else text)
        self._fit_name()

    def rename_current(self) -> None:
        """Let the user type another name for the current row's annotation."""
        row = self.currentIndex().row()
        if row >= 0:
            index = self._table.index(row, self._table.column_of(Field.NAME))
            self.scrollTo(index)
            self.edit(index)

    def show_column(self, field: Field, is_shown: bool) -> None:
        """Show a column, or hide it."""
        column, header = self._table.column_of(field), self.horizontalHeader()
        header.setSectionHidden(column, not is_shown)
        self._fit_name()
        self._kept_soon.start()
        if is_shown:  # and seen, where there are more than there is room for
            self.updateGeometries()
            left = header.sectionPosition(column)
            right = left + header.sectionSize(column) - self.viewport().width()
            bar = self.horizontalScrollBar()
            bar.setValue(min(left, max(bar.value(), right)))

    def shows_column(self, field: Field) -> bool:
        """Whether a column is there."""
        return not self.horizontalHeader().isSectionHidden(self._table.column_of(field))

    def scroll_to_selected(self) -> None:
        """Bring what is selected elsewhere into view, unless some of it is there already."""
        ids = self._selection.ids
        if not ids or any(self._table.id_at(row) in ids for row in self.rows_in_view()):
            return
        row = self._table.row_of(min(ids)) if len(ids) == 1 else self._first_selected()
        if row is not None:
            self.scrollTo(self._table.index(row, 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, keys = self.currentIndex().row(), Qt.Key
        if self.state() == QAbstractItemView.State.EditingState or row < 0:
            super().keyPressEvent(event)
        elif event.key() in (keys.Key_Return, keys.Key_Enter):
            self.jump_wanted.emit(self._table.id_at(row))
        elif event.key() == keys.Key_F2:
            self.rename_current()
        elif event.key() == keys.Key_Delete and not event.modifiers():
            self.delete_wanted.emit()
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Nothing: Qt would ask a hundred thousand rows for their names. There is a search line."""

    def startDrag(self, supportedActions: Qt.DropAction) -> None:
        ids = [each for each in self._table.ids if each in self._selection.ids]
        if ids:
            drag = QDrag(self)
            drag.setMimeData(dragged_annotations(ids))
            drag.exec(Qt.DropAction.MoveAction | Qt.DropAction.CopyAction)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_name()
        self._moved.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._moved.start()

    def _row_of(self, annotation_id: Hashable) -> QModelIndex:
        row = self._table.row_of(str(annotation_id))
        return self._table.index(row, 0) if row is not None else QModelIndex()

    def _first_selected(self) -> int | None:
        ids = self._selection.ids
        return next((row for row, each in enumerate(self._table.ids) if each in ids), None)

    def _on_arranged(self) -> None:
        self.shown.show()
        self._moved.start()

    def _on_moved(self) -> None:
        self.shown.show()
        self.view_moved.emit()

    def _make_header(self) -> None:
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsMovable(True)
        header.setMinimumSectionSize(NAME_CHARACTERS * self.fontMetrics().averageCharWidth())
        for number, column in enumerate(self._table.columns):
            words = max(column.sample, column.title + "  ▾", key=len)
            width = self.fontMetrics().horizontalAdvance(words) + ROOM
            header.resizeSection(number, width)
            header.setSectionHidden(number, not column.is_shown)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        kept = QSettings().value(HEADER)
        if isinstance(kept, QByteArray):  # a damaged settings file holds anything
            header.restoreState(kept)
        name = self._table.column_of(Field.NAME)
        header.setSectionHidden(name, False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(name, QHeaderView.ResizeMode.Fixed)  # see _fit_name
        self.setSortingEnabled(True)
        self._kept_soon = QTimer(self, singleShot=True, interval=KEEP_AFTER_MS)
        self._kept_soon.timeout.connect(self._keep_header)
        header.sectionResized.connect(lambda section, *_: self._on_resized(section))
        for signal in (header.sectionMoved, header.sortIndicatorChanged):
            signal.connect(lambda *_: self._kept_soon.start())

    def _on_resized(self, section: int) -> None:
        if section != self._table.column_of(Field.NAME):
            self._fit_name()
        self._kept_soon.start()

    def _fit_name(self) -> None:
        """Give names the room that is left, but enough to be read."""
        header, name = self.horizontalHeader(), self._table.column_of(Field.NAME)
        others = header.length() - header.sectionSize(name)
        least = header.minimumSectionSize() + ROOM + (SIDE if self._has_pictures else 0)
        header.resizeSection(name, max(least, self.viewport().width() - others))

    def _keep_header(self) -> None:
        QSettings().setValue(HEADER, self.horizontalHeader().saveState())
