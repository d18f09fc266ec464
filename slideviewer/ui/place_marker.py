"""A place that is looked at: a flight there, and a dashed outline in every view of the slide."""

from __future__ import annotations

from PySide6.QtCore import QObject

from slideviewer.annotations.operations.regions import Area
from slideviewer.geometry import Rect
from slideviewer.slide import Spacing
from slideviewer.ui.layers.finding import FindingLayer
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.views.slide_view import SlideView

ROOM = 0.6
"""Around a place, as a part of its longer side."""
LEAST_SIDE_UM, LEAST_SIDE_PX = 250.0, 1000.0
"""What the view shows of the surroundings of a small one, with and without a spacing."""


class PlaceMarker(QObject):
    """Keeps one outline on the canvas.

    Parameters
    ----------
    session : Session
    views : ViewGrid
    """

    def __init__(self, session: Session, views: ViewGrid, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._views = session, views
        self._layers: dict[SlideView, FindingLayer] = {}
        self._shape: Area | None = None
        views.views_changed.connect(self._cover_views)
        self._cover_views()

    @property
    def shape(self) -> Area | None:
        """What is outlined, in level-0 pixels."""
        return self._shape

    def outline(self, shape: Area | None) -> None:
        """Outline something, in level-0 pixels, or nothing."""
        self._shape = shape
        for view, layer in self._layers.items():
            layer.set_shape(shape if view.shows_session else None)

    def fly_to(self, bounds: Rect) -> None:
        """Show a place with some tissue around it."""
        slide = self._session.slide
        spacing = slide.spacing if slide is not None else None
        least = LEAST_SIDE_UM / spacing.um_px if isinstance(spacing, Spacing) else LEAST_SIDE_PX
        margin = max(ROOM * max(bounds.width, bounds.height), least / 2)
        canvas = self._views.of_session.canvas
        canvas.fly_to(canvas.viewpoint.fitted(bounds.grown(margin)))

    def _cover_views(self) -> None:
        """Have a layer in each view."""
        here = set(self._views.views)
        self._layers = {view: layer for view, layer in self._layers.items() if view in here}
        for view in here - self._layers.keys():
            self._layers[view] = layer = FindingLayer(view)
            view.add_layer(layer)
