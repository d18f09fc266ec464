"""The bar over a view: what it shows, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QStyle,
    QStyleOptionToolButton,
    QStylePainter,
    QToolButton,
    QWidget,
)

from slideviewer.ui.elided_label import ElidedLabel

ACCENT_WIDTH = 2
"""Screen pixels of the line that marks the active view."""


class TitleBar(QFrame):
    """Names the slide; the line under it says which view is the active one."""

    pressed = Signal()  # this view is meant
    other_wanted = Signal()  # show another slide here
    session_wanted = Signal()  # show the session's slide here
    close_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_active = False
        self.name = ElidedLabel()
        menu = QMenu(self)
        menu.addAction("Show &another slide here…").triggered.connect(self.other_wanted)
        self.show_session = menu.addAction("Show the &session's slide")
        self.show_session.triggered.connect(self.session_wanted)
        self.menu_button = flat_button("⋮", "What this view shows", MenuButton)
        self.menu_button.setMenu(menu)
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.close_button = flat_button("✕", "Close this view")
        self.close_button.clicked.connect(self.close_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 4, ACCENT_WIDTH)
        row.setSpacing(0)
        row.addWidget(self.name, 1)
        row.addWidget(self.menu_button)
        row.addWidget(self.close_button)

    @property
    def is_active(self) -> bool:
        """Whether it is marked as the view that commands and panels mean."""
        return self._is_active

    def set_active(self, is_active: bool) -> None:
        """Mark it, or no longer."""
        self._is_active = is_active
        font = self.name.font()
        font.setBold(is_active)
        self.name.setFont(font)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._is_active:
            line = self.rect()
            line.setTop(line.bottom() + 1 - ACCENT_WIDTH)
            QPainter(self).fillRect(line, self.palette().color(QPalette.ColorRole.Accent))


class MenuButton(QToolButton):
    """Opens a menu, without the arrow that would say so a second time."""

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        option.features &= ~QStyleOptionToolButton.ToolButtonFeature.HasMenu
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option)


def flat_button(text: str, tip: str, kind: type[QToolButton] = QToolButton) -> QToolButton:
    """A button of a sign without a frame; the tip says what it does, to a screen reader, too."""
    made = kind()
    made.setText(text)
    made.setAutoRaise(True)
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    return made
