"""Comparing two views in one place, and going back to the rows of views."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal

from slideviewer.ui.layers.layer import Layer, Plane
from slideviewer.ui.layers.names import NamesLayer
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.views.pair import Mode, Pair
from slideviewer.ui.views.slide_view import SlideView
from slideviewer.ui.views.sync import Sync


class Compare(QObject):
    """Swipes or blinks between two views, which move together meanwhile.

    Two views that look alike, or one alone, are compared with what lies under the overlays.
    """

    changed = Signal()  # another mode, or none

    def __init__(self, views: ViewGrid, sync: Sync, parent: QObject) -> None:
        super().__init__(parent)
        self._views, self._sync = views, sync
        self._pair: Pair | None = None
        self._extra: SlideView | None = None  # made for the comparison alone
        self._flip_key = Qt.Key.Key_B
        views.slide_changed.connect(self._on_slide_changed)
        views.views_changed.connect(self._on_views_changed)

    @property
    def pair(self) -> Pair | None:
        """What is shown in place of the rows of views."""
        return self._pair

    @property
    def mode(self) -> Mode | None:
        """How two views are compared now."""
        return self._pair.mode if self._pair is not None else None

    def set_flip_key(self, key: Qt.Key) -> None:
        """Have this key show the other one of two that blink."""
        self._flip_key = key
        if self._pair is not None:
            self._pair.set_flip_key(key)

    def enter(self, mode: Mode) -> None:
        """Compare the active view with another one."""
        if self._views.main.slide is None:
            return
        if self._pair is None:
            self._show_pair(mode)
        else:
            self._pair.set_mode(mode)
        self._on_flipped()
        self.changed.emit()

    def leave(self) -> None:
        """Show the rows of views as they were before."""
        pair, self._pair = self._pair, None
        if pair is None:
            return
        pair.let_go()
        extra, self._extra = self._extra, None
        if extra is not None and extra in self._views.views:
            if extra is self._views.active:
                self._views.activate(pair.views[0])  # the one that it was made beside
            self._views.remove(extra)
        self._views.show_area()
        pair.deleteLater()
        self._sync.set_held(False)
        self._views.active.canvas.setFocus()
        self.changed.emit()

    def _show_pair(self, mode: Mode) -> None:
        active = self._views.active
        other = self._other_for(active)
        names = ("", "")
        if other is None or _look_alike(active, other):
            active = self._views.of_session
            other = self._extra = self._views.add()
            is_shown = any(layer.visible for layer in _overlays(active))
            for layer in other.layers:
                if layer.plane is Plane.OVER:
                    layer.visible = not is_shown
                elif isinstance(layer, NamesLayer):  # of what is hidden they say nothing
                    layer.visible &= not is_shown
            words = ("with overlays", "without overlays")
            names = words if is_shown else (words[1], words[0])
        self._sync.set_held(True)
        left, right = sorted((active, other), key=self._views.views.index)
        self._pair = Pair(left, right, names, mode, self._flip_key)
        self._pair.leaving.connect(self.leave)
        self._pair.flipped.connect(self._on_flipped)
        self._views.show_in_place(self._pair)
        self._pair.take_in()

    def _other_for(self, active: SlideView) -> SlideView | None:
        """The view to compare with: of another slide, where there is one."""
        others = [view for view in self._views.views if view is not active]
        return next((view for view in others if view.slide is not active.slide), None) or next(
            (view for view in others if not _look_alike(view, active)), None
        )

    def _on_flipped(self) -> None:
        """Let commands and keys mean what is seen."""
        assert self._pair is not None
        if self._pair.mode is Mode.BLINK:
            self._views.activate(self._pair.on_top)
        self._pair.on_top.canvas.setFocus()

    def _on_slide_changed(self) -> None:
        if self._views.main.slide is None:
            self.leave()

    def _on_views_changed(self) -> None:
        if self._pair is not None and not set(self._pair.views) <= set(self._views.views):
            self.leave()


def _look_alike(view: SlideView, other: SlideView) -> bool:
    """Whether there is nothing to see between two views at the same place."""
    if view.slide is not other.slide or view.look != other.look:
        return False
    return _shown(view) == _shown(other)


def _shown(view: SlideView) -> list[tuple[str, bool, float]]:
    return sorted((layer.name, layer.visible, layer.opacity) for layer in _overlays(view))


def _overlays(view: SlideView) -> list[Layer]:
    """What was marked or predicted; not the grid and the like, which help to compare."""
    return [layer for layer in view.layers if layer.plane is Plane.OVER]
