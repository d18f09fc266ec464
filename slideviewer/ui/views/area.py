"""Widgets in rows and columns, with borders that the user can drag."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QSplitter, QSplitterHandle, QVBoxLayout, QWidget

BORDER = 4
"""Screen pixels between two widgets: enough to be caught with the mouse."""

MOST_ACROSS = 3
"""Widgets beside each other, and rows of them."""

EVENLY = 10_000
"""A splitter divides its room in the proportions of such numbers."""


Sizes = tuple[tuple[int, ...], ...]
"""Screen pixels; see `Area.sizes`."""


class Border(QSplitterHandle):
    """Between two widgets; a double-click makes all of the row or column equal again."""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        splitter = self.splitter()
        splitter.setSizes([EVENLY] * splitter.count())
        splitter.splitterMoved.emit(0, 0)


class Borders(QSplitter):
    """A row or a column that keeps all of its widgets in sight."""

    def __init__(self, orientation: Qt.Orientation) -> None:
        super().__init__(orientation)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(BORDER)

    def createHandle(self) -> QSplitterHandle:
        made = Border(self.orientation(), self)
        made.setToolTip("Drag to resize, double-click to make equal")
        return made


class Area(QWidget):
    """Rows that have the same number of widgets have their borders one below the other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._all: Borders | None = None
        self._rows: list[Borders] = []

    @property
    def rows(self) -> tuple[Borders, ...]:
        """The rows, topmost first."""
        return tuple(self._rows)

    @property
    def sizes(self) -> Sizes:
        """How the room is divided: the rows' heights, then the widths in each row."""
        parts = [self._all, *self._rows] if self._all is not None else []
        return tuple(tuple(borders.sizes()) for borders in parts)

    def arrange(self, widgets: Sequence[QWidget], columns: int, sizes: Sizes = ()) -> None:
        """Put widgets side by side, row by row.

        Parameters
        ----------
        widgets : sequence of QWidget
        columns : int
        sizes : Sizes
            As they were once; where they do not fit the shape, all get the same room.
        """
        former, self._all = self._all, Borders(Qt.Orientation.Vertical)
        self._rows = []
        for first in range(0, len(widgets), columns):
            row = Borders(Qt.Orientation.Horizontal)
            for widget in widgets[first : first + columns]:
                row.addWidget(widget)
                widget.show()
            row.splitterMoved.connect(lambda *_, row=row: self._line_up(row))
            self._all.addWidget(row)
            self._rows.append(row)
        self._column.addWidget(self._all)
        parts = [self._all, *self._rows]
        fits = [len(known) for known in sizes] == [borders.count() for borders in parts]
        for number, borders in enumerate(parts):
            for index in range(borders.count()):
                borders.setStretchFactor(index, 1)
            borders.setSizes(list(sizes[number]) if fits else [EVENLY] * borders.count())
        if former is not None:
            self._column.removeWidget(former)
            former.hide()
            former.deleteLater()

    def _line_up(self, moved: Borders) -> None:
        for row in self._rows:
            if row is not moved and row.count() == moved.count():
                row.setSizes(moved.sizes())


def columns_for(count: int) -> int:
    """How many of so many widgets stand beside each other; four make a square."""
    return 2 if count == 4 else min(count, MOST_ACROSS)
