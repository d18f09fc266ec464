"""One view: a canvas on one slide with its own layers, look and overview."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from slideviewer.slide import Slide
from slideviewer.ui.canvas import Canvas
from slideviewer.ui.layers.layer import Layer
from slideviewer.ui.layers.likelihood import LikelihoodLayer
from slideviewer.ui.layers.markup import MarkupLayer
from slideviewer.ui.layers.prediction import PredictionLayer
from slideviewer.ui.layers.scale_bar import ScaleBarLayer
from slideviewer.ui.layers.tiles import TileLayer
from slideviewer.ui.look import Look
from slideviewer.ui.overview import Overview
from slideviewer.ui.predicted.predicted import Predicted
from slideviewer.ui.saving import ANNOTATION_SUFFIXES
from slideviewer.ui.session import Session
from slideviewer.ui.tiles.source import TileSources
from slideviewer.ui.views.title_bar import TitleBar


class SlideView(QWidget):
    """Shows a slide. The markup and the prediction belong to the session's slide alone.

    Parameters
    ----------
    session : Session
    sources : TileSources
        Shared by all views, so that no tile is read or kept twice.
    predicted : Predicted
        The prediction of the session's slide.
    """

    slide_changed = Signal()  # another slide, or none, is shown here
    layers_changed = Signal()  # a layer came or went
    look_changed = Signal()  # brightness, channels and the like
    slide_dropped = Signal(object)  # Path of a file that is to be shown here
    own_slide_left = Signal(object)  # Slide that is not the session's, and no longer shown here

    def __init__(
        self,
        session: Session,
        sources: TileSources,
        predicted: Predicted,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._sources = session, sources
        self._slide: Slide | None = None
        self._is_own = False
        self.tiles, self.markup = TileLayer(self), MarkupLayer(self, session.shapes)
        self.cells, self.scale_bar = PredictionLayer(predicted, self), ScaleBarLayer(self)
        self._more: list[Layer] = []
        self.title = TitleBar()
        self.title.hide()
        self.canvas = Canvas(self)
        self._restack()
        self.overview = Overview(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.title)
        column.addWidget(self.canvas, 1)
        self.canvas.faded.connect(self._fade)
        # Methods, not functions: Qt forgets them when the view goes, though the document stays.
        session.document.changed.connect(self._on_markup_changed)
        session.document.replaced.connect(self._on_markup_replaced)
        session.selection.changed.connect(self._on_selection_changed)
        self._on_markup_replaced()
        self._on_selection_changed()

    @property
    def slide(self) -> Slide | None:
        """What is shown."""
        return self._slide

    @property
    def shows_session(self) -> bool:
        """Whether it shows the slide that the markup belongs to, or is free to."""
        return not self._is_own

    def shows_file(self, path: Path) -> bool:
        """Whether the slide of this file is shown."""
        return self._slide is not None and self._slide.path.absolute() == path.absolute()

    @property
    def layers(self) -> list[Layer]:
        """All layers, the lowest first."""
        of_session = [self.cells, self.markup] if self.shows_session else []
        return [self.tiles, *self._more, *of_session, self.scale_bar]

    @property
    def look(self) -> Look:
        """How the tiles are shown."""
        return self.tiles.look

    def set_look(self, look: Look) -> None:
        """Show the tiles another way."""
        if look != self.tiles.look:
            self.tiles.set_look(look)
            self.look_changed.emit()

    def set_slide(self, slide: Slide | None, *, is_own: bool = False) -> None:
        """Show another slide, or none.

        Parameters
        ----------
        slide : Slide or None
        is_own : bool
            Whether it is another one than the session's.
        """
        former_own = self._slide if self._is_own else None
        former, self._slide, self._is_own = self.tiles.source, slide, is_own
        self.tiles.set_source(self._sources.take(slide) if slide is not None else None)
        if former is not None:
            self._sources.give_back(former)
        if former_own is not None and former_own is not slide:
            self.own_slide_left.emit(former_own)
        self._restack()
        self.tiles.set_look(Look(managed=self.tiles.look.managed))
        self.scale_bar.set_spacing(slide.spacing if slide else None)
        self.show_name()
        self.title.show_session.setVisible(is_own)
        self.canvas.set_extent(
            slide.pyramid.extent if slide else None, slide.bounds if slide else None
        )
        self.slide_changed.emit()

    def add_layer(self, layer: Layer) -> None:
        """Lay something more between the slide and the prediction."""
        self._more.append(layer)
        self._restack()

    def remove_layer(self, layer: Layer) -> None:
        """Take such a layer away."""
        self._more.remove(layer)
        self._restack()

    def show_name(self) -> None:
        """Have the title say what is shown."""
        self.title.name.set_words(self._slide.path.name if self._slide is not None else "")

    def look_like(self, other: SlideView) -> None:
        """Show what another view shows, and as it does; the place stays."""
        self.set_look(other.look)
        theirs = {layer.name: layer for layer in other.layers}
        for mine in self.layers:
            if mine.name in theirs:
                like = theirs[mine.name]
                mine.visible, mine.opacity = like.visible, like.opacity
                if isinstance(mine, LikelihoodLayer) and isinstance(like, LikelihoodLayer):
                    mine.threshold = like.threshold
        self.overview.is_wanted = other.overview.is_wanted
        self.overview.shows_visited = other.overview.shows_visited

    def close_view(self) -> None:
        """Let the slide's tiles go; the view is about to be deleted."""
        self.cells.let_go()
        self._sources.loader.forget(self.tiles)  # first, lest a closed slide be read
        self.set_slide(None)

    def _restack(self) -> None:
        self.canvas.set_layers(self.layers)
        self.layers_changed.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped_slide(event) is not None:
            event.acceptProposedAction()
        else:
            event.ignore()  # the window may know what to do with it

    def dropEvent(self, event: QDropEvent) -> None:
        path = _dropped_slide(event)
        if path is not None:
            event.acceptProposedAction()
            self.slide_dropped.emit(path)

    def _on_markup_changed(self, ids: frozenset[str]) -> None:
        self.markup.set_annotations(self._session.document.annotations, ids)

    def _on_markup_replaced(self) -> None:
        self.markup.set_annotations(self._session.document.annotations)

    def _on_selection_changed(self) -> None:
        selection = self._session.selection
        self.markup.set_selection(selection.ids, selection.vertex)

    def _fade(self, notches: float) -> None:
        self.cells.opacity += 0.05 * notches


def _dropped_slide(event: QDropEvent) -> Path | None:
    """The one file that is dropped, unless it is markup, which belongs to the session."""
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    if len(paths) != 1 or paths[0].suffix.lower() in ANNOTATION_SUFFIXES or paths[0].is_dir():
        return None
    return paths[0]
