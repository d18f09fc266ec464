"""Adds bookmarks, goes to them, and follows the slide that is looked at."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QInputDialog

from slideviewer.ui.bookmarks import Bookmark, Bookmarks, BookmarkStore
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.panels.bookmarks import LONGEST_NAME, BookmarksPanel
from slideviewer.ui.views.grid import ViewGrid


class Bookmarking(QObject):
    """What the bookmark commands and the panel do to the active view.

    Parameters
    ----------
    views : ViewGrid
    store : BookmarkStore
    notices : NoticeStack
    """

    def __init__(
        self, views: ViewGrid, store: BookmarkStore, notices: NoticeStack, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._views, self._notices = views, notices
        self.bookmarks = Bookmarks(store, self)
        self.bookmarks.failed.connect(lambda problem: notices.warn(problem))
        self.panel = BookmarksPanel(self.bookmarks)
        self.panel.jump_wanted.connect(self.jump)
        self.panel.add_wanted.connect(self.ask_to_add)
        self.panel.removed.connect(self._offer_undo)
        for signal in (views.active_changed, views.slide_changed):
            signal.connect(self._on_slide_changed)

    def ask_to_add(self) -> None:
        """Let the user name what is in view, and mark it."""
        if self.bookmarks.slide is None:
            self._notices.tell("Open a slide first: there is nothing to mark yet.")
            return
        name, agreed = QInputDialog.getText(
            self._views, "Add bookmark", "Name:", text=self.bookmarks.next_name()
        )
        if agreed:
            self.add(name)

    def add(self, name: str) -> None:
        """Mark what is in view."""
        plain = " ".join(name.split())[:LONGEST_NAME] or self.bookmarks.next_name()
        self.bookmarks.put(Bookmark.of(self._views.active.canvas.aim, plain))

    def jump(self, bookmark: Bookmark) -> None:
        """Show the place as it was looked at."""
        canvas = self._views.active.canvas
        there = bookmark.seen_from(canvas.viewpoint)
        if there.mirrored != canvas.viewpoint.mirrored:
            canvas.go(there)  # there is no way from a slide to its mirror image
        else:
            canvas.fly_to(there)

    def _offer_undo(self, bookmark: Bookmark, row: int) -> None:
        owner = self.bookmarks.owner  # not the slide, which may be closed before the notice is
        assert owner is not None
        self._notices.offer(
            f"Deleted the bookmark “{bookmark.name}”.",
            "Undo",
            lambda: self.bookmarks.put_back(owner, bookmark, row),
        )

    def _on_slide_changed(self) -> None:
        self.bookmarks.set_slide(self._views.active.slide)
