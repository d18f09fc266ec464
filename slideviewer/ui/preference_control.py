"""Lets the window be as the preferences say, from its start and at every change."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QColor
from PySide6.QtWidgets import QWidget

from slideviewer.ui import keys, settings
from slideviewer.ui.look_control import LookControl
from slideviewer.ui.manner import Manner
from slideviewer.ui.preferences import Preferences
from slideviewer.ui.tiles.cache import LEAST_BYTES, TileCache, default_limit_bytes
from slideviewer.ui.views.grid import ViewGrid


class PreferenceControl(QObject):
    """Shows the dialog and does what is set in it."""

    def __init__(
        self, views: ViewGrid, cache: TileCache, looks: LookControl, window: QWidget
    ) -> None:
        super().__init__(window)
        self._views, self._cache, self._looks, self._window = views, cache, looks, window
        self._actions: Mapping[str, QAction] = {}
        self._dialog: Preferences | None = None

    def begin(self, actions: Mapping[str, QAction]) -> None:
        """Apply everything, now that there are actions to give keys to."""
        self._actions = actions
        keys.apply(actions)
        self._apply_manner()
        self._apply_cache()

    def show(self) -> None:
        """Open the dialog, or bring the open one to the front."""
        if self._dialog is None:
            self._dialog = Preferences(self._window)
            self._dialog.changed.connect(self._apply)
            self._dialog.keys_changed.connect(lambda: keys.apply(self._actions))
            self._dialog.finished.connect(self._forget)
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    def _forget(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None

    def _apply(self, name: str) -> None:
        if name == settings.CACHE_MIB.name:
            self._apply_cache()
        elif name == settings.ICC.name:
            self._looks.set_managed(settings.read(settings.ICC))
        else:
            self._apply_manner()

    def _apply_manner(self) -> None:
        self._views.set_manner(
            Manner(
                is_animated=settings.read(settings.ANIMATE),
                trackpad_pans=settings.read(settings.TRACKPAD) == "pan",
                background=QColor(settings.BACKGROUND_COLOURS[settings.read(settings.BACKGROUND)]),
            )
        )

    def _apply_cache(self) -> None:
        limit_bytes = settings.read(settings.CACHE_MIB) * 1024**2
        self._cache.limit_bytes = (
            max(LEAST_BYTES, limit_bytes) if limit_bytes else default_limit_bytes()
        )
