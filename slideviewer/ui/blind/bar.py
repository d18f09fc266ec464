"""The slim bar above the views while slides are read blind."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from slideviewer.annotations.decisions import Ending, Reading
from slideviewer.ui import words
from slideviewer.ui.elided_label import ElidedLabel

NO_SLIDE = "Reading blind: predictions are hidden until a slide is read."
HIDDEN = "Reading blind: predictions are hidden until this slide is read."
SHOWN = "Reading blind: this slide is read, its predictions are shown."
SHOWN_UNREAD = "Reading blind: predictions of this slide were shown before it was read."

WORDS = {Ending.OPEN: HIDDEN, Ending.READ: SHOWN, Ending.SHOWN_UNREAD: SHOWN_UNREAD}


class BlindBar(QFrame):
    """Says that the mode is on, what that means for the slide, and how to end it."""

    end_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.words = ElidedLabel()
        font = self.words.font()
        font.setBold(True)
        self.words.setFont(font)
        self.words.setAccessibleName("Reading blind")
        self.mark, self.end = QToolButton(), QToolButton()
        self.end.setText("End blind reading")
        self.end.setToolTip("Show predictions from now on; what is not read yet is noted as such")
        # The words have a line of their own, as on the bar of the alignment: a narrow view would
        # cut them off beside the buttons.
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.mark)
        row.addStretch(1)
        row.addWidget(self.end)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 4)
        column.setSpacing(4)
        column.addWidget(self.words)
        column.addLayout(row)
        self.end.clicked.connect(self.end_wanted)

    def attach(self, actions: Mapping[str, QAction]) -> None:
        """Let the button do what the action does, and name its key."""
        action = actions["mark_read"]
        self.mark.clicked.connect(action.trigger)

        def say() -> None:
            self.mark.setText(f"Mark as read{words.key_in_brackets(action)}")
            self.mark.setToolTip(action.toolTip())

        action.changed.connect(say)
        say()

    def show_state(self, reading: Reading | None) -> None:
        """Tell how the slide that is open is or was read; None where none is open."""
        self.words.set_words(NO_SLIDE if reading is None else WORDS[reading.ending])
        self.mark.setEnabled(reading is not None and not reading.is_over)
