"""Paints a cell of the review's grid: the picture large, what it is below, its state as a mark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from slideviewer.annotations.decisions import Verdict
from slideviewer.evaluation.findings.findings import FindingKind
from slideviewer.ui.icons import icon
from slideviewer.ui.review.list_model import ITEM_ROLE, ReviewList
from slideviewer.ui.review.pictures import KIND_COLOURS, MARGIN, STATE_COLOURS
from slideviewer.ui.review.queue import Item

CELL_SIDE = 96
"""Screen pixels of a picture's side."""

MARK = 22

MARKS = {
    Verdict.ACCEPTED: "check-bold",
    Verdict.RELABELLED: "tag-outline",
    Verdict.REJECTED: "close-thick",
    Verdict.DEFERRED: "clock-outline",
}
"""Told apart by their shapes as well as by their colours."""

SHORT = {
    FindingKind.PREDICTED: "Predicted",
    FindingKind.MARKED: "Marked",
    FindingKind.BEYOND_MARKUP: "Too narrow",
    FindingKind.BEYOND_PREDICTION: "Too wide",
    FindingKind.UNCERTAIN: "Uncertain",
}
"""Kinds in a word or two, borders as the prediction sees them; the tooltip says it all."""


class CellDelegate(QStyledItemDelegate):
    """Paints the items of a `ReviewList` in a grid.

    Parameters
    ----------
    model : ReviewList
    picture_of : callable
        The large picture of an item; None while there is none.
    """

    def __init__(
        self, model: ReviewList, picture_of: Callable[[Item], QPixmap | None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._model, self._picture_of = model, picture_of

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        view: Any = option  # PySide does not tell mypy of the option's members
        return QSize(CELL_SIDE + 2 * MARGIN, CELL_SIDE + 3 * MARGIN + view.fontMetrics.height())

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        item: Item | None = index.data(ITEM_ROLE)
        if item is None:
            return
        view: Any = option
        rect: QRect = view.rect
        palette: QPalette = view.palette
        is_chosen = bool(view.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setClipRect(rect)
        if is_chosen:
            painter.fillRect(rect.adjusted(1, 1, -1, -1), palette.highlight())
        place = QRect(rect.center().x() - CELL_SIDE // 2, rect.top() + MARGIN, CELL_SIDE, CELL_SIDE)
        picture = self._picture_of(item)
        if picture is None:
            painter.fillRect(place, palette.mid())
        else:
            painter.drawPixmap(place, picture)
        painter.fillRect(
            QRect(place.left(), place.bottom() + 1, CELL_SIDE, 3), KIND_COLOURS[item.kind]
        )
        if item.decision is not None:
            self._paint_mark(painter, place, item.decision.verdict)
        role = QPalette.ColorRole.HighlightedText if is_chosen else QPalette.ColorRole.Text
        painter.setPen(palette.color(role))
        font = QFont(view.font)
        font.setPointSizeF(max(6.0, font.pointSizeF() * 0.9))
        painter.setFont(font)
        words = QRect(
            place.left(), place.bottom() + 4, CELL_SIDE, rect.bottom() - place.bottom() - 5
        )
        score = "" if item.score is None else f"{item.score:.2f}"
        side = painter.fontMetrics().horizontalAdvance(score)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, score)
        kind = painter.fontMetrics().elidedText(
            SHORT[item.kind], Qt.TextElideMode.ElideRight, CELL_SIDE - side - 4
        )
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, kind)
        if view.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(palette.color(role), 1))
            painter.drawRect(rect.adjusted(1, 1, -2, -2))
        painter.restore()

    @staticmethod
    def _paint_mark(painter: QPainter, place: QRect, verdict: Verdict) -> None:
        """What became of it, in the corner of its picture."""
        mark = QRect(place.right() - MARK - 2, place.top() + 3, MARK, MARK)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(Qt.GlobalColor.white, 1.5))
        painter.setBrush(STATE_COLOURS[verdict])
        painter.drawEllipse(mark)
        icon(MARKS[verdict], "#ffffff").paint(painter, mark.adjusted(4, 4, -4, -4))
        painter.restore()
