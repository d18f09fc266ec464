"""The tour of the window: a callout at each place, the rest dimmed, nothing locked."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer.ui.help.pages import filled_in
from slideviewer.ui.help.tour_steps import STEPS

DIM = QColor(0, 0, 0, 130)
RING = QColor("white")
ROUNDING = 6
GAP = 12
"""Screen pixels between a place and its callout, and between the callout and the window's edge."""

WIDTH = 340
LONG_WAIT_MS = 250
"""The places are looked at this often: a slide may open, or a dock close, during the tour."""


class _Button(QPushButton):
    """Leaves the arrows to the callout; a usual button would give the focus away at them."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            event.ignore()
        else:
            super().keyPressEvent(event)


class Callout(QFrame):
    """Says what there is at a place; goes on and back by buttons, arrows, Enter and Esc."""

    moved = Signal(int)  # so many steps on, or back
    skipped = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName("Tour")
        self.title, self.text, self.count = QLabel(), QLabel(), QLabel()
        font = self.title.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self.title.setFont(font)
        self.text.setTextFormat(Qt.TextFormat.MarkdownText)
        self.text.setWordWrap(True)
        self.skip, self.back, self.next = (_Button(words) for words in ("Skip", "Back", "Next"))
        self.skip.setToolTip("End the tour (Esc); it is in the Help menu")
        self.back.setToolTip("Left arrow")
        self.next.setToolTip("Right arrow, or Enter")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.count)
        row.addStretch(1)
        for button in (self.skip, self.back, self.next):
            button.setAutoDefault(True)
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addWidget(self.title)
        column.addWidget(self.text, 1)
        column.addLayout(row)
        self.skip.clicked.connect(self.skipped)
        self.back.clicked.connect(lambda: self.moved.emit(-1))
        self.next.clicked.connect(lambda: self.moved.emit(1))

    def show_step(self, number: int) -> None:
        """Say what a step says."""
        step = STEPS[number]
        self.title.setText(step.title)
        self.text.setText(filled_in(step.text))
        self.count.setText(f"{number + 1} of {len(STEPS)}")
        self.count.setAccessibleName(f"Step {self.count.text()}")
        self.back.setEnabled(number > 0)
        is_last = number == len(STEPS) - 1
        self.next.setText("Done" if is_last else "Next")
        self.skip.setVisible(not is_last)
        self.setAccessibleDescription(f"{step.title}. {self.text.text()}")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = Qt.Key
        if event.key() == keys.Key_Escape:
            self.skipped.emit()
        elif event.key() in (keys.Key_Right, keys.Key_Return, keys.Key_Enter):
            self.moved.emit(1)
        elif event.key() == keys.Key_Left:
            self.moved.emit(-1)
        else:
            super().keyPressEvent(event)


class Tour(QWidget):
    """Lies over the window without catching the mouse: everything can be used meanwhile."""

    ended = Signal()  # by its last step, or before

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._number = 0
        self._lit = QRect()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.callout = Callout(window)
        self.callout.moved.connect(self._move)
        self.callout.skipped.connect(self.end)
        self._look_again = QTimer(self, interval=LONG_WAIT_MS)
        self._look_again.timeout.connect(self._place)
        window.installEventFilter(self)
        self.show_step(0)
        self.show()
        self.callout.show()
        self.callout.next.setFocus()
        self._look_again.start()

    @property
    def number(self) -> int:
        """Which step is shown, counted from 0."""
        return self._number

    @property
    def lit(self) -> QRect:
        """What is not dimmed, in pixels of the window; empty where the place is not to be seen."""
        return self._lit

    def show_step(self, number: int) -> None:
        """Go to a step."""
        self._number = number
        self.callout.show_step(number)
        self._place()

    def end(self) -> None:
        """Take the tour away."""
        self._look_again.stop()
        self._window.removeEventFilter(self)
        for widget in (self, self.callout):
            widget.hide()
            widget.deleteLater()
        self.ended.emit()

    def _move(self, by: int) -> None:
        number = self._number + by
        if number >= len(STEPS):
            self.end()
        elif number >= 0:
            self.show_step(number)
            if not self.callout.back.isEnabled():
                self.callout.next.setFocus()

    def _place(self) -> None:
        window = self._window
        lit = QRect()
        for widget in STEPS[self._number].places(window):
            lit |= _seen(widget, window)
        self.setGeometry(window.rect())
        if lit != self._lit:
            self._lit = lit
            self.update()
        callout = self.callout
        width = min(WIDTH, window.width() - 2 * GAP)
        layout = callout.layout()
        assert layout is not None
        callout.resize(width, max(layout.totalHeightForWidth(width), callout.minimumHeight()))
        callout.move(place_beside(self._lit, callout.size(), window.size()))
        beside = [child for child in window.children() if child.isWidgetType()]
        if beside[-2:] != [self, callout]:  # each raising paints all that lies below anew
            self.raise_()
            callout.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dimmed = QPainterPath()
        dimmed.addRect(self.rect())
        if not self._lit.isEmpty():
            hole = QPainterPath()
            hole.addRoundedRect(self._lit.adjusted(1, 1, -1, -1), ROUNDING, ROUNDING)
            painter.fillPath(dimmed - hole, DIM)
            painter.strokePath(hole, QPen(RING, 2))
        else:
            painter.fillPath(dimmed, DIM)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._place()
        return False


def _seen(widget: QWidget, window: QWidget) -> QRect:
    """What is to be seen of a widget, in pixels of its window: its parents may cut it off."""
    seen = window.rect()
    part: QWidget | None = widget
    while part is not None and part is not window:
        seen &= QRect(part.mapTo(window, QPoint(0, 0)), part.size())
        part = part.parentWidget()
    return seen


def place_beside(lit: QRect, size: QSize, window: QSize) -> QPoint:
    """Where a callout stands: below, right, left of or above a place, else in the middle of it.

    Parameters
    ----------
    lit : QRect
        The place, in pixels of the window; empty for none.
    size, window : QSize
        Of the callout and of the window.

    Returns
    -------
    QPoint
        The callout's top left corner; all of it is inside the window if it fits at all.
    """
    inside = QRect(QPoint(0, 0), window).adjusted(GAP, GAP, -GAP, -GAP)
    middle = lit.center() if not lit.isEmpty() else inside.center()
    across, down = middle.x() - size.width() // 2, middle.y() - size.height() // 2
    choices = [
        QPoint(across, lit.bottom() + GAP),
        QPoint(lit.right() + GAP, down),
        QPoint(lit.left() - GAP - size.width(), down),
        QPoint(across, lit.top() - GAP - size.height()),
    ]
    for corner in choices if not lit.isEmpty() else []:
        kept = _kept_inside(corner, size, inside)
        if not QRect(kept, size).intersects(lit):
            return kept
    return _kept_inside(QPoint(across, down), size, inside)


def _kept_inside(corner: QPoint, size: QSize, inside: QRect) -> QPoint:
    x = min(max(corner.x(), inside.left()), max(inside.left(), inside.right() - size.width()))
    y = min(max(corner.y(), inside.top()), max(inside.top(), inside.bottom() - size.height()))
    return QPoint(x, y)
