"""The findings as a list, or as a grid of pictures; what is chosen in one is in the other."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QPixmap, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStackedWidget, QWidget

from slideviewer.ui.review.cells import CellDelegate
from slideviewer.ui.review.grid import UniformGrid
from slideviewer.ui.review.list_model import ReviewList
from slideviewer.ui.review.pictures import ReviewDelegate
from slideviewer.ui.review.queue import Item, ReviewQueue

MOST_WANTED = 60
"""Pictures that are asked for at once: more than are in sight."""

Pictures = Callable[[Item, bool], QPixmap | None]
"""Gives the picture of an item, small or large; None while there is none."""


class FindingsViews(QStackedWidget):
    """Both views of one model, of which one is shown.

    Parameters
    ----------
    queue : ReviewQueue
    model : ReviewList
    picture_of : callable
        See `Pictures`.
    """

    row_wanted = Signal(int)  # the row to look at
    pictures_wanted = Signal(list, bool)  # items in view, and whether large ones are wanted

    def __init__(
        self,
        queue: ReviewQueue,
        model: ReviewList,
        picture_of: Pictures,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._queue, self._model, self._picture_of = queue, model, picture_of
        self.list, self.grid = QListView(), UniformGrid()
        self.list.setItemDelegate(
            ReviewDelegate(model, lambda item: picture_of(item, False), self.list)
        )
        self.grid.setItemDelegate(
            CellDelegate(model, lambda item: picture_of(item, True), self.grid)
        )
        for view in (self.list, self.grid):
            view.setAccessibleName("Findings")
            view.setModel(model)
            view.setUniformItemSizes(True)
            view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
            view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
            view.clicked.connect(self._on_clicked)
            view.activated.connect(lambda index: self.row_wanted.emit(index.row()))
            view.verticalScrollBar().valueChanged.connect(lambda _: self.want_pictures())
            self.addWidget(view)
        self.grid.setSelectionModel(self.list.selectionModel())
        self.list.selectionModel().currentChanged.connect(self._on_highlight)
        self._chosen_keys: list[str] = []
        queue.changing.connect(self._remember_chosen)
        model.modelReset.connect(self._choose_again)
        model.modelReset.connect(self.want_pictures)
        self.currentChanged.connect(lambda _: self._show_same())

    @property
    def shown(self) -> QListView:
        """The one that is shown."""
        return self.grid if self.shows_grid else self.list

    @property
    def shows_grid(self) -> bool:
        """Whether the pictures stand in a grid."""
        return self.currentWidget() is self.grid

    def show_grid(self, is_wanted: bool) -> None:
        """Show the grid, or the list."""
        had_focus = self.shown.hasFocus()
        self.setCurrentWidget(self.grid if is_wanted else self.list)
        if had_focus:
            self.shown.setFocus()

    @property
    def chosen_rows(self) -> list[int]:
        """The rows that are selected."""
        return sorted(index.row() for index in self.list.selectionModel().selectedRows())

    def show_row(self, row: int | None) -> None:
        """Make a row the current one; where it is so by a click, what is selected stays."""
        index = self._model.index(row) if row is not None else QModelIndex()
        selection = self.list.selectionModel()
        if row is None or index != selection.currentIndex():
            selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if row is not None:
            self.shown.scrollTo(index)

    def paint_row(self, row: int) -> None:
        """A row looks different."""
        self.shown.update(self._model.index(row))

    def want_pictures(self) -> None:
        """Ask for the pictures of what is in sight."""
        if self.isVisible() and len(self._queue):
            self.pictures_wanted.emit(self._in_sight, self.shows_grid)

    @property
    def is_pictured(self) -> bool:
        """Whether all pictures in sight are there."""
        large = self.shows_grid
        return all(self._picture_of(item, large) is not None for item in self._in_sight)

    @property
    def _in_sight(self) -> list[Item]:
        area, count = self.shown.viewport().rect(), len(self._queue)
        if self.shows_grid:
            rows = self.grid.rows_within(area)
        else:
            first = max(0, self.list.indexAt(area.topLeft()).row())
            last = self.list.indexAt(area.bottomLeft()).row()
            rows = range(first, min(count if last < 0 else last + 2, count))
        return [self._queue.item(row) for row in rows[:MOST_WANTED]]

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.want_pictures()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.want_pictures()

    def _remember_chosen(self) -> None:
        rows = self.chosen_rows
        self._chosen_keys = [self._queue.key_of(row) for row in rows] if len(rows) > 1 else []

    def _choose_again(self) -> None:
        """Select what of several that were selected is there yet, and the current one among it."""
        found = (self._queue.row_of(key) for key in self._chosen_keys)
        rows = sorted(row for row in found if row is not None)
        self._chosen_keys = []
        current = self._queue.current_row
        if current not in rows:
            return
        several, model = QItemSelection(), self._model
        for _, run in itertools.groupby(enumerate(rows), lambda it: it[1] - it[0]):
            together = [row for _, row in run]
            several.select(model.index(together[0]), model.index(together[-1]))
        selection = self.list.selectionModel()
        flags = QItemSelectionModel.SelectionFlag
        selection.setCurrentIndex(model.index(current), flags.NoUpdate)
        selection.select(several, flags.ClearAndSelect)

    def _show_same(self) -> None:
        index = self.list.selectionModel().currentIndex()
        if index.isValid():
            self.shown.scrollTo(index)
        self.want_pictures()

    def _on_clicked(self, index: QModelIndex) -> None:
        if len(self.chosen_rows) <= 1:
            self.row_wanted.emit(index.row())

    def _on_highlight(self, index: QModelIndex) -> None:
        """The keys of the views move what is looked at, too."""
        if index.isValid() and index.row() != self._queue.current_row:
            self.row_wanted.emit(index.row())
