"""The review's rows as Qt's lists want them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.ui import words
from slideviewer.ui.review.queue import Item, ReviewQueue

Index = QModelIndex | QPersistentModelIndex

ITEM_ROLE = Qt.ItemDataRole.UserRole

OPEN = "open"


class ReviewList(QAbstractListModel):
    """A row for each item of the queue.

    It does not tell of decided rows: Qt's list would lay out all of them anew, a tenth of a second
    for 50,000. Whoever shows it paints the row again.
    """

    def __init__(self, queue: ReviewQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue = queue
        self._count = len(queue)
        self.spacing: Spacing | UnknownSpacing = UnknownSpacing("no slide is open")
        queue.changed.connect(self._refresh)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else self._count

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not 0 <= index.row() < self._count:
            return None
        item = self._queue.item(index.row())
        if role == ITEM_ROLE:
            return item
        if role == Qt.ItemDataRole.DisplayRole:
            return item.kind.words
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._told(item)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{item.kind.words}, {self.facts(item)}, {state_words(item)}"
        return None

    def facts(self, item: Item) -> str:
        """Area and score in words."""
        area = words.area(item.area_px2, self.spacing)
        return area if item.score is None else f"{area}  ·  {item.score:.2f}"

    def _told(self, item: Item) -> str:
        decision = item.decision
        if decision is None:
            return f"{item.kind.words}: {self.facts(item)}"
        by = f" by {decision.author}" if decision.author else ""
        lines = [f"{state_words(item).capitalize()}{by} {decision.at[:16].replace('T', ' ')}"]
        return "\n".join(filter(None, (*lines, decision.reason, words.plain(decision.note))))

    def _refresh(self) -> None:
        self.beginResetModel()
        self._count = len(self._queue)
        self.endResetModel()


def state_words(item: Item) -> str:
    """What became of it."""
    return OPEN if item.decision is None else str(item.decision.verdict)
