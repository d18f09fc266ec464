"""The menu and the tiles of the slides opened last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QGridLayout,
    QLabel,
    QMenu,
    QProxyStyle,
    QStyle,
    QStyleOption,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer.ui.recent import Recent, RecentSlide, names_of, tips_of
from slideviewer.ui.thumbnail_store import Thumbnail
from slideviewer.ui.thumbnails import Thumbnails, icon_of

MENU_ICON = QSize(48, 36)
TILE_ICON = QSize(128, 96)
TILE = QSize(148, 136)
"""Screen pixels of a picture in the menu, of one on the empty canvas, and of its button."""

MENU_RATIO = 2.0
"""A menu does not know its screen before it is shown: fine enough for most."""

GONE = "not there now"

OpenRecent = Callable[[RecentSlide], None]


class LargeIcons(QProxyStyle):
    """The usual style, with room for pictures in a menu."""

    def pixelMetric(
        self,
        metric: QStyle.PixelMetric,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
    ) -> int:
        if metric == QStyle.PixelMetric.PM_SmallIconSize:
            return MENU_ICON.width()
        return super().pixelMetric(metric, option, widget)


class RecentMenu(QObject):
    """Fills the menu of recent slides; pictures, and what is gone, follow as they are found."""

    def __init__(
        self,
        recent: Recent,
        thumbnails: Thumbnails,
        open_recent: OpenRecent,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._recent, self._thumbnails, self._open = recent, thumbnails, open_recent
        self._actions: dict[Path, QAction] = {}
        self._names: dict[Path, str] = {}
        self._tips: dict[Path, str] = {}
        self._style = LargeIcons("Fusion")
        self._style.setParent(self)
        thumbnails.ready.connect(self._show)

    def fill(self, menu: QMenu) -> None:
        """Make the entries anew; called each time before the menu is shown."""
        menu.clear()
        menu.setStyle(self._style)
        menu.setToolTipsVisible(True)
        entries = self._recent.entries()
        self._actions, self._names, self._tips = {}, names_of(entries), tips_of(entries)
        if not entries:
            menu.addAction("No slide was opened yet").setEnabled(False)
            return
        for entry in entries:
            action = menu.addAction("")
            action.triggered.connect(_opening(self._open, entry))
            self._actions[entry.slide] = action
            self._show(self._thumbnails.get(entry.slide) or Thumbnail(entry.slide, None))
        menu.addSeparator()
        menu.addAction("&Clear list", self._recent.clear)
        self._thumbnails.want("menu", list(self._actions), again=True)

    def _show(self, thumbnail: Thumbnail) -> None:
        action = self._actions.get(thumbnail.path)
        if action is not None:
            name = self._names[thumbnail.path].replace("&", "&&")
            action.setText(f"{name} – {GONE}" if thumbnail.is_missing else name)
            action.setToolTip(_tip(self._tips[thumbnail.path], thumbnail))
            colour = QApplication.palette().text().color()
            action.setIcon(icon_of(thumbnail, MENU_ICON, MENU_RATIO, colour))
            action.setEnabled(not thumbnail.is_missing)


class RecentTiles(QWidget):
    """The slides opened last as buttons with pictures, as many as there is room for."""

    def __init__(
        self,
        recent: Recent,
        thumbnails: Thumbnails,
        open_recent: OpenRecent,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._recent, self._thumbnails, self._open = recent, thumbnails, open_recent
        self._columns, self._rows = 1, 1
        self._names: dict[Path, str] = {}
        self._tips: dict[Path, str] = {}
        self.buttons: dict[Path, QToolButton] = {}
        self._grid = QGridLayout()
        self._grid.setSpacing(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(QLabel("Opened last"))
        column.addLayout(self._grid)
        recent.changed.connect(self._fill)
        thumbnails.ready.connect(self._show)
        self._fill()

    def set_room(self, width: int, height: int) -> None:
        """Show as many as fit into so many screen pixels."""
        height -= self.fontMetrics().height() + self._grid.spacing()  # the words above
        spacing = self._grid.spacing()
        columns = max(1, (width + spacing) // (TILE.width() + spacing))
        rows = max(0, (height + spacing) // (TILE.height() + spacing))
        if (columns, rows) != (self._columns, self._rows):
            self._columns, self._rows = columns, rows
            self._fill()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._look()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            for path in self.buttons:
                self._show(self._thumbnails.get(path) or Thumbnail(path, None))

    def _fill(self) -> None:
        for button in self.buttons.values():
            self._grid.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = {}
        entries = self._recent.entries()
        self._names, self._tips = names_of(entries), tips_of(entries)
        for i, entry in enumerate(entries[: self._columns * self._rows]):
            button = QToolButton()
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setAutoRaise(True)
            button.setIconSize(TILE_ICON)
            button.setFixedSize(TILE)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.clicked.connect(_opening(self._open, entry))
            self._grid.addWidget(button, i // self._columns, i % self._columns)
            self.buttons[entry.slide] = button
            self._show(self._thumbnails.get(entry.slide) or Thumbnail(entry.slide, None))
        self.setVisible(bool(self.buttons))
        self._look()

    def _look(self) -> None:
        """Ask for the pictures, and whether the slides are there."""
        if self.isVisible():
            self._thumbnails.want("tiles", list(self.buttons), again=True)

    def _show(self, thumbnail: Thumbnail) -> None:
        button = self.buttons.get(thumbnail.path)
        if button is None:
            return
        name = self._names[thumbnail.path]
        room = TILE.width() - 12
        elided = button.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, room)
        shown = f"{elided}\n{GONE}" if thumbnail.is_missing else elided
        button.setText(shown.replace("&", "&&"))
        button.setAccessibleName(f"{name}, {GONE}" if thumbnail.is_missing else f"Open {name}")
        button.setToolTip(_tip(self._tips[thumbnail.path], thumbnail))
        ratio, colour = self.devicePixelRatioF(), self.palette().buttonText().color()
        button.setIcon(icon_of(thumbnail, TILE_ICON, ratio, colour))
        button.setEnabled(not thumbnail.is_missing)


def _tip(words: str, thumbnail: Thumbnail) -> str:
    """A plain-text tooltip: where the slide is, and why it has no picture."""
    return f"{words}\n\n{thumbnail.problem}" if thumbnail.problem else words


def _opening(open_recent: OpenRecent, entry: RecentSlide) -> Callable[[], None]:
    def open_it() -> None:
        open_recent(entry)

    return open_it
