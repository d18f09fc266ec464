"""The groups of a document as a tree: a row a group, and one for what belongs to none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont

from slideviewer.annotations import Group
from slideviewer.annotations.grouping import branch, inner_groups
from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.ui import words
from slideviewer.ui.editing.dragging import (
    ANNOTATIONS,
    GROUP,
    annotations_in,
    dragged_group,
    group_in,
)
from slideviewer.ui.editing.locks import GroupName
from slideviewer.ui.editing.tallies import GroupTallies
from slideviewer.ui.panels.group_marks import eye, padlock, state_words, swatch, swatch_words
from slideviewer.ui.session import Session

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole

UNGROUPED = "Ungrouped"
NO_SPACING = UnknownSpacing("no slide is open")


class Column(IntEnum):
    """The columns, in their order."""

    NAME = 0
    COLOUR = 1
    SHOWN = 2
    LOCKED = 3
    COUNT = 4
    AREA = 5


TITLES = {Column.NAME: "Group", Column.COUNT: "Shapes", Column.AREA: "Area"}
ABOUT = {
    Column.NAME: "Drag a group onto another to nest it; drag annotations from their list here",
    Column.COLOUR: "Colour: click to choose another",
    Column.SHOWN: "Shown or hidden: click to change",
    Column.LOCKED: "Locked or not: click to change",
    Column.COUNT: "Annotations, with those of the groups inside",
    Column.AREA: "What they cover, with the groups inside; where shapes overlap, each counts",
}
NUMBERS = (Column.COUNT, Column.AREA)
MARKS = (Column.COLOUR, Column.SHOWN, Column.LOCKED)
"""What a click changes, or asks for."""


@dataclass(frozen=True)
class _Row:
    """One row; its number is its place in the model's list."""

    group: GroupName
    outer: int
    place: int
    inner: tuple[int, ...]
    branch: tuple[GroupName, ...]


