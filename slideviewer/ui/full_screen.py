"""The whole screen for the window, and back."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QMainWindow

from slideviewer.ui.views.grid import ViewGrid


class FullScreen(QObject):
    """F11 fills the screen; Esc leaves it, unless a tool has something to drop first.

    Parameters
    ----------
    window : QMainWindow
    views : ViewGrid
    """

    def __init__(self, window: QMainWindow, views: ViewGrid) -> None:
        super().__init__(window)
        self._window, self._views = window, views
        self._action: QAction | None = None
        self._escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), window)
        self._escape.setEnabled(False)
        self._escape.activated.connect(self._on_escape)
        window.installEventFilter(self)

    def attach(self, action: QAction) -> None:
        """Keep the action's mark in step, whoever fills the screen."""
        self._action = action

    def fill(self, filled: bool) -> None:
        """Take all of the screen, or give it back."""
        if filled != self._window.isFullScreen():
            self._window.setWindowState(
                self._window.windowState() ^ Qt.WindowState.WindowFullScreen
            )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.WindowStateChange:
            is_filled = self._window.isFullScreen()
            self._escape.setEnabled(is_filled)
            if self._action is not None:
                self._action.setChecked(is_filled)
        return False

    def _on_escape(self) -> None:
        tool = self._views.active.canvas.tool
        if tool.is_busy:
            tool.escape()
        else:
            self.fill(False)
