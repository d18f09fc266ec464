"""Notices that slide in over the canvas and ask for nothing that cannot wait."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QChildEvent, QEvent, QObject, QRect, QSize, Qt, QTimer
from PySide6.QtGui import QTextOption, QWheelEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QPushButton,
    QSizePolicy,
    QTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

SECONDS_SHOWN = 8
"""How long a notice without a choice stays; problems stay until they are closed."""

MARGIN = 12
WIDTH, LEAST_WIDTH = 560, 160

NARROW = 400
"""In less width a notice's button stands below its words, which would have no room beside it."""


class Words(QTextEdit):
    """Words to read and to copy, broken anywhere if need be: paths and slides' names are long."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.setPlainText(text)
        self.setReadOnly(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def heightForWidth(self, width: int) -> int:
        measured = self.document().clone()
        measured.setDefaultTextOption(self.document().defaultTextOption())
        measured.setTextWidth(width)
        return math.ceil(measured.size().height())

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, self.heightForWidth(WIDTH))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.fontMetrics().lineSpacing())

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # there is nothing to scroll


class Notice(QFrame):
    """One message with an optional action."""

    def __init__(
        self, text: str, parent: QWidget, action: tuple[str, Callable[[], None]] | None = None
    ) -> None:
        super().__init__(parent)
        self.text = text
        self.setObjectName("notice")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(12, 8, 8, 8)
        self._grid.setColumnStretch(0, 1)
        self._grid.addWidget(Words(text), 0, 0, Qt.AlignmentFlag.AlignVCenter)
        self.button: QPushButton | None = None
        if action is not None:
            self.button = QPushButton(action[0])
            self.button.clicked.connect(action[1])
            self.button.clicked.connect(self.close_for_good)
            self._grid.addWidget(self.button, 0, 1)
        close = QToolButton()
        close.setText("✕")
        close.setAutoRaise(True)
        close.setToolTip("Close this notice")
        close.setAccessibleName("Close this notice")
        close.clicked.connect(self.close_for_good)
        self._grid.addWidget(close, 0, 2)

    def set_narrow(self, is_narrow: bool) -> None:
        """Put the button below the words, or beside them."""
        if self.button is not None:
            row, column, columns = (1, 0, 3) if is_narrow else (0, 1, 1)
            if self._grid.itemAtPosition(row, column) is None:
                self._grid.addWidget(self.button, row, column, 1, columns)

    def close_for_good(self) -> None:
        """Take it away."""
        self.hide()
        self.setParent(None)
        self.deleteLater()


class NoticeStack(QWidget):
    """The notices over a widget, top centre, the newest one lowest.

    Parameters
    ----------
    over : QWidget
    find_room : callable, optional
        Where on that widget they may stand, in its pixels; all of it where not given. Whoever
        gives it calls `place` when the room has become another.
    """

    def __init__(self, over: QWidget, find_room: Callable[[], QRect] | None = None) -> None:
        super().__init__(over)
        self._over = over
        self._find_room = find_room or over.rect
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        over.installEventFilter(self)
        self.hide()

    @property
    def texts(self) -> list[str]:
        """What is shown now."""
        return [notice.text for notice in self.notices]

    def tell(self, text: str) -> None:
        """Show something worth knowing, for a few seconds; said again, it stays on for as long."""
        self.withdraw(text)
        notice = self._add(Notice(text, self))
        QTimer.singleShot(SECONDS_SHOWN * 1000, notice, notice.close_for_good)

    def warn(self, text: str, action: tuple[str, Callable[[], None]] | None = None) -> None:
        """Show a problem, perhaps with a way out; it stays until it is closed."""
        if text not in self.texts:
            self._add(Notice(text, self, action))

    def offer(self, text: str, action: str, act: Callable[[], None]) -> None:
        """Show a problem with a way out, in place of the same problem without one."""
        self.withdraw(text)
        self.warn(text, (action, act))

    def withdraw(self, text: str) -> None:
        """Take a problem away that is none any more."""
        for notice in self.notices:
            if notice.text == text:
                notice.close_for_good()

    def clear(self) -> None:
        """Take all away."""
        for notice in self.notices:
            notice.close_for_good()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._over:
            self.place()
        return False

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self.place()
        return handled

    def childEvent(self, event: QChildEvent) -> None:
        super().childEvent(event)
        if event.type() == QEvent.Type.ChildRemoved:
            QTimer.singleShot(0, self, self.place)

    @property
    def notices(self) -> list[Notice]:
        """What is shown now, the oldest first."""
        return [child for child in self.children() if isinstance(child, Notice)]

    def _add(self, notice: Notice) -> Notice:
        self._column.addWidget(notice)
        notice.show()  # a hidden one has no height, and a layout shows it only later
        self.show()
        self.raise_()
        self.place()
        return notice

    def place(self) -> None:
        """Stand where there is room now."""
        if not self.notices:
            self.hide()
            return
        room = self._find_room()
        width = max(LEAST_WIDTH, min(WIDTH, room.width() - 2 * MARGIN))
        for notice in self.notices:
            notice.set_narrow(width < NARROW)
        height = self._column.heightForWidth(width) if self._column.hasHeightForWidth() else -1
        self.resize(width, height if height > 0 else self._column.sizeHint().height())
        x = max(0, room.left() + (room.width() - width) // 2)
        self.move(x, room.top() + MARGIN)
