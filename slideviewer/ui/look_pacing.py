"""Gives views new looks no faster than they can show them."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

from PySide6.QtCore import QObject, QTimer

from slideviewer.ui.look import Look
from slideviewer.ui.tiles.source import TileSource
from slideviewer.ui.views.slide_view import SlideView

PATIENCE_SECONDS = 2.0
"""A file that hangs holds up the next look no longer than this."""

ASKING_MILLISECONDS = 15


@dataclass(frozen=True)
class _Waiting:
    """A look that is meant for what a view shows, and since when it waits."""

    source: TileSource | None
    look: Look
    since: float


class LookPacing(QObject):
    """Lets a look wait until the one before is fully shown, and drops those in between.

    So a slider can be dragged and something of each look is seen, instead of none in full.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: dict[SlideView, _Waiting] = {}
        self._clock = QTimer(self)
        self._clock.setInterval(ASKING_MILLISECONDS)
        self._clock.timeout.connect(self._go_on)

    def look_of(self, view: SlideView) -> Look:
        """The look that a view has, or is about to have."""
        waiting = self._waiting.get(view)
        is_meant = waiting is not None and waiting.source is view.tiles.source
        return waiting.look if waiting is not None and is_meant else view.look

    def want(self, view: SlideView, look: Look) -> None:
        """Give a view this look as soon as it has shown the one before."""
        if look == self.look_of(view):
            return
        former, source = self._waiting.get(view), view.tiles.source
        has_waited = former is not None and former.source is source
        since = former.since if former is not None and has_waited else monotonic()
        self._waiting[view] = _Waiting(source, look, since)
        self._go_on()

    def _go_on(self) -> None:
        for view, waiting in list(self._waiting.items()):
            is_late = monotonic() - waiting.since > PATIENCE_SECONDS
            if waiting.source is not view.tiles.source:
                del self._waiting[view]  # it was meant for the slide before
            elif is_late or not view.tiles.is_loading:
                del self._waiting[view]
                view.set_look(waiting.look)
        if not self._waiting:
            self._clock.stop()
        elif not self._clock.isActive():
            self._clock.start()
