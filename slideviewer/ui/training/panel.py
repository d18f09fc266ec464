"""The Training panel: the form, or the training that it began."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedLayout, QWidget

from slideviewer.ui.training.form import TrainingForm
from slideviewer.ui.training.run_view import RunView
from slideviewer.ui.training.scrolled import scrolled


class TrainingPanel(QWidget):
    """Its parts are made when they are first asked for: most windows never train."""

    watched = Signal(bool)  # whether anybody can see it
    made = Signal()  # its parts, just now

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stack = QStackedLayout(self)
        self._parts: tuple[TrainingForm, RunView] | None = None

    @property
    def form(self) -> TrainingForm:
        """Where it is said what to train."""
        return self._made[0]

    @property
    def run(self) -> RunView:
        """Where it is seen how it goes."""
        return self._made[1]

    @property
    def is_made(self) -> bool:
        """Whether its parts are there."""
        return self._parts is not None

    @property
    def shows_run(self) -> bool:
        """Whether a training is shown, and not the form."""
        return self._parts is not None and self._stack.currentIndex() == 1

    def show_form(self) -> None:
        """Ask what to train."""
        self._made[0].setFocus()
        self._stack.setCurrentIndex(0)

    def show_run(self) -> None:
        """Show how it goes."""
        assert self._made
        self._stack.setCurrentIndex(1)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        assert self._made
        self.watched.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.watched.emit(False)

    @property
    def _made(self) -> tuple[TrainingForm, RunView]:
        if self._parts is None:
            self._parts = TrainingForm(), RunView()
            self._stack.addWidget(self._parts[0])
            self._stack.addWidget(scrolled(self._parts[1]))
            self.made.emit()
        return self._parts
