"""The panels around the canvas: where they stand, come back, and hide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QSettings, QSignalBlocker, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QDockWidget,
    QMainWindow,
    QMenu,
    QTabBar,
    QTabWidget,
    QWidget,
)

from slideviewer.ui.icons import icon

LEFT, RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
FIRST_WIDTH = 300

BUTTONS = {
    "qt_dockwidget_floatbutton": ("dock-window", "Out of the window, or back"),
    "qt_dockwidget_closebutton": ("close", "Close this panel"),
}
"""Icon and words of the buttons in a dock's title, by the names that Qt gives them."""


@dataclass(frozen=True)
class Panel:
    """A panel and where it stands at first.

    Attributes
    ----------
    title : str
        Also the name by which its place is kept.
    widget : QWidget
    area : Qt.DockWidgetArea
    is_in_front : bool
        Whether it is the one of its area's tabs that shows at first.
    is_shown : bool
        Whether it is there at first at all.
    """

    title: str
    widget: QWidget
    area: Qt.DockWidgetArea
    is_in_front: bool = False
    is_shown: bool = True


class Docks:
    """The docks of a window, those of one side as tabs."""

    def __init__(self, window: QMainWindow, panels: Sequence[Panel]) -> None:
        self._window = window
        self._docks: dict[str, QDockWidget] = {}
        self._hidden: list[QWidget] = []
        self._in_front: list[str] = []  # among the hidden
        last: dict[Qt.DockWidgetArea, QDockWidget] = {}
        # First: tabs that were made at another side would stay there as well.
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        for panel in panels:
            dock = QDockWidget(panel.title, window)
            dock.setObjectName(panel.title)
            dock.setWidget(panel.widget)
            window.addDockWidget(panel.area, dock)
            if panel.area in last:
                window.tabifyDockWidget(last[panel.area], dock)
            last[panel.area] = self._docks[panel.title] = dock
        for panel in panels:
            self._docks[panel.title].setVisible(panel.is_shown)
            if panel.is_in_front:
                self._docks[panel.title].raise_()
        in_front = [self._docks[panel.title] for panel in panels if panel.is_in_front]
        window.resizeDocks(in_front, [FIRST_WIDTH] * len(in_front), Qt.Orientation.Horizontal)
        self.dress()
        self._hide_leftover_tabs()

    def __getitem__(self, title: str) -> QDockWidget:
        """One panel's dock."""
        return self._docks[title]

    def dress(self) -> None:
        """Give the buttons of the titles icons in the colours of the present palette.

        Those of the style are dark in a dark window, too.
        """
        for dock in self._docks.values():
            for name, (icon_name, words) in BUTTONS.items():
                button = dock.findChild(QAbstractButton, name)
                if button is not None:
                    button.setIcon(icon(icon_name))
                    button.setToolTip(words)
                    button.setAccessibleName(f"{words}: {dock.windowTitle()}")

    def toggle(self, title: str) -> QAction:
        """The action that shows and hides a panel."""
        return self._docks[title].toggleViewAction()

    def mark(self, title: str, action: QAction) -> None:
        """Let an action of another name say whether a panel is there, and do nothing by that."""
        toggle = self.toggle(title)

        def show(shown: bool) -> None:
            with QSignalBlocker(action):
                action.setChecked(shown)

        toggle.toggled.connect(show)
        show(toggle.isChecked())

    def list_in(self, menu: QMenu) -> None:
        """Let a menu show and hide each panel, in their order."""
        for dock in self._docks.values():
            menu.addAction(dock.toggleViewAction())

    def show(self, title: str, shown: bool = True) -> None:
        """Show a panel, in front of its neighbours, or hide it."""
        self._docks[title].setVisible(shown)
        if shown:
            self._docks[title].raise_()

    def hide_with(self, others: Sequence[QWidget], hidden: bool) -> None:
        """Hide all panels and these other parts, and bring back just those that were there."""
        if hidden:
            parts = [*others, *self._docks.values()]
            self._hidden = [part for part in parts if part.isVisible()]
            self._in_front = self._titles_in_front()
        for part in self._hidden:
            part.setVisible(not hidden)
        if not hidden:
            for title in self._in_front:
                self._docks[title].raise_()

    def restore(self) -> None:
        """Put everything where it was when the window was closed last."""
        settings = QSettings()
        restorers = (
            ("geometry", self._window.restoreGeometry),
            ("docks", self._window.restoreState),
        )
        for key, restore in restorers:
            value = settings.value(key)
            if isinstance(value, QByteArray):  # a damaged settings file holds anything
                restore(value)
        self._hide_leftover_tabs()

    def keep(self) -> None:
        """Remember where everything is."""
        QSettings().setValue("geometry", self._window.saveGeometry())
        QSettings().setValue("docks", self._window.saveState())

    def _hide_leftover_tabs(self) -> None:
        """Hide what Qt 6.11 leaves of tabs made in a hidden window with tabs at both sides.

        It makes a second bar for the same docks and forgets the first one, which would be shown
        with the window, somewhere on it. The last one made is the one that counts.
        """
        met: set[str] = set()
        for bar in reversed(self._tab_bars()):
            titles = {bar.tabText(index) for index in range(bar.count())}
            if titles & met:
                bar.hide()
            met |= titles

    def _titles_in_front(self) -> list[str]:
        shown = [bar for bar in self._tab_bars() if bar.isVisible() and bar.count()]
        return [bar.tabText(bar.currentIndex()) for bar in shown]

    def _tab_bars(self) -> list[QTabBar]:
        direct = Qt.FindChildOption.FindDirectChildrenOnly
        return list(self._window.findChildren(QTabBar, options=direct))
