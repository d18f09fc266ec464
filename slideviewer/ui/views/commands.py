"""What the Compare menu does: more views, other slides in them, and comparing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFileDialog

from slideviewer.ui.files import SLIDE_FILTER
from slideviewer.ui.jobs import Job
from slideviewer.ui.keys import RESERVED
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.opening import OpenedSlide, open_with_companions, what_is_left_out
from slideviewer.ui.session import Session
from slideviewer.ui.views.aligning import Aligning
from slideviewer.ui.views.alignment_store import AlignmentStore
from slideviewer.ui.views.compare import Compare
from slideviewer.ui.views.grid import MOST_VIEWS, ViewGrid
from slideviewer.ui.views.pair import Mode
from slideviewer.ui.views.slide_view import SlideView
from slideviewer.ui.views.sync import Sync

SHAPES = {
    "view_grid_1x1": (1, 1),
    "view_grid_1x2": (1, 2),
    "view_grid_2x2": (2, 2),
    "view_grid_3x3": (3, 3),
}
MODES = {"swipe": Mode.SWIPE, "blink": Mode.BLINK}


class ViewCommands(QObject):
    """Owns what makes several views work together.

    Parameters
    ----------
    views : ViewGrid
    session : Session
    notices : NoticeStack
    kept_alignments : Path
        The file of the alignments made before.
    parent : QObject
    """

    failed = Signal(str)  # why a slide could not be shown in a view, for the user

    def __init__(
        self,
        views: ViewGrid,
        session: Session,
        notices: NoticeStack,
        kept_alignments: Path,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._views, self._session, self._notices = views, session, notices
        self._opening: dict[SlideView, Job] = {}
        store = AlignmentStore(kept_alignments)
        self.sync = Sync(views, store, self)
        self.compare = Compare(views, self.sync, self)
        self.aligning = Aligning(views, self.sync, store, self)
        self.sync.told.connect(notices.tell)
        for source in (self, self.sync, self.aligning):
            source.failed.connect(lambda problem: notices.warn(problem))
        views.other_wanted.connect(self.ask_for_slide)
        views.session_wanted.connect(self.show_session)
        views.slide_dropped.connect(self.open_in)
        views.close_wanted.connect(self.close_view)
        views.views_changed.connect(self._forget_gone)

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {
            "view_add": self.add_view,
            "view_close": lambda: self.close_view(self._views.active),
            "view_next": lambda: self.step_view(1),
            "view_previous": lambda: self.step_view(-1),
            "sync_views": self.sync.set_on,
            "align_views": self.align,
            **{name: partial(self.set_shape, *shape) for name, shape in SHAPES.items()},
            **{name: partial(self._set_mode, mode) for name, mode in MODES.items()},
        }

    def attach(self, named_actions: Mapping[str, QAction]) -> None:
        """Have the actions say from now on what can be done, and what is on."""

        def show() -> None:
            views = self._views
            has_slide, count = self._session.slide is not None, len(views.views)
            is_comparing = self.compare.pair is not None
            enabled = {
                "view_add": has_slide and (is_comparing or count < MOST_VIEWS),
                "view_close": count > 1,
                "view_next": count > 1,
                "view_previous": count > 1,
                "sync_views": True,
                "align_views": has_slide,
                **dict.fromkeys((*SHAPES, *MODES), has_slide),
            }
            for name, is_enabled in enabled.items():
                named_actions[name].setEnabled(is_enabled)
            checked = {"sync_views": self.sync.is_on}
            checked |= {name: self.compare.mode is mode for name, mode in MODES.items()}
            for name, is_checked in checked.items():
                with QSignalBlocker(named_actions[name]):
                    named_actions[name].setChecked(is_checked)

        for signal in (
            self._session.slide_changed,
            self._views.views_changed,
            self.sync.changed,
            self.compare.changed,
            self.aligning.changed,
        ):
            signal.connect(show)
        show()
        blink = named_actions["blink"]
        blink.changed.connect(lambda: self.compare.set_flip_key(_flip_key(blink)))
        self.compare.set_flip_key(_flip_key(blink))

    def add_view(self) -> None:
        """Show one view more beside the others."""
        self.compare.leave()
        self._views.add_beside()

    def set_shape(self, rows: int, columns: int) -> None:
        """Show so many views."""
        self.compare.leave()
        self._views.set_shape(rows, columns)

    def close_view(self, view: SlideView) -> None:
        """Close one of several views."""
        if self.compare.pair is not None:
            self.compare.leave()
        elif self._views.can_close(view):
            self._views.close_view(view)
        else:
            self._notices.tell(
                "This view shows the slide that the markup belongs to, so it stays. "
                "Close the others instead."
            )

    def step_view(self, by: int) -> None:
        """Make the next view the active one, or the previous one, and give it the keys."""
        pair = self.compare.pair
        if pair is not None and pair.mode is Mode.BLINK:
            pair.flip()
            return
        shown = pair.views if pair is not None else self._views.views
        view = shown[(shown.index(self._views.active) + by) % len(shown)]
        self._views.activate(view)
        view.canvas.setFocus()

    def align(self) -> None:
        """Align the active view with one of another slide, or the first view with the active."""
        self.compare.leave()
        active = self._views.active
        other = next(
            (
                view
                for view in self._views.views
                if None not in (view.slide, active.slide) and view.slide is not active.slide
            ),
            None,
        )
        if other is None:
            self._notices.tell(
                "Aligning takes two slides: add a view (Compare menu), and choose "
                "“Show another slide here…” in the menu of its title."
            )
            return
        first, second = sorted((active, other), key=self._views.views.index)
        self.aligning.start(first, second)

    def ask_for_slide(self, view: SlideView) -> None:
        """Let the user choose a slide for a view."""
        folder = (
            str(view.slide.path.parent) if view.slide else str(QSettings().value("last_folder", ""))
        )
        name, _ = QFileDialog.getOpenFileName(
            self._views, "Show another slide here", folder, SLIDE_FILTER
        )
        if name:
            self.open_in(view, Path(name))

    def open_in(self, view: SlideView, path: Path) -> None:
        """Show a slide in a view other than the first; it is opened in the background.

        One that another view shows already is not opened a second time.
        """
        self._stop_opening(view)
        if self._share(view, path):
            return
        job = self._opening[view] = Job(lambda _: open_with_companions(path), self)
        view.title.name.set_words(f"Opening {path.name} …")

        def show(opened: OpenedSlide) -> None:
            # Meanwhile the view may be gone, or another one have got the same file.
            if view not in self._views.views or self._share(view, path):
                opened.slide.close()
                return
            self._views.show_other(view, opened.slide)
            for text in what_is_left_out(opened.slide):
                self._notices.tell(text)

        def ended() -> None:
            if self._opening.get(view) is job:
                del self._opening[view]
                view.show_name()

        job.succeeded.connect(show)
        job.failed.connect(self.failed)
        job.discarded.connect(lambda opened: opened.slide.close() if opened is not None else None)
        job.ended.connect(ended)
        job.start()

    def show_session(self, view: SlideView) -> None:
        """Show the session's slide in a view, and what was being opened there no longer."""
        self._stop_opening(view)
        self._views.show_session(view)

    def _share(self, view: SlideView, path: Path) -> bool:
        """Show the slide of a file that another view shows; whether there is one."""
        for other in self._views.views:
            if other is not view and other.slide is not None and other.shows_file(path):
                if other.shows_session:
                    self._views.show_session(view)
                else:
                    self._views.show_other(view, other.slide)
                return True
        return False

    def _forget_gone(self) -> None:
        for view in self._opening.keys() - set(self._views.views):
            self._stop_opening(view)

    def _stop_opening(self, view: SlideView) -> None:
        job = self._opening.pop(view, None)
        if job is not None:
            job.cancel()

    def _set_mode(self, mode: Mode, is_on: bool) -> None:
        if is_on:
            self.aligning.cancel()
            self.compare.enter(mode)
        elif self.compare.mode is mode:
            self.compare.leave()


def _flip_key(blink: QAction) -> Qt.Key:
    """The key that begins to blink, without Shift and the like; B where the slide needs it."""
    keys = blink.shortcut()
    # The stubs do not know that a sequence has parts.
    key = keys[0].key() if keys.count() else Qt.Key.Key_B  # type: ignore[index]
    return Qt.Key.Key_B if QKeySequence(key).toString() in RESERVED else key
