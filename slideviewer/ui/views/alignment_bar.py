"""The slim bar above the views while two slides are being aligned."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer.ui.elided_label import ElidedLabel
from slideviewer.ui.views.landmarks import Landmarks


class AlignmentBar(QFrame):
    """Says what to do next, which points there are, and lets the user end it."""

    undo_wanted = Signal()
    mirrored_wanted = Signal(bool)
    forget_wanted = Signal()
    cancelled = Signal()
    finished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.points, self.words = QLabel(), ElidedLabel()
        self.points.setAccessibleName("Points")
        self.mirrored = QCheckBox("Mirrored")
        self.mirrored.setToolTip("One slide shows the other's back; three pairs tell it")
        self.undo = _button("Undo point", "Take back the last point (Backspace)")
        self.forget = _button("Forget", "Forget how these two slides were aligned before")
        self.cancel = _button("Cancel", "Leave the slides as they were (Esc)")
        self.done = _button("Done", "Have the views move together like this (Enter)")
        # The words have a line of their own: a bar that grew would move the slides under the
        # mouse.
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.points, 1)
        buttons = (self.undo, self.forget, self.cancel, self.done)
        for widget in (self.mirrored, *buttons):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 4)
        column.setSpacing(4)
        column.addWidget(self.words)
        column.addLayout(row)
        wanted = (self.undo_wanted, self.forget_wanted, self.cancelled, self.finished)
        for button, signal in zip(buttons, wanted, strict=True):
            button.clicked.connect(signal)
        self.mirrored.toggled.connect(self.mirrored_wanted)

    def show_landmarks(self, landmarks: Landmarks, words: str, *, is_enough: bool) -> None:
        """Show which points there are.

        Parameters
        ----------
        landmarks : Landmarks
        words : str
            What they say, or what to do next.
        is_enough : bool
            Whether the slides can be aligned by them.
        """
        numbers = [str(number + 1) for number in range(len(landmarks.pairs))]
        if landmarks.lagging_side is not None:
            numbers.append(f"{len(numbers) + 1} …")
        self.points.setText("Pairs: " + (", ".join(numbers) or "none"))
        self.words.set_words(words)
        self.undo.setEnabled(landmarks.count > 0)
        self.done.setEnabled(is_enough)


def _button(text: str, tip: str) -> QToolButton:
    made = QToolButton()
    made.setText(text)
    made.setToolTip(tip)
    return made
