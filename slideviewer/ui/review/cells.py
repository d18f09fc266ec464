"""Paints a cell of the review's grid: a large picture, what it is, and its state as a mark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from slideviewer.annotations.decisions import Verdict
from slideviewer.evaluation.findings.findings import FindingKind
from slideviewer.ui.icons import icon
from slideviewer.ui.review.list_model import ITEM_ROLE, ReviewList
from slideviewer.ui.review.pictures import KIND_COLOURS, STATE_COLOURS
from slideviewer.ui.review.queue import Item

CELL_SIDE = 84
"""Screen pixels of a picture's side."""

MARGIN, STRIPE, MARK = 4, 3, 22
"""Screen pixels: around a cell's content, of the stripe in its kind's colour, and of its mark."""

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
        height = CELL_SIDE + STRIPE + 3 * MARGIN + view.fontMetrics.height()
        return QSize(CELL_SIDE + 2 * MARGIN, height)

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
        below = QRect(place.left(), place.bottom() + 1, CELL_SIDE, STRIPE)
        painter.fillRect(below, KIND_COLOURS[item.kind])
        if item.decision is not None:
            self._paint_mark(painter, place, item.decision.verdict)
        font = QFont(view.font)
        font.setPointSizeF(max(6.0, font.pointSizeF() * 0.9))
        painter.setFont(font)
        if item.score is not None:
            self._paint_score(painter, place, f"{item.score:.2f}")
        role = QPalette.ColorRole.HighlightedText if is_chosen else QPalette.ColorRole.Text
        painter.setPen(palette.color(role))
        words = QRect(place.left(), below.bottom(), CELL_SIDE, rect.bottom() - below.bottom())
        kind = painter.fontMetrics().elidedText(
            SHORT[item.kind], Qt.TextElideMode.ElideRight, CELL_SIDE
        )
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, kind)
        if view.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(palette.color(role), 1))
            painter.drawRect(rect.adjusted(1, 1, -2, -2))
        painter.restore()

    @staticmethod
    def _paint_score(painter: QPainter, place: QRect, score: str) -> None:
        """How sure the model is, in the other corner, to be read on any tissue."""
        metrics = painter.fontMetrics()
        size = QSize(metrics.horizontalAdvance(score) + 8, metrics.height())
        chip = QRect(place.left(), place.bottom() + 1 - size.height(), size.width(), size.height())
        painter.fillRect(chip, QColor(0, 0, 0, 170))
        painter.setPen(Qt.GlobalColor.white)
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, score)

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
