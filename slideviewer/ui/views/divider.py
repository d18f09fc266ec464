"""The line between the two slides of a swipe, which is dragged across them."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

WIDTH = 13
"""Screen pixels that can be caught with the mouse; the line itself is thinner."""

GRIP = QRectF(2, -14, 9, 28)
"""Screen pixels, about the middle of the line."""


class Divider(QWidget):
    """White with dark edges, so that it is seen on any tissue."""

    dragged = Signal(float)  # x in the parent's pixels where the middle is wanted

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._grasp: float | None = None  # from the middle of the line to the mouse
        self.setFixedWidth(WIDTH)
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip("Drag, or press Left and Right")
        self.setAccessibleName("Divider between the two slides")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._grasp = event.position().x() - WIDTH / 2

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grasp is not None:
            self.dragged.emit(self.mapToParent(event.position()).x() - self._grasp)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grasp = None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        middle = WIDTH // 2
        painter.fillRect(middle - 1, 0, 3, self.height(), QColor(40, 40, 40))
        painter.fillRect(middle, 0, 1, self.height(), QColor("white"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        grip = GRIP.translated(0, self.height() / 2)
        painter.setPen(QPen(QColor(40, 40, 40), 3 if self.hasFocus() else 1.5))
        painter.setBrush(QColor("white"))
        painter.drawRoundedRect(grip, 4, 4)
        painter.setPen(QPen(QColor(40, 40, 40), 1))
        for offset in (-5, 0, 5):
            y = grip.center().y() + offset
            painter.drawLine(QPointF(grip.left() + 2.5, y), QPointF(grip.right() - 2.5, y))
