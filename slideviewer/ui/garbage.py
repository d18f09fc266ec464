"""Collects garbage on the GUI thread alone, and not among what was there at the start.

Python collects in whatever thread happens to allocate. What is garbage may hold objects of Qt,
and one with a timer or a window must not be destroyed by another thread than its own.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

INTERVAL_MILLISECONDS = 500


class Garbage(QObject):
    """Takes over from Python: as thoroughly as it would, but only between two events.

    All that is there now, such as the modules, is taken for needed: to go through it takes 50 ms,
    three frames of a moving slide.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.freeze()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL_MILLISECONDS)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    def _collect(self) -> None:
        full = [
            generation
            for generation, (count, threshold) in enumerate(
                zip(gc.get_count(), gc.get_threshold(), strict=True)
            )
            if count > threshold > 0
        ]
        if full:
            gc.collect(max(full))
