"""Paints a row of the review: a small picture, what it is, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from slideviewer.annotations.decisions import Verdict
from slideviewer.evaluation.findings.findings import FindingKind
from slideviewer.ui.annotation_thumbnails import SIDE
from slideviewer.ui.review.list_model import ITEM_ROLE, ReviewList, state_words
from slideviewer.ui.review.queue import Item

MARGIN = 6

KIND_COLOURS = {
    FindingKind.PREDICTED: QColor(230, 30, 30),
    FindingKind.BEYOND_MARKUP: QColor(230, 30, 30),
    FindingKind.MARKED: QColor(40, 100, 255),
    FindingKind.BEYOND_PREDICTION: QColor(40, 100, 255),
    FindingKind.UNCERTAIN: QColor(200, 140, 0),
}
"""Red where the model says more, blue where the markup does."""

STATE_COLOURS = {
    Verdict.ACCEPTED: QColor(30, 140, 60),
    Verdict.RELABELLED: QColor(30, 140, 60),
    Verdict.REJECTED: QColor(120, 120, 120),
    Verdict.DEFERRED: QColor(190, 120, 0),
}


class ReviewDelegate(QStyledItemDelegate):
    """Paints the rows of a `ReviewList`.

    Parameters
    ----------
    model : ReviewList
    picture_of : callable
        The small picture of an item; None while there is none.
    """

    def __init__(
        self, model: ReviewList, picture_of: Callable[[Item], QPixmap | None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._model, self._picture_of = model, picture_of

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(120, SIDE + 2 * MARGIN)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        item: Item | None = index.data(ITEM_ROLE)
        if item is None:
            return
        view: Any = option  # PySide does not tell mypy of the option's members
        rect: QRect = view.rect
        palette: QPalette = view.palette
        is_chosen = bool(view.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if is_chosen:
            painter.fillRect(rect, palette.highlight())
        place = QRect(rect.left() + MARGIN, rect.top() + MARGIN, SIDE, SIDE)
        picture = self._picture_of(item)
        if picture is None:
            painter.fillRect(place, palette.mid())
        else:
            painter.drawPixmap(place, picture)
        painter.fillRect(QRect(place.left() - 4, place.top(), 3, SIDE), KIND_COLOURS[item.kind])
        text = rect.adjusted(SIDE + 2 * MARGIN + 2, MARGIN, -MARGIN, -MARGIN)
        role = QPalette.ColorRole.HighlightedText if is_chosen else QPalette.ColorRole.Text
        painter.setPen(palette.color(role))
        painter.setFont(view.font)
        metrics, half = view.fontMetrics, text.height() // 2
        upper = QRect(text.left(), text.top(), text.width(), half)
        lower = QRect(text.left(), text.top() + half, text.width(), half)
        elided = metrics.elidedText(item.kind.words, Qt.TextElideMode.ElideRight, upper.width())
        painter.drawText(upper, Qt.AlignmentFlag.AlignVCenter, elided)
        self._paint_state(painter, item, lower, is_chosen, palette)
        painter.restore()

    def _paint_state(
        self, painter: QPainter, item: Item, lower: QRect, is_chosen: bool, palette: QPalette
    ) -> None:
        small = QFont(painter.font())
        small.setPointSizeF(max(6.0, small.pointSizeF() * 0.9))
        painter.setFont(small)
        metrics = painter.fontMetrics()
        said = "" if item.decision is None else state_words(item).capitalize()
        width = metrics.horizontalAdvance(said) + 12 if said else 0
        if item.decision is not None:
            chip = QRect(lower.right() - width, lower.top() + 1, width, lower.height() - 1)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(STATE_COLOURS[item.decision.verdict])
            painter.drawRoundedRect(chip, 4, 4)
            painter.setPen(QColor("white"))
            painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, said)
        role = QPalette.ColorRole.HighlightedText if is_chosen else QPalette.ColorRole.Text
        colour = palette.color(role)
        colour.setAlphaF(0.75)
        painter.setPen(colour)
        room = lower.adjusted(0, 0, -width - 4, 0)
        facts = metrics.elidedText(
            self._model.facts(item), Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, facts)
