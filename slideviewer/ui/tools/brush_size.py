"""How large the brush is."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from slideviewer.ui import settings

FACTOR = 1.25
"""By which one step, or one notch of the wheel, changes it."""


class BrushSize(QObject):
    """The diameter of brush and eraser on the screen, as it was when last used."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._diameter = settings.read(settings.BRUSH_SIZE)

    @property
    def diameter(self) -> int:
        """In screen pixels."""
        return self._diameter

    def change(self, steps: float) -> None:
        """Make it larger by so many steps, or smaller."""
        wanted = round(self._diameter * FACTOR**steps)
        if wanted == self._diameter and steps:
            wanted += 1 if steps > 0 else -1
        setting = settings.BRUSH_SIZE
        self._diameter = min(max(wanted, setting.lowest), setting.highest)
        settings.write(setting, self._diameter)
        self.changed.emit()
