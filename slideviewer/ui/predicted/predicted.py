"""The prediction of the open slide, whatever it is of."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from slideviewer.geometry import Rect
from slideviewer.inference.nuclei.predict import NucleiPrediction
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.ui.cells import Cells
from slideviewer.ui.predicted.mask_overlay import MaskOverlay
from slideviewer.ui.predicted.mask_parts import LiveMask
from slideviewer.ui.predicted.nuclei_overlay import NucleiOverlay
from slideviewer.ui.predicted.nuclei_parts import NucleiParts
from slideviewer.ui.predicted.overlay import CellLook, Overlay


class Predicted(QObject):
    """Tiles, a mask or nuclei: one of them at a time is shown, in all views alike."""

    changed = Signal(object)  # the level-0 Rect that looks different, or None for all of it

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.cells, self.mask = Cells(self), MaskOverlay(self)
        self.nuclei = NucleiOverlay(self)
        self._overlays: tuple[Overlay, ...] = (self.cells, self.mask, self.nuclei)
        self._shown: Overlay = self.cells
        for overlay in self._overlays:
            overlay.changed.connect(partial(self._on_changed, overlay))

    @property
    def shown(self) -> Overlay:
        """The one that has a prediction, or had one last."""
        return self._shown

    @property
    def look(self) -> CellLook:
        """How predictions are coloured, of whatever kind."""
        return self._shown.look

    @look.setter
    def look(self, look: CellLook) -> None:
        for overlay in self._overlays:
            overlay.look = look

    def show(self, what: Any) -> None:
        """Show a prediction, or what a run has found so far (`slideviewer.ui.predicted.live`)."""
        self._overlay_for(what).show_prediction(what)

    def add(self, news: Any) -> None:
        """Show what was newly predicted."""
        self._shown.add(news)

    def clear(self) -> None:
        """Show none."""
        for overlay in self._overlays:
            if overlay.has_prediction:
                overlay.clear()

    def _overlay_for(self, what: Any) -> Overlay:
        match what:
            case MaskPrediction() | LiveMask():
                return self.mask
            case NucleiPrediction() | NucleiParts():
                return self.nuclei
            case _:
                return self.cells

    def _on_changed(self, overlay: Overlay, part: Rect | None) -> None:
        if overlay is self._shown:
            self.changed.emit(part)
        elif overlay.has_prediction:
            self._shown = overlay
            for other in self._overlays:
                if other is not overlay and other.has_prediction:
                    other.clear()
            self.changed.emit(None)
