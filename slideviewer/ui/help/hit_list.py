"""The list of what a search in the guide found."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from slideviewer.ui.help.search import Hit, Section

Index = QModelIndex | QPersistentModelIndex

HIT_ROLE = Qt.ItemDataRole.UserRole
PADDING = 8
EXCERPT_LINES = 4


class _HitPainter(QStyledItemDelegate):
    """The heading, in a weaker colour the page, and below them some of the text."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        hit: Hit = index.data(HIT_ROLE)
        view = option.widget
        width = (view.viewport().width() if isinstance(view, QListWidget) else 200) - 2 * PADDING
        room = QRect(0, 0, width, EXCERPT_LINES * option.fontMetrics.lineSpacing())
        needed = option.fontMetrics.boundingRect(room, Qt.TextFlag.TextWordWrap, hit.excerpt)
        heading = QFontMetrics(_bold(option.font)).boundingRect(
            QRect(0, 0, width, 1000), Qt.TextFlag.TextWordWrap, hit.section.heading
        )
        text_height = min(needed.height(), room.height())
        page = option.fontMetrics.lineSpacing() if _page_words(hit) else 0
        return QSize(0, heading.height() + page + text_height + 2 * PADDING)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        hit: Hit = index.data(HIT_ROLE)
        roles = QPalette.ColorRole
        is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if is_chosen:
            painter.fillRect(option.rect, option.palette.color(roles.Highlight))
        strong = option.palette.color(roles.HighlightedText if is_chosen else roles.Text)
        weak = strong if is_chosen else option.palette.color(roles.PlaceholderText)
        area = option.rect.adjusted(PADDING, PADDING, -PADDING, -PADDING)
        wrapped = Qt.TextFlag.TextWordWrap
        painter.save()
        painter.setFont(_bold(option.font))
        painter.setPen(strong)
        used = painter.drawText(area, wrapped, hit.section.heading)
        area.setTop(area.top() + used.height())
        painter.setFont(option.font)
        painter.setPen(weak)
        page = _page_words(hit)
        if page:
            painter.drawText(area, 0, page)
            area.setTop(area.top() + option.fontMetrics.lineSpacing())
        painter.setPen(strong)
        painter.setClipRect(area)
        painter.drawText(area, wrapped, hit.excerpt)
        painter.restore()


class HitList(QListWidget):
    """A line a hit; a click or Enter opens it."""

    wanted = Signal(object)  # Section to show

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Found in the guide")
        self.setItemDelegate(_HitPainter(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.itemClicked.connect(self._open)
        self.itemActivated.connect(self._open)

    @property
    def sections(self) -> list[Section]:
        """What is listed, the best first."""
        items = [self.item(row) for row in range(self.count())]
        return [item.data(HIT_ROLE).section for item in items]

    def show_hits(self, hits: Sequence[Hit]) -> None:
        """List these."""
        self.clear()
        for hit in hits:
            item = QListWidgetItem(f"{hit.section.heading}, {hit.section.title}: {hit.excerpt}")
            item.setData(HIT_ROLE, hit)
            self.addItem(item)

    def open_first(self) -> None:
        """Open the best hit, if there is any."""
        if self.count():
            self.setCurrentRow(0)
            self._open(self.item(0))

    def _open(self, item: QListWidgetItem) -> None:
        self.wanted.emit(item.data(HIT_ROLE).section)


def _page_words(hit: Hit) -> str:
    """The page, unless its heading says it."""
    section = hit.section
    return section.title if section.title != section.heading else ""


def _bold(font: QFont) -> QFont:
    bold = QFont(font)
    bold.setBold(True)
    return bold
