"""A prediction gives way to the hand: it stands still while the view moves."""

from __future__ import annotations

from time import monotonic

from PySide6.QtCore import QObject

from slideviewer.ui import settings
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.worker_talk import WorkerTalk

REST_SECONDS = 0.25
"""The prediction goes on when the view has not moved for so long."""

SAY_AGAIN_SECONDS = 0.1
"""While the view moves the worker is told this often, and not with every frame."""


class GivingWay(QObject):
    """Tells the worker to hold while any view moves, unless the user wants it otherwise."""

    def __init__(self, views: ViewGrid, talk: WorkerTalk) -> None:
        super().__init__(talk)
        self._talk = talk
        self._told_at = 0.0
        views.viewpoint_changed.connect(self._on_move)

    def _on_move(self) -> None:
        now = monotonic()
        if not self._talk.is_under_way or now - self._told_at < SAY_AGAIN_SECONDS:
            return
        if settings.read(settings.PREDICTION_WAITS):
            self._told_at = now
            self._talk.hold(REST_SECONDS)
