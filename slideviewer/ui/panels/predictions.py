"""The Predictions panel: what waits, what runs and what came of the rest."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer.ui import words
from slideviewer.ui.elided_label import ElidedLabel
from slideviewer.ui.prediction_queue import Entry, PredictionQueue, State

EMPTY = (
    "Nothing is being predicted. Choose slides in the Slides panel, then Predict in their menu: "
    "they are predicted one after the other, and other slides can be looked at meanwhile."
)


class EntryRow(QFrame):
    """One slide: how far it is, and a button to cancel it or to try again."""

    open_wanted = Signal(object)  # Path of the slide, double-clicked

    def __init__(self, queue: PredictionQueue, entry: Entry) -> None:
        super().__init__()
        self._queue, self._entry = queue, entry
        self.name, self.told = ElidedLabel(), QLabel()
        self.told.setWordWrap(True)
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.told.setMinimumWidth(1)  # a long path must not push the button out of sight
        self.told.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.button = QToolButton()
        self.button.clicked.connect(self._on_button)
        top = QHBoxLayout()
        top.addWidget(self.name, 1)
        top.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 4)
        column.setSpacing(3)
        column.addLayout(top)
        column.addWidget(self.bar)
        column.addWidget(self.told)
        self.show_entry(entry)

    def show_entry(self, entry: Entry) -> None:
        """Show how far it is now."""
        self._entry = entry
        name = entry.order.slide.name
        self.name.set_words(name)
        model = entry.order.package.spec.title or entry.order.package.spec.name
        self.setToolTip(f"{entry.order.slide}\n{model}\nA double-click opens the slide")
        said = entry.state.value
        if entry.state == State.RUNNING and entry.step is not None:
            said = words.progress(entry.step)
        elif entry.state == State.FAILED and entry.told:
            said = entry.told
        self.told.setText(said)
        self.told.setToolTip(said if entry.state == State.FAILED else "")
        self.bar.setVisible(entry.state in (State.RUNNING, State.PAUSED))
        if entry.step is not None:
            self.bar.setRange(0, entry.step.total)
            self.bar.setValue(entry.step.done)
        action = "Cancel" if entry.is_active else "Try again"
        self.button.setText(action)
        self.button.setVisible(entry.state != State.DONE)
        self.button.setAccessibleName(f"{action}: {name}")
        self.bar.setAccessibleName(f"Progress of {name}")

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.open_wanted.emit(self._entry.order.slide)

    def _on_button(self) -> None:
        if self._entry.is_active:
            self._queue.cancel(self._entry.number)
        else:
            self._queue.retry(self._entry.number)


class PredictionsPanel(QWidget):
    """A row for each prediction that was asked for, the first one first."""

    open_wanted = Signal(object)  # Path of the slide to show

    def __init__(self, queue: PredictionQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._queue = queue
        self.rows: dict[int, EntryRow] = {}
        self.empty = QLabel(EMPTY)
        self.empty.setWordWrap(True)
        self.empty.setContentsMargins(12, 12, 12, 12)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.tidy = QPushButton("Take away what has ended")
        self.tidy.clicked.connect(queue.remove_ended)
        inner = QWidget()
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addStretch(1)
        self.scrolled = QScrollArea()
        self.scrolled.setWidget(inner)
        self.scrolled.setWidgetResizable(True)
        self.scrolled.setFrameShape(QFrame.Shape.NoFrame)
        self.scrolled.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.addWidget(self.empty, 1)
        column.addWidget(self.scrolled, 1)
        column.addWidget(self.tidy)
        queue.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        entries = {entry.number: entry for entry in self._queue.entries}
        for number in self.rows.keys() - entries.keys():
            row = self.rows.pop(number)
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        for place, (number, entry) in enumerate(entries.items()):
            if number in self.rows:
                self.rows[number].show_entry(entry)
                continue
            row = self.rows[number] = EntryRow(self._queue, entry)
            row.open_wanted.connect(self.open_wanted)
            self._column.insertWidget(place, row)
        self.empty.setVisible(not entries)
        self.scrolled.setVisible(bool(entries))
        self.tidy.setVisible(any(not entry.is_active for entry in entries.values()))
