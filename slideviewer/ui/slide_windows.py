"""The windows beside the main one that tell of the active view's slide."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog

from slideviewer.geometry import Rect
from slideviewer.slide import Spacing
from slideviewer.ui import words
from slideviewer.ui.go_to import Place
from slideviewer.ui.go_to_dialog import GoToDialog
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.problems import SlideProblems
from slideviewer.ui.slide_info import SlideInfo
from slideviewer.ui.tiles.source import TileSource, TileSources
from slideviewer.ui.views.grid import ViewGrid


class SlideWindows(QObject):
    """Opens them, one of a kind at a time, and closes them when their slide goes.

    Parameters
    ----------
    views : ViewGrid
    sources : TileSources
        The first damage met in each is told.
    notices : NoticeStack
    """

    def __init__(
        self, views: ViewGrid, sources: TileSources, notices: NoticeStack, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._views, self._notices = views, notices
        self.info: SlideInfo | None = None
        self.problems: SlideProblems | None = None
        self._told: dict[TileSource, str] = {}
        sources.damage_met.connect(self._tell_once)
        views.slide_changed.connect(self._close_stale)
        views.views_changed.connect(self._close_stale)

    def show_info(self) -> None:
        """Tell all that is known of the slide."""
        slide = self._views.active.slide
        if slide is None:
            self._notices.tell("Open a slide first: there is nothing to tell yet.")
            return
        if self.info is None or self.info.slide is not slide:
            self._close_info()
            self.info = SlideInfo(slide, self._views.window())
            self.info.finished.connect(self._forget_info)
        self.info.show()
        self.info.raise_()

    def show_problems(self) -> None:
        """List the damaged tiles of the active view."""
        source = self._views.active.tiles.source
        if source is None:
            self._notices.tell("Open a slide first: there is nothing to tell yet.")
            return
        self._show_problems_of(source)

    def _show_problems_of(self, source: TileSource) -> None:
        if self.problems is None or self.problems.source is not source:
            self._close_problems()
            self.problems = SlideProblems(source, self._views.window())
            self.problems.finished.connect(self._forget_problems)
            self.problems.jump_wanted.connect(self._show_tile)
        self.problems.show()
        self.problems.raise_()

    def ask_for_place(self) -> None:
        """Let the user type where to go, and go there."""
        view = self._views.active
        if view.slide is None:
            self._notices.tell("Open a slide first: there is nowhere to go yet.")
            return
        aim = view.canvas.aim
        present = f"{aim.centre_x:.0f} {aim.centre_y:.0f}"
        dialog = GoToDialog(view.slide, present, self._views)
        answer, place = dialog.exec(), dialog.place
        dialog.deleteLater()
        if answer == QDialog.DialogCode.Accepted and place is not None:
            self.go_to(place)

    def go_to(self, place: Place) -> None:
        """Put a place into the middle of the active view."""
        view = self._views.active
        there = replace(view.canvas.aim, centre_x=place.x, centre_y=place.y)
        slide = view.slide
        if place.magnification is not None and slide and isinstance(slide.spacing, Spacing):
            there = replace(there, scale=words.scale_at(place.magnification, slide.spacing))
        view.canvas.fly_to(there)

    def _tell_once(self, source: TileSource) -> None:
        """Tell of a slide's first damage; the status line counts the rest."""
        if source in self._told:
            return
        reason = next(iter(source.problems.values()))
        text = f"{reason} What cannot be read is hatched."
        self._told[source] = text
        self._notices.warn(text, ("Show the list", lambda: self._show_problems_of(source)))

    def _show_tile(self, rect: Rect) -> None:
        problems = self.problems
        view = next(
            (it for it in self._views.views if problems and it.tiles.source is problems.source),
            None,
        )
        if view is not None:
            self._views.activate(view)
            # Close enough to see what the damaged level would show.
            view.canvas.show_rect(rect.grown(rect.width / 2))

    def _close_stale(self) -> None:
        views = self._views.views
        sources = {view.tiles.source for view in views}
        if self.info is not None and all(view.slide is not self.info.slide for view in views):
            self._close_info()
        if self.problems is not None and self.problems.source not in sources:
            self._close_problems()
        for gone in self._told.keys() - sources:
            text = self._told.pop(gone)
            if text not in self._told.values():
                self._notices.withdraw(text)

    def _close_info(self) -> None:
        if self.info is not None:
            self.info.close()
            self.info = None

    def _close_problems(self) -> None:
        if self.problems is not None:
            self.problems.close()
            self.problems = None

    def _forget_info(self) -> None:
        self.info = None

    def _forget_problems(self) -> None:
        self.problems = None
