"""Opens a likelihood map, and lays it over the slide in every view that shows it."""

from __future__ import annotations

from pathlib import Path
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, Signal

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.errors import SlideError
from slideviewer.slide import Slide, open_slide
from slideviewer.ui.layers.likelihood import (
    LARGEST_MISFIT,
    LikelihoodLayer,
    absolute_look,
    map_extent,
    misfit,
)
from slideviewer.ui.look import Look
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.opening import Opening
from slideviewer.ui.session import Session
from slideviewer.ui.tiles.source import TileSources
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.views.slide_view import SlideView


class LikelihoodMaps(QObject):
    """At most one map at a time, for the session's slide."""

    changed = Signal()  # another map, or none, lies over the slide

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        sources: TileSources,
        notices: NoticeStack,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._views, self._sources = session, views, sources
        self._notices = notices
        self._opening = Opening(self)
        self._map: Slide | None = None
        self._look = Look()
        self._is_hidden = False
        self._withheld: Path | None = None
        self._layers: WeakKeyDictionary[SlideView, LikelihoodLayer] = WeakKeyDictionary()
        session.slide_changed.connect(self.clear)
        views.views_changed.connect(self._lay_over)
        views.slide_changed.connect(self._lay_over)

    @property
    def layers(self) -> list[LikelihoodLayer]:
        """The map's layers, one a view."""
        return list(self._layers.values())

    def hide(self, is_hidden: bool) -> None:
        """Show no map, or the one that was shown or wanted again."""
        if is_hidden == self._is_hidden:
            return
        self._is_hidden = is_hidden
        if is_hidden:
            withheld = self._map.path if self._map is not None else None
            self.clear()
            self._withheld = withheld
        elif self._withheld is not None:
            self.show(self._withheld)

    def show(self, path: Path) -> None:
        """Open a map in the background and lay it over the slide, in place of any other."""
        slide = self._session.slide
        if slide is None:
            self._notices.tell("Open the slide first that the likelihood map belongs to.")
            return
        if self._is_hidden:
            self._withheld = path
            self._notices.tell(f"{path.name} is hidden until the slide is marked as read.")
            return

        def opened(answer: tuple[Slide, Look]) -> None:
            likelihood_map, look = answer
            difference = misfit(slide, likelihood_map)
            if difference > LARGEST_MISFIT:
                likelihood_map.close()
                self._notices.warn(
                    f"{path.name} is not shown: its shape differs by {difference:.1%} from the "
                    f"slide's, so it cannot lie on it exactly. Is it the map of another slide?"
                )
                return
            self._take_map_away()
            self._map, self._look = likelihood_map, look
            self._lay_over()
            self.changed.emit()
            self._notices.tell(f"Shows {path.name}. {RESEARCH_USE_ONLY}")

        job = self._opening.begin(lambda _: _open(path), opened, self._notices.warn)
        job.discarded.connect(_close)

    def clear(self) -> None:
        """Take the map away and close its file; one that is being opened will not come."""
        self._opening.give_up()
        self._take_map_away()
        self._withheld = None

    def _take_map_away(self) -> None:
        for view, layer in list(self._layers.items()):
            self._take_away(view, layer)
        if self._map is not None:
            self._map.close()
            self._map = None

    def _lay_over(self) -> None:
        """Let the views that show the session's slide have the map, and no others."""
        likelihood_map, slide = self._map, self._session.slide
        if likelihood_map is None or slide is None:
            return
        views = [view for view in self._views.views if view.shows_session and view.slide is slide]
        for view, layer in list(self._layers.items()):
            if view not in views:
                self._take_away(view, layer)
        for view in views:
            if view not in self._layers:
                source = self._sources.take(likelihood_map)
                layer = LikelihoodLayer(source, map_extent(slide, likelihood_map), self._look, view)
                layer.removal_wanted.connect(self.clear)
                self._layers[view] = layer
                view.add_layer(layer)

    def _take_away(self, view: SlideView, layer: LikelihoodLayer) -> None:
        del self._layers[view]
        view.remove_layer(layer)
        layer.let_go()
        self._sources.loader.forget(layer)
        self._sources.give_back(layer.source)
        layer.deleteLater()


def _open(path: Path) -> tuple[Slide, Look]:
    likelihood_map = open_slide(path)
    try:
        return likelihood_map, absolute_look(likelihood_map)
    except SlideError:
        likelihood_map.close()
        raise


def _close(answer: tuple[Slide, Look] | None) -> None:
    """Let a map go that nobody wants any more; None where it could not be opened."""
    if answer is not None:
        answer[0].close()
