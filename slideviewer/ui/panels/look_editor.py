"""What every widget has in common that shows a look and lets the user have it another way."""

from __future__ import annotations

from typing import Generic, TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

LookT = TypeVar("LookT")


class LookEditor(QWidget, Generic[LookT]):
    """Holds one look, a frozen value. What comes from outside is shown and not said back."""

    changed = Signal(object)  # the look that the user wants now
    _replaced = Signal()  # another look is to be seen

    def __init__(self, look: LookT, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look

    @property
    def look(self) -> LookT:
        """What is shown."""
        return self._look

    def set_look(self, look: LookT) -> None:
        """Show another look; nothing is said back."""
        self._look = look
        self._replaced.emit()

    def _want(self, look: LookT) -> None:
        """Show what the user wants and say it, unless it is there already."""
        if look != self._look:
            self.set_look(look)
            self.changed.emit(look)
