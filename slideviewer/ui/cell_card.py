"""What the model says of one place, beside it, for whoever clicks on it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QWidget

from slideviewer.geometry import Rect
from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.ui import colours
from slideviewer.ui.canvas import Canvas
from slideviewer.ui.layers.plates import INK, PADDING, PLATE, plate_font
from slideviewer.ui.predicted.overlay import Answer
from slideviewer.ui.predicted.predicted import Predicted
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.views.slide_view import SlideView

GAP = 8.0
"""Screen pixels between the place and the plate."""

TOOLS = ("pan", "select")
"""With others a click draws something."""


class CellCard(QWidget):
    """Lies over a canvas, frames a place and says what is known of it; lets the mouse through.

    Parameters
    ----------
    canvas : Canvas
    answer : Answer
    place : tuple of float
        What was asked about; level-0 pixels.
    spacing : Spacing or UnknownSpacing
    """

    def __init__(
        self,
        canvas: Canvas,
        answer: Answer,
        place: tuple[float, float],
        spacing: Spacing | UnknownSpacing,
    ) -> None:
        super().__init__(canvas)
        self._canvas, self.answer, self.place, self.spacing = canvas, answer, place, spacing
        self.lines = lines = answer.lines(spacing)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Prediction: " + ", ".join(lines))
        self.setGeometry(canvas.rect())
        canvas.viewpoint_changed.connect(self._follow)
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        view = self._canvas.viewpoint
        frame = QPolygonF([QPointF(*view.to_screen(x, y)) for x, y in self.answer.outline.tolist()])
        for colour, width in ((PLATE, 4.0), (colours.PREDICTION, 2.0)):  # seen on any tissue
            painter.setPen(QPen(colour, width))
            painter.drawPolygon(frame)
        font = plate_font(painter)
        metrics = QFontMetricsF(font)
        across = max(metrics.horizontalAdvance(line) for line in self.lines) + 4 * PADDING
        down = len(self.lines) * metrics.lineSpacing() + 2 * PADDING
        box = frame.boundingRect()
        left = box.right() + GAP
        if left + across > self.width():
            left = max(0.0, box.left() - GAP - across)
        top = min(max(box.top(), 0.0), max(0.0, self.height() - down))
        plate = QRectF(min(left, max(0.0, self.width() - across)), top, across, down)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(PLATE)
        painter.drawRoundedRect(plate, 3, 3)
        painter.setPen(INK)
        painter.setFont(font)
        inside = plate.adjusted(2 * PADDING, PADDING, -2 * PADDING, -PADDING)
        painter.drawText(inside, Qt.AlignmentFlag.AlignLeft, "\n".join(self.lines))

    def _follow(self) -> None:
        self.setGeometry(self._canvas.rect())
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.update()


class CellCards(QObject):
    """Shows the card of the place that was clicked, until another one is."""

    def __init__(self, session: Session, views: ViewGrid, predicted: Predicted) -> None:
        super().__init__(views)
        self._session, self._predicted = session, predicted
        self.card: CellCard | None = None
        views.clicked.connect(self._on_click)
        views.slide_changed.connect(self.hide)
        views.tools.hint_changed.connect(lambda _: self.hide())  # another tool
        views.views_changed.connect(self.hide)
        predicted.changed.connect(self._refresh)

    def hide(self) -> None:
        """Show none."""
        if self.card is not None:
            self.card.hide()
            self.card.deleteLater()
            self.card = None

    def _on_click(self, view: SlideView, x: float, y: float) -> None:
        """Show what is known of it, unless an annotation was meant, or the prediction is hidden."""
        before = self.card.answer.outline if self.card is not None else None
        self.hide()
        tool = view.canvas.tool.name
        has_selected = tool == "select" and bool(self._session.selection.ids)
        is_meant = tool in TOOLS and not has_selected and view.shows_session and view.cells.is_shown
        answer = self._predicted.shown.answer_at(x, y) if is_meant else None
        if answer is None:
            return
        if before is not None and np.array_equal(answer.outline, before):
            return  # a second click takes it away
        slide = view.slide
        spacing = slide.spacing if slide is not None else UnknownSpacing("no slide is open")
        self.card = CellCard(view.canvas, answer, (x, y), spacing)

    def _refresh(self, part: Rect | None) -> None:
        """Follow a prediction that grows or goes."""
        card = self.card
        if card is None or (part is not None and not part.contains(*card.place)):
            return
        answer = self._predicted.shown.answer_at(*card.place)
        if answer is None or answer.lines(card.spacing) != card.lines:
            self.hide()
