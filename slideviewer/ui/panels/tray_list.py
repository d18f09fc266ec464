"""The slides of a folder as a list: what it holds and how a line looks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from slideviewer.cohort.folder_listing import ListedSlide
from slideviewer.cohort.worklist import ReadingState
from slideviewer.ui.icons import icon
from slideviewer.ui.thumbnail_store import Thumbnail
from slideviewer.ui.thumbnails import Thumbnails, draw

Index = QModelIndex | QPersistentModelIndex

PICTURE = QSize(72, 54)
MARGIN, MARK = 6, 18
"""Screen pixels: around things, and of the sign for annotations."""

DOT = 9
DONE = {
    ReadingState.UNREAD: 0.0,
    ReadingState.PREDICTED: 0.25,
    ReadingState.READ: 0.5,
    ReadingState.IN_REVIEW: 0.75,
    ReadingState.DONE: 1.0,
}
"""How much of a slide's dot is filled."""

SLIDE_ROLE = Qt.ItemDataRole.UserRole
OPEN_ROLE = Qt.ItemDataRole.UserRole + 1
STATE_ROLE = Qt.ItemDataRole.UserRole + 2


class SlideList(QAbstractListModel):
    """The slides that fit the filter. Pictures are asked for by row, as rows are painted."""

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._all: tuple[ListedSlide, ...] = ()
        self._shown: list[ListedSlide] = []
        self._rows: dict[Path, int] = {}
        self._filter = ""
        self._open: Path | None = None
        self._others: tuple[ListedSlide, ...] = ()
        self._states: Mapping[Path, ReadingState] = {}
        self._wanted: ReadingState | None = None
        thumbnails.ready.connect(self._on_thumbnail)

    @property
    def count(self) -> int:
        """How many slides there are, filtered out or not."""
        return len(self._all) + len(self._others)

    @property
    def paths(self) -> list[Path]:
        """All slides, filtered out or not."""
        return [slide.path for slide in (*self._all, *self._others)]

    def holds(self, path: Path) -> bool:
        """Whether a slide is listed, filtered out or not."""
        return any(slide.path == path for slide in (*self._all, *self._others))

    def set_states(self, states: Mapping[Path, ReadingState]) -> None:
        """Say how far each slide is; none where there is no worklist."""
        self._states = states
        if not states:
            self._wanted = None
        self._refresh()

    def set_wanted(self, state: ReadingState | None) -> None:
        """Show those of a state; None shows all."""
        self._wanted = state
        self._refresh()

    def set_others(self, slides: tuple[ListedSlide, ...]) -> None:
        """List these as well, which lie elsewhere."""
        if slides != self._others:
            self._others = slides
            self._refresh()

    def set_slides(self, slides: tuple[ListedSlide, ...]) -> None:
        """List these."""
        if slides != self._all:
            self._all = slides
            self._refresh()

    def set_filter(self, words: str) -> None:
        """Show those whose names hold all of some words."""
        self._filter = words
        self._refresh()

    def set_open(self, path: Path | None) -> None:
        """Mark the slide that is open."""
        former, self._open = self._open, path
        for changed in (former, path):
            row = self._rows.get(changed) if changed is not None else None
            if row is not None:
                self.dataChanged.emit(self.index(row, 0), self.index(row, 0))

    def path_at(self, row: int) -> Path:
        """The slide of a row."""
        return self._shown[row].path

    def row_of(self, path: Path | None) -> int | None:
        """The row of a slide; None where it is not shown."""
        return self._rows.get(path) if path is not None else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not 0 <= index.row() < len(self._shown):
            return None
        slide = self._shown[index.row()]
        is_open = slide.path == self._open
        if role == Qt.ItemDataRole.DisplayRole:
            return slide.path.name
        if role == SLIDE_ROLE:
            return slide
        if role == OPEN_ROLE:
            return is_open
        state = self._states.get(slide.path)
        if role == STATE_ROLE:
            return state
        if role == Qt.ItemDataRole.AccessibleTextRole:
            with_markup = "with annotations" if slide.annotations else ""
            notes = ("open" if is_open else "", with_markup, str(state or ""))
            return ", ".join(filter(None, (slide.path.name, *notes)))
        if role == Qt.ItemDataRole.ToolTipRole:
            known = self._thumbnails.get(slide.path)
            beside = f"Annotations: {slide.annotations.name}" if slide.annotations else ""
            problem = known.problem if known is not None else ""
            return "\n".join(filter(None, (slide.path.name, beside, problem)))
        return None

    def _refresh(self) -> None:
        words = self._filter.casefold().split()
        self.beginResetModel()
        self._shown = [
            slide
            for slide in (*self._all, *self._others)
            if all(word in slide.path.name.casefold() for word in words)
            and (self._wanted is None or self._states.get(slide.path) == self._wanted)
        ]
        self._rows = {slide.path: row for row, slide in enumerate(self._shown)}
        self.endResetModel()

    def _on_thumbnail(self, thumbnail: Thumbnail) -> None:
        row = self._rows.get(thumbnail.path)
        if row is not None:
            self.dataChanged.emit(self.index(row, 0), self.index(row, 0))


