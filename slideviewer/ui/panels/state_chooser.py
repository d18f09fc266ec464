"""Chooses which slides of a worklist are shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtWidgets import QComboBox, QWidget

from slideviewer.cohort.worklist import ReadingState
from slideviewer.ui.panels.tray_list import SlideList


class StateChooser(QComboBox):
    """All slides, or those of one state; hidden where there is no worklist."""

    def __init__(self, model: SlideList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setAccessibleName("Show slides that are")
        self.addItem("All slides", None)
        for state in ReadingState:
            self.addItem(str(state).capitalize(), state)
        self.currentIndexChanged.connect(lambda _: model.set_wanted(self.currentData()))
        self.hide()

    def show_states(self, states: Mapping[Path, ReadingState]) -> None:
        """Offer to choose, where there is anything to choose from."""
        self.setVisible(bool(states))
        if not states:
            self.setCurrentIndex(0)
