"""Finding the next slide to look at: the folder's, the ones opened last, and their pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction

from slideviewer import paths
from slideviewer.ui.files import Files
from slideviewer.ui.palette_entries import Entry
from slideviewer.ui.panels.tray import SlideTray
from slideviewer.ui.recent import names_of
from slideviewer.ui.recent_menu import RecentMenu, RecentTiles
from slideviewer.ui.session import Session
from slideviewer.ui.thumbnail_store import ThumbnailStore
from slideviewer.ui.thumbnails import Thumbnails
from slideviewer.ui.views.grid import ViewGrid


class Browsing(QObject):
    """Keeps the tray in step with what is open, and opens what is chosen in it.

    Parameters
    ----------
    session : Session
    files : Files
    views : ViewGrid
        Their tiles come before all small pictures.
    parent : QObject
    """

    tray_wanted = Signal()  # a folder was opened: the tray is what the user wants to see

    def __init__(self, session: Session, files: Files, views: ViewGrid, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._files, self._views = session, files, views
        store = ThumbnailStore(paths.cache_folder() / "thumbnails")
        self.thumbnails = Thumbnails(store, self._waits_for_tiles, self)
        self.tray = SlideTray(self.thumbnails)
        self.menu = RecentMenu(files.recent, self.thumbnails, files.open_recent, self)
        self.tiles = RecentTiles(files.recent, self.thumbnails, files.open_recent)
        self.tray.slide_wanted.connect(files.open_slide)
        self._steps: dict[int, QAction] = {}
        for signal in (self.tray.listed, self.tray.model.modelReset):
            signal.connect(self._show_steps)
        files.folder_wanted.connect(self.tray.show_folder)
        files.folder_wanted.connect(self.tray_wanted)
        session.slide_changed.connect(self._on_slide_changed)

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {
            "open_folder": self._files.ask_for_folder,
            "recent": self.menu.fill,
            "next_slide": lambda: self.tray.step(1),
            "previous_slide": lambda: self.tray.step(-1),
        }

    def attach(self, actions: Mapping[str, QAction]) -> None:
        """Enable the steps to other slides only where there is one."""
        self._steps = {1: actions["next_slide"], -1: actions["previous_slide"]}
        self._show_steps()

    @property
    def recent_entries(self) -> list[Entry]:
        """The slides opened last for the command palette, but those that are gone or open."""
        is_open = self._session.slide_path
        entries = self._files.recent.entries()
        names = names_of(entries)
        listed = []
        for entry in entries:
            known = self.thumbnails.get(entry.slide)
            if entry.slide != is_open and not (known is not None and known.is_missing):
                run = partial(self._files.open_recent, entry)
                listed.append(Entry(f"Open {names[entry.slide]}", "Opened last", "", run))
        return listed

    def close(self) -> None:
        """Begin nothing more."""
        self.thumbnails.close()

    def _waits_for_tiles(self) -> bool:
        return any(view.tiles.is_loading for view in self._views.views)

    def _on_slide_changed(self) -> None:
        self.tray.show_open(self._session.slide_path)
        self._show_steps()

    def _show_steps(self) -> None:
        for by, action in self._steps.items():
            action.setEnabled(self.tray.can_step(by))