class SlideLine(QStyledItemDelegate):
    """A picture, the name elided in the middle, and signs for "open" and "has annotations"."""

    def __init__(self, thumbnails: Thumbnails, parent: QObject) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        height = max(PICTURE.height(), option.fontMetrics.height()) + 2 * MARGIN
        return QSize(PICTURE.width() + 4 * MARGIN, height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        slide: ListedSlide = index.data(SLIDE_ROLE)
        is_open: bool = index.data(OPEN_ROLE)
        is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        roles, area = QPalette.ColorRole, option.rect
        painter.save()
        if is_chosen:
            painter.fillRect(area, option.palette.color(roles.Highlight))
        strong = option.palette.color(roles.HighlightedText if is_chosen else roles.Text)
        if is_open:
            painter.fillRect(QRect(area.topLeft(), QSize(4, area.height())), strong)
        picture = QRect(area.topLeft(), PICTURE).translated(2 * MARGIN, MARGIN)
        draw(painter, picture, self._thumbnails.get(slide.path), strong)
        words = area.adjusted(picture.width() + 4 * MARGIN, 0, -MARGIN, 0)
        if slide.annotations is not None:
            words.setRight(words.right() - MARK - MARGIN)
            mark = QRect(words.right() + MARGIN, area.center().y() - MARK // 2, MARK, MARK)
            icon("vector-polygon", strong.name()).paint(painter, mark)
        font = option.font
        font.setBold(is_open)
        painter.setFont(font)
        painter.setPen(strong)
        middle = Qt.TextElideMode.ElideMiddle
        name = painter.fontMetrics().elidedText(slide.path.name, middle, words.width())
        state: ReadingState | None = index.data(STATE_ROLE)
        if state is None:
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, name)
        else:
            half = painter.fontMetrics().height()
            line = QRect(words.left(), area.center().y() - half, words.width(), half)
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, name)
            self._draw_state(painter, line.translated(0, half), state, strong)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(strong)
            painter.drawRect(area.adjusted(0, 0, -1, -1))
        painter.restore()

    @staticmethod
    def _draw_state(painter: QPainter, line: QRect, state: ReadingState, ink: QColor) -> None:
        """A dot that fills as the work goes on, and the word."""
        dot = QRect(line.left() + 1, line.center().y() - DOT // 2, DOT, DOT)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        weak = QColor(ink)
        weak.setAlphaF(0.75)
        painter.setPen(weak)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(dot)
        painter.setBrush(weak)
        if DONE[state]:  # a pie of nothing would be a line
            painter.drawPie(dot, 90 * 16, -round(360 * 16 * DONE[state]))
        words = line.adjusted(DOT + MARGIN, 0, 0, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, str(state).capitalize())
