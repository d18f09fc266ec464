"""Notices that slide in over the canvas and ask for nothing that cannot wait."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QChildEvent, QEvent, QObject, QRect, Qt, QTimer
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

SECONDS_SHOWN = 8
"""How long a notice without a choice stays; problems stay until they are closed."""

MARGIN = 12
WIDTH, LEAST_WIDTH = 560, 280


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
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        label = QLabel(text)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(label, 1)
        self.button: QPushButton | None = None
        if action is not None:
            self.button = QPushButton(action[0])
            self.button.clicked.connect(action[1])
            self.button.clicked.connect(self.close_for_good)
            row.addWidget(self.button)
        close = QToolButton()
        close.setText("✕")
        close.setAutoRaise(True)
        close.setToolTip("Close this notice")
        close.setAccessibleName("Close this notice")
        close.clicked.connect(self.close_for_good)
        row.addWidget(close)

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
        """Show something worth knowing, for a few seconds."""
        notice = self._add(Notice(text, self))
        QTimer.singleShot(SECONDS_SHOWN * 1000, notice, notice.close_for_good)

    def warn(self, text: str, action: tuple[str, Callable[[], None]] | None = None) -> None:
        """Show a problem, perhaps with a way out; it stays until it is closed."""
        if text not in self.texts:
            self._add(Notice(text, self, action))

    def offer(self, text: str, action: str, act: Callable[[], None]) -> None:
        """Show a problem with a way out, in place of the same problem without one."""
        for notice in self.notices:
            if notice.text == text:
                notice.close_for_good()
        self.warn(text, (action, act))

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
        height = self._column.heightForWidth(width) if self._column.hasHeightForWidth() else -1
        self.resize(width, height if height > 0 else self._column.sizeHint().height())
        x = max(0, room.left() + (room.width() - width) // 2)
        self.move(x, room.top() + MARGIN)
