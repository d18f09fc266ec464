"""A label of rich text made of a report, that follows the palette and can be copied."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QLabel, QWidget

Written = Callable[[str], str]
"""Takes the colour ``#rrggbb`` of what is pale."""


class ReportText(QLabel):
    """Shows what is written of a report."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._written: Written | None = None
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        flags = Qt.TextInteractionFlag
        self.setTextInteractionFlags(flags.TextSelectableByMouse | flags.TextSelectableByKeyboard)
        self.setAccessibleName(name)

    def write(self, written: Written | None) -> None:
        """Show something else, or nothing."""
        self._written = written
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._show()

    def _show(self) -> None:
        pale = self.palette().placeholderText().color().name()
        self.setText("" if self._written is None else self._written(pale))
        self.setVisible(self._written is not None)
