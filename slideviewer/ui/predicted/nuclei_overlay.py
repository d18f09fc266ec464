"""Nuclei over the slide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from slideviewer.inference.messages import NucleiPart
from slideviewer.inference.nuclei.block import BLOCK_PX, NucleiBlock
from slideviewer.inference.nuclei.predict import NucleiPrediction
from slideviewer.ui import colours, words
from slideviewer.ui.jobs import Job
from slideviewer.ui.predicted.nuclei_parts import NucleiParts, Places, nuclei_table, read_places
from slideviewer.ui.predicted.nucleus import NucleusAnswer
from slideviewer.ui.predicted.raster import RasterOverlay


class NucleiOverlay(RasterOverlay):
    """Nuclei as they are found, or as they lie in their store."""

    title = "Predicted nuclei"
    has_threshold = has_colours = False

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._parts: NucleiParts | None = None
        self._reading: Job | None = None

    @property
    def is_loading(self) -> bool:
        return self._reading is not None or super().is_loading

    @property
    def summary(self) -> str:
        parts = self._parts
        if parts is None:
            return super().summary
        if self._reading is not None:
            return "Reading nuclei …"
        many = parts.count
        return "1 nucleus." if many == 1 else f"{words.whole(many)} nuclei."

    def show_prediction(self, prediction: NucleiPrediction | NucleiParts) -> None:
        """Show those of a store, or those that are being found, to which their owner adds."""
        if isinstance(prediction, NucleiParts):
            self._show(prediction)
        else:
            parts = NucleiParts(prediction.mask.frame, prediction.store)
            self._show(parts)
            self._read(parts)

    def add(self, news: NucleiPart) -> None:
        """Show the nuclei of a block that the parts were given."""
        if self._parts is not None:
            x, y = news.block.corner
            # All that its nuclei may reach.
            box = x - BLOCK_PX // 2, y - BLOCK_PX // 2, 2 * BLOCK_PX, 2 * BLOCK_PX
            self._mark(self._parts.frame.rect(*box))

    def clear(self) -> None:
        self._parts = self._reading = None
        self._set_source(None)
        self._recolour()

    def answer_at(self, x: float, y: float) -> NucleusAnswer | None:
        return self._parts.nucleus_at(x, y) if self._parts is not None else None

    def _show(self, parts: NucleiParts) -> None:
        self._parts, self._reading = parts, None
        self._set_source(parts)
        self._recolour()

    def _read(self, parts: NucleiParts) -> None:
        """Read where the nuclei of a store lie."""

        def done(places: dict[NucleiBlock, Places]) -> None:
            if self._reading is job:
                self._reading = None
                parts.put(places)
                self._mark(parts.frame.extent)
                self.changed.emit(None)

        def failed(_: str) -> None:
            if self._reading is job:
                self._reading = None
                self.changed.emit(None)

        self._reading = job = Job(lambda _: read_places(parts.store), self)
        job.succeeded.connect(done)
        job.failed.connect(failed)
        job.start()

    def _made_table(self, opacity: float) -> NDArray[np.uint32]:
        red = colours.PREDICTION
        return nuclei_table((red.red(), red.green(), red.blue()), opacity)
