"""The form: what to train from what, and the command line that it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.ui.training.command import line_of, missing, words_of
from slideviewer.ui.training.field_widgets import FieldWidget
from slideviewer.ui.training.fields import Field, Kind, Task, Value
from slideviewer.ui.training.offers import Offer
from slideviewer.ui.training.scrolled import scrolled
from slideviewer.ui.training.tasks import NAME, OUT, TASKS

EACH = "--each"
"""Each of its models has a folder of its own, and only one can be looked at here."""
_LINES_SHOWN = 4


@dataclass(frozen=True)
class Filled:
    """What stands in a form, and the words that it comes to."""

    task: int
    source: int
    values: Mapping[str, Value]
    further: str
    words: tuple[str, ...]


class TrainingForm(QWidget):
    """Asks what is to be trained; fields follow the task and the kind of data."""

    start_wanted = Signal()
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values: dict[str, Value] = {}
        self._offer: Offer | None = None
        self._is_out_own = False  # whether the user chose the folder, and it follows no name
        self.task, self.source = QComboBox(), QComboBox()
        for place, it in enumerate(TASKS):
            self.task.addItem(it.title)
            self.task.setItemData(place, it.tip, Qt.ItemDataRole.ToolTipRole)
        self.offer = QPushButton()
        self.offer.hide()
        self.further = QLineEdit()
        self.further.setPlaceholderText("--seed 2 --title 'Tumour 2'")
        self.further.setToolTip("More options of the command, as they are typed; --help lists them")
        self.line = QPlainTextEdit()
        self.line.setReadOnly(True)
        self.line.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.line.setFixedHeight(_LINES_SHOWN * self.line.fontMetrics().lineSpacing() + 12)
        self.line.setTabChangesFocus(True)
        self.copy, self.start = QPushButton("Copy command"), QPushButton("Start training")
        self.needed = QLabel()
        self.needed.setWordWrap(True)
        self.fields: dict[str, FieldWidget] = {}
        self._lay_out()
        self.task.currentIndexChanged.connect(self._show_task)
        self.source.currentIndexChanged.connect(self._show_fields)
        self.further.textChanged.connect(self._show_line)
        self.offer.clicked.connect(self._take_offer)
        self.copy.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(self.line.toPlainText())
        )
        self.start.clicked.connect(self.start_wanted)
        self._show_task()

    def _lay_out(self) -> None:
        for box, name in (
            (self.task, "Task"),
            (self.source, "Kind of data"),
            (self.further, "Advanced"),
            (self.line, "Command line"),
        ):
            box.setAccessibleName(name)
        for choice in (self.task, self.source):
            choice.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
        self._rows = self._new_rows()
        top = self._new_rows()
        top.addRow("Train", self.task)
        top.addRow("From", self.source)
        foot = self._new_rows()
        foot.addRow("Advanced", self.further)
        words = QLabel(RESEARCH_USE_ONLY)
        words.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy)
        buttons.addStretch(1)
        buttons.addWidget(self.start)
        self._outer = top, foot
        asked = QWidget()
        inner = QVBoxLayout(asked)
        inner.addLayout(top)
        inner.addWidget(self.offer)
        inner.addLayout(self._rows)
        inner.addLayout(foot)
        inner.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scrolled(asked), 1)
        pinned = QVBoxLayout()
        pinned.setContentsMargins(8, 0, 8, 8)
        pinned.addWidget(self.line)
        pinned.addWidget(self.needed)
        pinned.addLayout(buttons)
        pinned.addWidget(words)
        column.addLayout(pinned)

    @staticmethod
    def _new_rows() -> QFormLayout:
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        rows.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        return rows

    @property
    def filled(self) -> Filled:
        """What stands there.

        Raises
        ------
        ValueError
            If a quotation mark is missing under *Advanced*.
        """
        further = self.further.text()
        words = words_of(self._task, self.source.currentIndex(), self._values, further)
        chosen = self.task.currentIndex(), self.source.currentIndex()
        return Filled(*chosen, dict(self._values), further, tuple(words))

    def fill(self, task: int, source: int, values: Mapping[str, Value], further: str = "") -> None:
        """Let this stand there."""
        self.task.setCurrentIndex(task)
        self.source.setCurrentIndex(source)
        self._values.update(values)
        self._is_out_own = True
        for option, widget in self.fields.items():
            widget.set_value(self._values.get(option, widget.value))
        self.further.setText(further)
        self._show_line()

    def offer_slides(self, offer: Offer | None) -> None:
        """Offer annotated slides, or offer none."""
        self._offer = offer
        self._show_offer()

    @property
    def _task(self) -> Task:
        return TASKS[self.task.currentIndex()]

    def _show_task(self) -> None:
        with QSignalBlocker(self.source):
            self.source.clear()
            self.source.addItems([it.title for it in self._task.sources])
        self._show_fields()

    def _show_fields(self) -> None:
        """Ask for what the task and its data need; what was typed before comes back."""
        while self._rows.rowCount():
            self._rows.removeRow(0)
        self.fields = {}
        for field in self._task.fields_of(self.source.currentIndex()):
            widget = self.fields[field.option] = FieldWidget(field)
            if field.first == "" or field.kind == Kind.FLAG:  # numbers are those of the command
                widget.set_value(self._values.get(field.option, field.first))
            self._values[field.option] = widget.value
            if field.kind == Kind.FLAG:
                self._rows.addRow(widget)
            else:
                label = QLabel(field.label)
                label.setBuddy(widget.box)
                self._rows.addRow(label, widget)
            widget.changed.connect(self._on_change)
            widget.edited.connect(lambda field=field: self._on_edit(field))
        self._align()
        self._show_offer()
        self._show_line()

    def _align(self) -> None:
        """Let what is asked first and last stand in one column with the rest."""
        width = self.fontMetrics().horizontalAdvance
        fields = self._task.fields_of(self.source.currentIndex())
        named = (it.label for it in fields if it.kind != Kind.FLAG)
        widest = max(width(label) for label in (*named, "Advanced"))
        for rows in (*self._outer, self._rows):
            for row in range(rows.rowCount()):
                item = rows.itemAt(row, QFormLayout.ItemRole.LabelRole)
                label = item.widget() if item is not None else None
                if label is not None:
                    label.setMinimumWidth(widest)

    def _on_edit(self, field: Field) -> None:
        if field.option == OUT:
            self._is_out_own = bool(self.fields[OUT].value)

    def _on_change(self) -> None:
        for option, widget in self.fields.items():
            self._values[option] = widget.value
        if not self._is_out_own:
            self.fields[OUT].set_value(self._usual_out())
            self._values[OUT] = self.fields[OUT].value
        self._show_line()

    def _usual_out(self) -> str:
        """A folder of the model's name beside the data."""
        name = str(self._values.get(NAME, ""))
        first = next(iter(self.fields.values()))
        data = str(first.value)
        return str(Path(data).absolute().parent / name) if name and data else ""

    def _show_line(self) -> None:
        """Show what will be typed, and what is still needed for it."""
        lost = missing(self._task, self.source.currentIndex(), self._values)
        words = f"Still needed: {', '.join(it.label for it in lost)}." if lost else ""
        try:
            self.line.setPlainText(line_of(self.filled.words))
        except ValueError:
            words = "A quotation mark is missing under Advanced."
        if not words and EACH in self.further.text().split():
            words = f"{EACH} trains several models, one after the other: copy it to a terminal."
        self.needed.setText(words)
        self.needed.setVisible(bool(words))
        self.start.setEnabled(not words)
        self.changed.emit()

    def _show_offer(self) -> None:
        offer = self._offer
        fits = offer is not None and offer.values_for(self._task.command) is not None
        self.offer.setVisible(fits and self.source.currentIndex() == 0)
        if offer is not None:
            self.offer.setText(offer.words)
            self.offer.setToolTip(str(offer.folder))

    def _take_offer(self) -> None:
        values = self._offer.values_for(self._task.command) if self._offer is not None else None
        for option, value in (values or {}).items():
            self.fields[option].set_value(value)
