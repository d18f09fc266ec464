"""Remembers where the reader has been, and has the overviews show it."""

from __future__ import annotations

import logging
from weakref import WeakSet

import numpy as np
from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QImage

from slideviewer.slide import Slide, Spacing
from slideviewer.ui import words
from slideviewer.ui.slide_identity import slide_key
from slideviewer.ui.viewpoint import Viewpoint
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.views.slide_view import SlideView
from slideviewer.ui.visits import VisitMap, VisitStore

DWELL_MILLISECONDS = 400
"""A view that did not move for so long was looked at; what flew by was not."""

SAVING_MILLISECONDS = 5000

READ_FROM = 5.0
"""The magnification from which tissue counts as looked at."""

SCAN_MAGNIFICATION = 40.0
"""Taken for level 0 where the spacing is unknown; only the shading depends on it."""

VEIL = (96, 96, 96, 120)
"""Red, green, blue and opacity of the overview's shade over what was not looked at."""

_log = logging.getLogger(__name__)


class Visited(QObject):
    """Follows all views. Each slide's places are kept from session to session.

    Parameters
    ----------
    views : ViewGrid
    store : VisitStore
    """

    def __init__(self, views: ViewGrid, store: VisitStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._views, self._store = views, store
        self._maps: dict[str, VisitMap] = {}
        self._keys: dict[SlideView, tuple[Slide, str]] = {}
        self._known: WeakSet[SlideView] = WeakSet()
        self._moved: set[SlideView] = set()
        self._unsaved: set[str] = set()
        self._dwell, self._saving = QTimer(self), QTimer(self)
        for timer, milliseconds, act in (
            (self._dwell, DWELL_MILLISECONDS, self._look),
            (self._saving, SAVING_MILLISECONDS, self._save_in_a_pause),
        ):
            timer.setSingleShot(True)
            timer.setInterval(milliseconds)
            timer.timeout.connect(act)
        views.views_changed.connect(self._meet_views)
        views.slide_changed.connect(self._on_slide_changed)
        self._meet_views()

    def forget(self) -> None:
        """Forget where the reader has been on the active view's slide."""
        known = self._keys.get(self._views.active)
        if known is not None:
            self._maps[known[1]].forget()
            self._unsaved.add(known[1])
            self.save()
            self._show()

    def save(self) -> None:
        """Write what is new to the disk."""
        for key in self._unsaved:
            try:
                self._store.save(key, self._maps[key])
            except OSError as error:  # of little worth: nobody is to be interrupted
                _log.warning("where the reader has been is not kept: %s", error)
        self._unsaved.clear()

    def _save_in_a_pause(self) -> None:
        """Not while a view moves: flushing to the disk takes longer than a frame may."""
        if self._dwell.isActive():
            self._saving.start()
        else:
            self.save()

    def _meet_views(self) -> None:
        for view in self._views.views:
            if view not in self._known:
                self._known.add(view)
                view.canvas.viewpoint_changed.connect(lambda _, view=view: self._on_moved(view))
        self._on_slide_changed()

    def _on_slide_changed(self) -> None:
        views = self._views.views
        if all(self._slide_of(view) is view.slide for view in views) and len(views) == len(
            self._keys
        ):
            return
        self.save()
        for view in views:
            if view.slide is not None and self._slide_of(view) is not view.slide:
                slide, key = view.slide, slide_key(view.slide)
                if key not in self._maps:
                    size = slide.pyramid.width, slide.pyramid.height
                    self._maps[key] = self._store.load(key, *size)
                self._keys[view] = (slide, key)
                self._on_moved(view)
        self._keys = {
            view: known for view, known in self._keys.items() if view in views and view.slide
        }
        shown = {key for _, key in self._keys.values()}
        self._maps = {key: visits for key, visits in self._maps.items() if key in shown}
        self._show()

    def _slide_of(self, view: SlideView) -> Slide | None:
        known = self._keys.get(view)
        return known[0] if known is not None else None

    def _on_moved(self, view: SlideView) -> None:
        self._moved.add(view)
        self._dwell.start()

    def _look(self) -> None:
        """What stands still now is being looked at."""
        news = False
        moved, self._moved = self._moved, set()
        for view in moved:
            known = self._keys.get(view)
            if known is None or not view.canvas.isVisible():
                continue
            if view.canvas.is_moving:
                self._on_moved(view)
                continue
            seen = view.canvas.viewpoint
            if self._maps[known[1]].visit(_corners(seen), _magnification(known[0], seen)):
                self._unsaved.add(known[1])
                news = True
        if news:
            self._show()
            if not self._saving.isActive():
                self._saving.start()

    def _show(self) -> None:
        veils = {key: veil_over(visits) for key, visits in self._maps.items()}
        for view in self._views.views:
            known = self._keys.get(view)
            if known is None:
                view.overview.set_veil(None, 0.0)
            else:
                view.overview.set_veil(veils[known[1]], self._maps[known[1]].cell)


def veil_over(visits: VisitMap) -> QImage:
    """A pixel a cell: shade over what was not looked at, nothing over the rest."""
    seen = visits.seen_at(READ_FROM)
    rows, columns = seen.shape
    pixels = np.empty((rows, columns, 4), np.uint8)
    pixels[:] = VEIL
    pixels[seen] = 0
    image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def _corners(view: Viewpoint) -> list[tuple[float, float]]:
    return [
        view.to_slide(right * view.width, down * view.height)
        for right, down in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]


def _magnification(slide: Slide, view: Viewpoint) -> float:
    if isinstance(slide.spacing, Spacing):
        return words.magnification_at(view.scale, slide.spacing)
    return view.scale * SCAN_MAGNIFICATION
