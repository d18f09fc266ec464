"""What the empty canvas says."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QBoxLayout, QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from slideviewer.ui.recent_menu import RecentTiles

SIDE, TOP = 32, 24
"""Screen pixels between the frame and what stands in it."""


class Welcome(QFrame):
    """Says how to open a slide, while there is none; sits in the middle of the canvas."""

    def __init__(
        self,
        over: QWidget,
        actions: Mapping[str, QAction],
        open_demo: Callable[[], None],
        recent: RecentTiles,
    ) -> None:
        super().__init__(over)
        self._over, self._recent = over, recent
        self.setAutoFillBackground(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        words = QLabel("<b>Drop a slide here</b>")
        more = QLabel("or a folder of slides, or an annotation file.")
        self.buttons = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self.buttons.setSpacing(8)
        for name in ("open_slide", "open_folder"):
            self.buttons.addWidget(_ActionButton(actions[name]))
        demo = QPushButton("Open the demo slide")
        demo.setToolTip("A made slide with markup, drawn by the program")
        demo.clicked.connect(open_demo)
        self.buttons.addWidget(demo)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(SIDE, TOP, SIDE, TOP)
        column.setSpacing(12)
        for widget in (words, more):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(self.buttons)
        column.addWidget(recent, 0, Qt.AlignmentFlag.AlignHCenter)
        over.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Show):
            self._place()
        return handled

    def _place(self) -> None:
        over = self._over
        self._stand_buttons(over.width() - 2 * SIDE)
        without = self._column.sizeHint().height() - (
            self._recent.sizeHint().height() if self._recent.isVisibleTo(self) else 0
        )
        self._recent.set_room(over.width() - 4 * SIDE, over.height() - without - 2 * TOP)
        self.adjustSize()
        self.move((over.width() - self.width()) // 2, (over.height() - self.height()) // 2)

    def _stand_buttons(self, room: int) -> None:
        """Put the buttons side by side where there is room for that, else one below the other."""
        buttons = self.findChildren(QPushButton, options=Qt.FindChildOption.FindDirectChildrenOnly)
        needed = sum(button.sizeHint().width() for button in buttons)
        needed += self.buttons.spacing() * (len(buttons) - 1)
        directions = QBoxLayout.Direction
        wanted = directions.LeftToRight if needed <= room else directions.TopToBottom
        if self.buttons.direction() != wanted:
            self.buttons.setDirection(wanted)


class _ActionButton(QPushButton):
    """A button that does what an action does, and says its key as it is bound now."""

    def __init__(self, action: QAction) -> None:
        super().__init__()
        self._action = action
        self.clicked.connect(action.trigger)
        action.changed.connect(self._show_action)
        self._show_action()

    def _show_action(self) -> None:
        key = self._action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        words = self._action.text()
        self.setText(f"{words}  ({key})" if key else words)
        self.setToolTip(self._action.toolTip())
        self.setEnabled(self._action.isEnabled())
