"""Opens the guide at the page that is wanted, runs the tour, and says what the program is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QWidget

from slideviewer.ui import keys, settings
from slideviewer.ui.canvas import Canvas
from slideviewer.ui.help.about import show_about
from slideviewer.ui.help.guide import Guide
from slideviewer.ui.help.tour import Tour
from slideviewer.ui.views.grid import ViewGrid

Place = tuple[str, str]
"""A page of the guide and a heading on it."""

START: Place = ("first-steps", "")

DOCK_PAGES: Mapping[str, Place] = {
    "Slides": ("opening", "the-slides-of-a-folder"),
    "Annotations": ("annotations", ""),
    "Groups": ("groups", ""),
    "History": ("annotations", "history"),
    "Layers": ("prediction", "what-is-shown"),
    "Predictions": ("prediction", "several-slides"),
    "Review": ("reviewing", ""),
    "Metrics": ("metrics", ""),
    "Training": ("training-panel", ""),
    "Adjust": ("looking", "brightness-and-colours"),
    "Bookmarks": ("looking", "bookmarks"),
}
"""What the guide says of a dock, by its name."""

TOOL_PAGES: Mapping[str, Place] = {
    "select": ("annotations", "correcting"),
    "dot": ("annotations", "drawing"),
    "rectangle": ("annotations", "drawing"),
    "polygon": ("annotations", "drawing"),
    "spline": ("annotations", "drawing"),
    "point_set": ("annotations", "drawing"),
    "measurement": ("annotations", "drawing"),
    "brush": ("geometry", "brush-and-eraser"),
    "eraser": ("geometry", "brush-and-eraser"),
    "wand": ("geometry", "wand"),
    "cut": ("geometry", "cut-line"),
    "ruler": ("looking", "measuring"),
}
"""What it says of a tool in the hand, by the tool's action."""


class HelpControl(QObject):
    """The Help menu's guide, tour and dialog.

    Parameters
    ----------
    window : QMainWindow
        Its actions and docks are found by their object names.
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._guide: Guide | None = None
        self._tour: Tour | None = None
        self._actions: list[QAction] = []  # those that can have keys, once the guide was opened
        self._keys: list[list[QKeySequence]] = []  # which they have, as the guide names them
        self._look_at_keys = QTimer(self, singleShot=True, interval=0)
        self._look_at_keys.timeout.connect(self._show_keys)

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {
            "user_guide": self.show_guide,
            "tour": self.start_tour,
            "about": partial(show_about, self._window),
        }

    @property
    def guide(self) -> Guide | None:
        """The guide's window, once it was opened."""
        return self._guide

    @property
    def tour(self) -> Tour | None:
        """The tour, while it runs."""
        return self._tour

    def show_guide(self, place: Place | None = None) -> None:
        """Open the guide at a place, or at what it says of what the user is doing."""
        wanted = place or self._context()
        if self._guide is None:
            self._guide = Guide()
            self._watch_keys()
        self._guide.show()  # first, so that the page finds the room that it is to fill
        if wanted is not None:
            self._guide.show_page(*wanted)
        elif not self._guide.page:
            self._guide.show_page(*START)
        self._guide.raise_()
        self._guide.activateWindow()

    def start_tour(self) -> None:
        """Begin the tour, or begin it again."""
        settings.write(settings.TOUR_SEEN, True)
        if self._tour is not None:
            self._tour.end()
        self._tour = Tour(self._window)
        self._tour.ended.connect(self._forget_tour)

    def start_first_tour(self) -> None:
        """Begin the tour, unless this user has seen it begin before."""
        if not settings.read(settings.TOUR_SEEN):
            self.start_tour()

    def close(self) -> None:
        """Close the guide: the main window is about to go."""
        if self._guide is not None:
            self._guide.close()

    def _forget_tour(self) -> None:
        self._tour = None
        views = self._window.findChild(ViewGrid)
        if views is not None:
            views.active.canvas.setFocus()

    def _watch_keys(self) -> None:
        found = (self._window.findChild(QAction, name) for name in keys.SPECS)
        self._actions = [action for action in found if action is not None]
        self._keys = self._keys_of_now()
        for action in self._actions:
            action.changed.connect(self._look_at_keys.start)  # also when it is only switched off

    def _show_keys(self) -> None:
        """Let the open guide name the keys that actions have now, if they are others."""
        now = self._keys_of_now()
        if self._guide is not None and now != self._keys:
            self._keys = now
            self._guide.browser.show_anew()

    def _keys_of_now(self) -> list[list[QKeySequence]]:
        return [action.shortcuts() for action in self._actions]

    def _context(self) -> Place | None:
        """What the guide says of the dock or the tool under the focus, if anything."""
        focused: QWidget | None = QApplication.focusWidget()
        while focused is not None and focused is not self._window:
            if isinstance(focused, QDockWidget):
                return DOCK_PAGES.get(focused.objectName())
            if isinstance(focused, Canvas):
                return self._tool_page()
            focused = focused.parentWidget()
        return None

    def _tool_page(self) -> Place | None:
        for name, place in TOOL_PAGES.items():
            action = self._window.findChild(QAction, name)
            if action is not None and action.isChecked():
                return place
        return None