class GroupTree(QAbstractItemModel):
    """Follows the document's groups, what is hidden and locked, and the tallies."""

    rename_wanted = Signal(str, str)  # a group, and its new name
    move_wanted = Signal(str, object)  # a group, and the group that it is to lie in, or None
    regroup_wanted = Signal(object, object)  # ids of annotations, and their new group, or None

    def __init__(self, session: Session, tallies: GroupTallies) -> None:
        super().__init__(session)
        self._session, self._tallies = session, tallies
        self._groups = session.document.annotations.groups
        self._rows: list[_Row] = []
        self._outermost: tuple[int, ...] = ()
        self._build()
        session.document.changed.connect(self._on_document)
        session.document.replaced.connect(self._reload)
        tallies.changed.connect(lambda: self._tell(Column.COUNT, Column.AREA))
        session.slide_changed.connect(lambda: self._tell(Column.AREA, Column.AREA))
        session.group_states.changed.connect(lambda: self._tell(Column.SHOWN, Column.LOCKED))
        session.drawn_group_changed.connect(lambda: self._tell(Column.NAME, Column.NAME))

    def group_at(self, index: Index) -> GroupName:
        """The group of a row."""
        return self._rows[index.internalId()].group

    def index_of(self, group: GroupName, column: int = Column.NAME) -> QModelIndex:
        """The place of a group; an invalid one where there is no such group."""
        for number, row in enumerate(self._rows):
            if row.group == group:
                return self.createIndex(row.place, column, number)
        return QModelIndex()

    def indexes(self) -> Iterator[QModelIndex]:
        """The first cell of every row."""
        for number, row in enumerate(self._rows):
            yield self.createIndex(row.place, Column.NAME, number)

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        inner = self._inner(parent)
        if 0 <= row < len(inner) and 0 <= column < len(Column):
            return self.createIndex(row, column, inner[row])
        return QModelIndex()

    def parent(self, index: Index = QModelIndex()) -> Any:  # noqa: B008
        if not index.isValid():
            return QModelIndex()
        outer = self._rows[index.internalId()].outer
        if outer < 0:
            return QModelIndex()
        return self.createIndex(self._rows[outer].place, 0, outer)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(self._inner(parent)) if parent.column() <= 0 else 0

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(Column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Role.DisplayRole:
            return TITLES.get(Column(section), "")
        if role == Role.TextAlignmentRole and section in NUMBERS:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return ABOUT[Column(section)] if role == Role.ToolTipRole else None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        row, column = self._rows[index.internalId()], Column(index.column())
        if role == Role.DisplayRole:
            return self._text(row, column)
        if role == Role.EditRole and column == Column.NAME:
            return row.group
        if role == Role.TextAlignmentRole and column in NUMBERS:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Role.DecorationRole and column in MARKS:
            return self._mark(row, column)
        if role == Role.ToolTipRole:
            return words.plain(self._words(row, column))
        if role == Role.AccessibleTextRole:
            return self._words(row, column)
        if role == Role.FontRole and column == Column.NAME and self._is_drawn(row):
            font = QFont()
            font.setBold(True)
            return font
        return None

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        group = self.group_at(index)
        if role == Role.EditRole and group is not None:
            self.rename_wanted.emit(group, str(value))
        return False  # the row changes with the document, if at all

    def flags(self, index: Index) -> Qt.ItemFlag:
        flag = Qt.ItemFlag
        if not index.isValid():
            return flag.ItemIsDropEnabled
        common = flag.ItemIsEnabled | flag.ItemIsSelectable | flag.ItemIsDropEnabled
        if self.group_at(index) is None:
            return common
        is_name = index.column() == Column.NAME
        own = flag.ItemIsDragEnabled | (flag.ItemIsEditable if is_name else flag.NoItemFlags)
        return common | own

    def mimeTypes(self) -> list[str]:
        return [GROUP, ANNOTATIONS]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        group = self.group_at(indexes[0])
        return dragged_group(group) if group is not None else QMimeData()

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction | Qt.DropAction.CopyAction

    def canDropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        group, groups = group_in(data), self._session.document.annotations.groups
        if group is None:  # annotations; beside the rows there is no group to be in
            return parent.isValid() and bool(annotations_in(data))
        target = self.group_at(parent) if parent.isValid() else None
        if group not in groups or target == groups[group].parent:
            return False
        return target is None or target not in branch(groups, group)

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        if not self.canDropMimeData(data, action, row, column, parent):
            return False
        group = group_in(data)
        target = self.group_at(parent) if parent.isValid() else None
        if group is not None:
            self.move_wanted.emit(group, target)
        else:
            self.regroup_wanted.emit(annotations_in(data), target)
        return False  # nobody is to take rows away: they change with the document

    def _inner(self, parent: Index) -> tuple[int, ...]:
        return self._rows[parent.internalId()].inner if parent.isValid() else self._outermost

    def _is_drawn(self, row: _Row) -> bool:
        return row.group == self._session.drawn_group

    def _text(self, row: _Row, column: Column) -> str:
        if column == Column.NAME:
            return UNGROUPED if row.group is None else row.group
        if column == Column.COUNT:
            return words.whole(self._tallies.count(row.branch))
        if column == Column.AREA:
            area = self._tallies.area_px2(row.branch)
            said = words.area(area, self._spacing) if area > 0 else ""
            return said if self._tallies.is_measured(row.branch) else f"{said} …".strip()
        return ""

    def _mark(self, row: _Row, column: Column) -> Any:
        states = self._session.group_states
        if column == Column.SHOWN:
            return eye(row.group in states.hidden_with_inner, row.group in states.hidden)
        if column == Column.LOCKED:
            return padlock(row.group in states.locked_with_inner, row.group in states.locked)
        return swatch(self._session.document.annotations, row.group)

    def _words(self, row: _Row, column: Column) -> str:
        states = self._session.group_states
        if column == Column.COLOUR:
            return swatch_words(self._session.document.annotations, row.group)
        if column == Column.SHOWN:
            said, effective = states.hidden, states.hidden_with_inner
            return state_words(row.group, said, effective, "Hidden", "Shown")
        if column == Column.LOCKED:
            said, effective = states.locked, states.locked_with_inner
            return state_words(row.group, said, effective, "Locked", "Not locked")
        if column == Column.NAME and self._is_drawn(row):
            return f"{self._text(row, column)}: what is drawn next belongs here"
        return self._text(row, column)

    @property
    def _spacing(self) -> Spacing | UnknownSpacing:
        slide = self._session.slide
        return slide.spacing if slide is not None else NO_SPACING

    def _build(self) -> None:
        self._groups = self._session.document.annotations.groups
        inner = inner_groups(self._groups)
        rows: list[_Row | None] = []

        def add(name: str, outer: int, place: int) -> int:
            number = len(rows)
            rows.append(None)
            within = tuple(add(it, number, at) for at, it in enumerate(inner.get(name, ())))
            rows[number] = _Row(name, outer, place, within, branch(self._groups, name))
            return number

        outermost = [add(name, -1, place) for place, name in enumerate(inner[None])]
        rows.append(_Row(None, -1, len(outermost), (), (None,)))
        self._outermost = (*outermost, len(rows) - 1)
        self._rows = [row for row in rows if row is not None]

    def _on_document(self) -> None:
        before, after = self._groups, self._session.document.annotations.groups
        if _nesting(before) != _nesting(after):
            self._reload()
        elif before != after:  # the same rows
            self._groups = after
            self._tell(Column.COLOUR, Column.COLOUR)

    def _reload(self) -> None:
        self.beginResetModel()
        self._build()
        self.endResetModel()

    def _tell(self, first: Column, last: Column) -> None:
        for number, row in enumerate(self._rows):
            left = self.createIndex(row.place, first, number)
            self.dataChanged.emit(left, self.createIndex(row.place, last, number))


def _nesting(groups: Mapping[str, Group]) -> list[tuple[str, GroupName]]:
    return [(name, group.parent) for name, group in groups.items()]
