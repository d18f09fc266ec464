"""What the model says, over the slide: tiles, a mask or nuclei, whichever there is."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QPainter

from slideviewer.geometry import Rect
from slideviewer.ui.cells import Cells
from slideviewer.ui.layers.cells import paint_cells
from slideviewer.ui.layers.layer import Layer
from slideviewer.ui.layers.raster import paint_raster
from slideviewer.ui.predicted.predicted import Predicted
from slideviewer.ui.predicted.raster import RasterOverlay
from slideviewer.ui.viewpoint import Viewpoint

NAME = "Predicted tumour"


class PredictionLayer(Layer):
    """Paints the prediction of the session's slide."""

    def __init__(self, predicted: Predicted, parent: QObject | None = None) -> None:
        super().__init__(NAME, parent)
        self._predicted = predicted
        self._opacity = 0.4
        self._seen: tuple[Viewpoint, float] | None = None
        predicted.changed.connect(self._on_changed)
        self.shown_changed.connect(self._look)

    @property
    def title(self) -> str:
        return self._predicted.shown.title

    @property
    def has_prediction(self) -> bool:
        """Whether there is anything to paint."""
        return self._predicted.shown.has_prediction

    @property
    def is_empty(self) -> bool:
        return not self.has_prediction

    @property
    def is_loading(self) -> bool:
        """Whether some of it is yet to be read."""
        return self._predicted.shown.is_loading

    def look_at(self, view: Viewpoint, ratio: float) -> None:
        self._seen = view, ratio
        self._look()

    def let_go(self) -> None:
        """Want nothing any more; the view is about to be deleted."""
        self._seen = None
        self._look()

    def paint(self, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool) -> None:
        match self._predicted.shown:
            case Cells() as cells:
                paint_cells(cells, painter, view, part, rough=rough)
            case RasterOverlay() as overlay:
                paint_raster(overlay, painter, view, part, rough=rough)

    def _look(self) -> None:
        """Want what is in view, unless it is hidden."""
        for overlay in (self._predicted.mask, self._predicted.nuclei):
            if self._seen is not None and self.visible:
                overlay.look_at(self, *self._seen)
            else:
                overlay.forget(self)

    def _on_changed(self, part: Rect | None) -> None:
        self.changed.emit(part)
