"""All that helps in looking: what lies over the slide, what is remembered of it, what is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow

from slideviewer import paths
from slideviewer.ui.bookmarking import Bookmarking
from slideviewer.ui.bookmarks import BookmarkStore
from slideviewer.ui.full_screen import FullScreen
from slideviewer.ui.likelihood_maps import LikelihoodMaps
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.rulers import Rulers
from slideviewer.ui.running import Running
from slideviewer.ui.save_region import SaveRegion
from slideviewer.ui.session import Session
from slideviewer.ui.slide_windows import SlideWindows
from slideviewer.ui.snapshot import Snapshots
from slideviewer.ui.tiles.source import TileSources
from slideviewer.ui.tools.ruler import RulerTool
from slideviewer.ui.view_aids import ViewAids
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.views.slide_view import SlideView
from slideviewer.ui.visited import Visited
from slideviewer.ui.visits import VisitStore

OF_A_SLIDE = (
    *("copy_view", "save_view", "save_region", "slide_info", "slide_problems", "go_to"),
    *("bookmark_add", "clear_visited", "ruler"),
)
"""Actions that mean nothing while the active view shows no slide."""


class Aids(QObject):
    """Makes the aids and gives the window their commands."""

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        sources: TileSources,
        notices: NoticeStack,
        window: QMainWindow,
    ) -> None:
        super().__init__(window)
        self._session, self._views = session, views
        self._of_views: dict[SlideView, ViewAids] = {}
        self._actions: Mapping[str, QAction] = {}
        folder = paths.kept_folder()
        self.rulers = Rulers(self)
        self.ruler_tool = RulerTool(self.rulers, self)
        self.running = Running(window)
        self.snapshots = Snapshots(views, notices, self.running, self)
        self.save_region = SaveRegion(session, views, notices, self.running, self)
        self.bookmarking = Bookmarking(views, BookmarkStore(folder), notices, self)
        self.visited = Visited(views, VisitStore(folder), self)
        self.windows = SlideWindows(views, sources, notices, self)
        self.maps = LikelihoodMaps(session, views, sources, notices, self)
        self.full_screen = FullScreen(window, views)
        session.slide_changed.connect(self.rulers.clear)
        views.views_changed.connect(self._meet_views)
        views.slide_changed.connect(self.show_state)
        self._meet_views()

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {
            "copy_view": self.snapshots.copy_view,
            "save_view": self.snapshots.ask_to_save_view,
            "save_region": self.save_region.ask,
            "slide_info": self.windows.show_info,
            "slide_problems": self.windows.show_problems,
            "go_to": self.windows.ask_for_place,
            "bookmark_add": self.bookmarking.ask_to_add,
            "ruler": lambda on: self._views.tools.choose(self.ruler_tool) if on else None,
            "show_grid": lambda shown: setattr(self.of_active.grid, "visible", shown),
            "show_names": lambda shown: setattr(self.of_active.names, "visible", shown),
            "show_scale_bar": lambda shown: setattr(self._view.scale_bar, "visible", shown),
            "show_overview": lambda shown: setattr(self._view.overview, "is_wanted", shown),
            "show_visited": lambda shown: setattr(self._view.overview, "shows_visited", shown),
            "clear_visited": self.visited.forget,
            "full_screen": self.full_screen.fill,
        }

    @property
    def of_active(self) -> ViewAids:
        """What lies over the active view."""
        return self.of(self._view)

    def of(self, view: SlideView) -> ViewAids:
        """What lies over a view."""
        return self._of_views[view]

    def attach(self, named_actions: Mapping[str, QAction]) -> None:
        """Keep the actions in step with the active view."""
        self._actions = named_actions
        self.full_screen.attach(named_actions["full_screen"])
        self.show_state()

    def show_state(self) -> None:
        """Let the menu say what the active view shows."""
        view = self._view
        if not self._actions or view not in self._of_views:
            return
        aids = self.of_active
        for name, is_on in (
            ("show_grid", aids.grid.visible),
            ("show_names", aids.names.visible),
            ("show_scale_bar", view.scale_bar.visible),
            ("show_overview", view.overview.is_wanted),
            ("show_visited", view.overview.shows_visited),
        ):
            self._actions[name].setChecked(is_on)
        for name in OF_A_SLIDE:
            self._actions[name].setEnabled(view.slide is not None)

    def close(self) -> None:
        """Keep what is new, and leave nothing half done; the window is about to close."""
        self.running.close()
        self.visited.save()
        self.maps.clear()

    @property
    def _view(self) -> SlideView:
        return self._views.active

    def _meet_views(self) -> None:
        known = self._of_views
        self._of_views = {
            view: known.get(view) or ViewAids(view, self._session, self.rulers)
            for view in self._views.views
        }
