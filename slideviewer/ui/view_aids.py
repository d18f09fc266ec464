"""The looking aids that lie over one view: grid, names, rulers and lengths of measurements."""

from __future__ import annotations

from PySide6.QtCore import QObject

from slideviewer.ui.layers.grid import GridLayer
from slideviewer.ui.layers.layer import Layer
from slideviewer.ui.layers.measurements import MeasurementLayer
from slideviewer.ui.layers.names import NamesLayer
from slideviewer.ui.layers.rulers import RulerLayer
from slideviewer.ui.rulers import Rulers
from slideviewer.ui.session import Session
from slideviewer.ui.views.slide_view import SlideView


class ViewAids(QObject):
    """Lays them over a view and keeps them in step with its slide. It goes when the view goes.

    Parameters
    ----------
    view : SlideView
    session : Session
    rulers : Rulers
        Of the session's slide.
    """

    def __init__(self, view: SlideView, session: Session, rulers: Rulers) -> None:
        super().__init__(view)
        self._view, self._session = view, session
        self.grid = GridLayer(self)
        self.names = NamesLayer(self.grid, self, session.shapes, session.group_states.is_hidden)
        self.rulers = RulerLayer(rulers, self)
        self.measurements = MeasurementLayer(view.markup, session.group_states, self)
        layers: tuple[Layer, ...] = (self.grid, self.names, self.measurements, self.rulers)
        for layer in layers:
            view.add_layer(layer)
            layer.shown_changed.connect(view.layers_changed)
        view.scale_bar.shown_changed.connect(view.layers_changed)
        view.slide_changed.connect(self._on_slide_changed)
        session.document.changed.connect(self._on_markup_changed)
        session.document.replaced.connect(self._on_markup_changed)
        session.group_states.changed.connect(self._show_lengths)
        self._on_slide_changed()

    def _on_slide_changed(self) -> None:
        slide = self._view.slide
        extent, spacing = (slide.pyramid.extent, slide.spacing) if slide else (None, None)
        self.grid.set_slide(extent, spacing)
        # What was measured or drawn on the session's slide means nothing on another one.
        own_spacing = spacing if self._view.shows_session else None
        self.rulers.set_spacing(own_spacing)
        self.measurements.set_spacing(own_spacing)
        self._on_markup_changed()

    def _on_markup_changed(self, changed: frozenset[str] | None = None) -> None:
        annotations = self._session.document.annotations
        self.names.belongs = self._view.shows_session
        self.names.set_annotations(annotations, changed)
        self.measurements.set_annotations(annotations, changed)

    def _show_lengths(self) -> None:
        self.measurements.set_annotations(self._session.document.annotations)
