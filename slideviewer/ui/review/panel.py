"""The Review panel: what differs, how far the reader has come, and the verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer.annotations.decisions import Decision
from slideviewer.evaluation.findings.findings import FindingKind, Order
from slideviewer.ui import settings, words
from slideviewer.ui.review.list_model import ReviewList
from slideviewer.ui.review.queue import Item, ReviewQueue
from slideviewer.ui.review.views import FindingsViews, Pictures

REASONS = (
    "Artefact",
    "Benign",
    "Inflammation",
    "Necrosis",
    "Out of focus",
    "Too small to matter",
    "Border drawn by convention",
)
"""Codes for why something was decided so; the reader may type another one."""

KINDS: Mapping[str, frozenset[FindingKind]] = {
    "All kinds": frozenset(FindingKind),
    "Whole regions": frozenset({FindingKind.PREDICTED, FindingKind.MARKED}),
    "Predicted, not marked": frozenset({FindingKind.PREDICTED}),
    "Marked, not predicted": frozenset({FindingKind.MARKED}),
    "Borders": frozenset({FindingKind.BEYOND_MARKUP, FindingKind.BEYOND_PREDICTION}),
    "Uncertain": frozenset({FindingKind.UNCERTAIN}),
}
ORDERS: Mapping[str, Order] = {
    "Size and score": "mix",
    "Largest first": "size",
    "Surest first": "score",
}

LEAST = settings.Setting("review_least_um2", 5000, highest=10_000_000)
GRID = settings.Setting("review_grid", False)
MARGIN = settings.Setting("review_margin_percent", 0, highest=50)

NOTHING = "Nothing to review: prediction and markup agree."
NO_PREDICTION = (
    "Nothing to compare yet. Predict on the slide, or open one that was predicted: where red and "
    "blue differ, each place comes here to be decided."
)
UNREAD = "Hidden until the slide is marked as read: it is read without the prediction first."


class ReviewPanel(QWidget):
    """The queue as a list, and what is decided on its current row.

    Parameters
    ----------
    queue : ReviewQueue
    picture_of : callable
        The picture of an item, small or large; None while there is none.
    """

    watched = Signal(bool)  # whether anybody can see it
    row_wanted = Signal(int)  # the row to look at
    pictures_wanted = Signal(list, bool)  # items in view, and whether large ones are wanted
    group_wanted = Signal(object)  # the group to compare with; None for all
    rules_wanted = Signal(float, float)  # least area in µm², and how near the threshold is doubt
    told = Signal(str, str)  # reason and note on the current item were changed

    def __init__(
        self,
        queue: ReviewQueue,
        picture_of: Pictures,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._queue = queue
        self.model = ReviewList(queue, self)
        self.kinds, self.orders, self.groups = QComboBox(), QComboBox(), QComboBox()
        self.kinds.addItems(list(KINDS))
        self.orders.addItems(list(ORDERS))
        self.least = QSpinBox(maximum=LEAST.highest, singleStep=1000, suffix=" µm²")
        self.least.setValue(settings.read(LEAST))
        self.least.setGroupSeparatorShown(True)
        self.least.setToolTip("Smaller regions are left out")
        self.margin = QDoubleSpinBox(maximum=0.5, singleStep=0.01, decimals=2, prefix="± ")
        self.margin.setSpecialValueText("Off")
        self.margin.setValue(settings.read(MARGIN) / 100)
        self.margin.setToolTip("Probabilities as near to the threshold as this are uncertain")
        self.shows_decided = QCheckBox("Decided ones, too")
        self.shows_decided.setChecked(True)
        self.bar, self.counted = QProgressBar(), QLabel()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.views = FindingsViews(queue, self.model, picture_of)
        self.list, self.grid = self.views.list, self.views.grid
        self.as_grid = QToolButton()
        self.as_grid.setAutoRaise(True)
        self.empty = QLabel(NO_PREDICTION)
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.reason, self.note = QComboBox(), QLineEdit()
        self.reason.setEditable(True)
        self.reason.addItems(["", *REASONS])
        self.reason.setAccessibleName("Reason")
        self.note.setAccessibleName("Note on the finding")
        self.note.setPlaceholderText("Note")
        line = self.reason.lineEdit()
        assert line is not None
        line.setPlaceholderText("Reason")
        self._is_hidden = False
        self._told_of: tuple[str, Decision | None] | None = None  # what the words are on
        self.buttons: dict[str, QPushButton] = {}
        self.improve = QPushButton("Improve the model…")
        self._lay_out()
        for box in (self.kinds, self.orders):
            box.currentIndexChanged.connect(lambda _: self._choose_rows())
        for number in (self.least, self.margin):
            number.setKeyboardTracking(False)
            number.valueChanged.connect(lambda _: self._choose_rules())
        self.shows_decided.toggled.connect(lambda _: self._choose_rows())
        self.groups.currentIndexChanged.connect(
            lambda _: self.group_wanted.emit(self.groups.currentData())
        )
        self.views.row_wanted.connect(self.row_wanted)
        self.views.pictures_wanted.connect(self.pictures_wanted)
        self.reason.activated.connect(lambda _: self._tell())
        line.editingFinished.connect(self._tell)
        self.note.editingFinished.connect(self._tell)
        queue.changed.connect(self._show)
        queue.decided.connect(self._show_decided)
        queue.current_changed.connect(self._show_current)
        self._show()
        self._show_current()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        named = (
            ("Show", self.kinds),
            ("Order", self.orders),
            ("Against", self.groups),
            ("At least", self.least),
            ("Doubt", self.margin),
        )
        for row, (name, box) in enumerate(named):
            label = QLabel(name)
            label.setBuddy(box)
            box.setAccessibleName(name)
            grid.addWidget(label, row, 0)
            grid.addWidget(box, row, 1)
        grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.addLayout(grid)
        above = QHBoxLayout()
        above.addWidget(self.shows_decided, 1)
        above.addWidget(self.as_grid)
        column.addLayout(above)
        column.addWidget(self.counted)
        column.addWidget(self.bar)
        column.addWidget(self.empty, 1)
        column.addWidget(self.views, 1)
        column.addWidget(self.reason)
        column.addWidget(self.note)
        rows = (("accept", "reject"), ("defer", "relabel"))
        for names in rows:
            line = QHBoxLayout()
            for name in names:
                button = self.buttons[name] = QPushButton(name.capitalize())
                line.addWidget(button)
            column.addLayout(line)
        column.addWidget(self.improve)

    def attach(self, actions: Mapping[str, QAction]) -> None:
        """Let the buttons do what these actions do, and name their keys."""
        self.as_grid.setDefaultAction(actions["review_grid"])
        actions["review_grid"].setChecked(settings.read(GRID))
        for name, button in self.buttons.items():
            action = actions[name]
            button.clicked.connect(action.trigger)

            def say(button: QPushButton = button, action: QAction = action) -> None:
                button.setText(f"{button.objectName()}{words.key_in_brackets(action)}")
                button.setToolTip(action.toolTip())

            button.setObjectName(name.capitalize())
            action.changed.connect(say)
            say()
        self.improve.clicked.connect(actions["improve_model"].trigger)
        self.improve.setToolTip(actions["improve_model"].toolTip())

    def repaint_pictures(self) -> None:
        """There are other pictures."""
        self.views.shown.viewport().update()

    def show_grid(self, is_wanted: bool) -> None:
        """Show the findings as a grid of pictures, or as a list."""
        settings.write(GRID, is_wanted)
        self.views.show_grid(is_wanted)

    def set_groups(self, groups: Sequence[str | None], chosen: str | None) -> None:
        """Offer groups to compare with; None stands for all."""
        with QSignalBlocker(self.groups):
            self.groups.clear()
            for group in groups:
                self.groups.addItem("All groups" if group is None else group, group)
            self.groups.setCurrentIndex(max(0, self.groups.findData(chosen)))

    def set_hidden(self, is_hidden: bool) -> None:
        """Say why nothing is listed while the slide is read without the prediction."""
        self._is_hidden = is_hidden
        self._show()

    @property
    def said(self) -> tuple[str, str]:
        """Reason and note as they stand there."""
        return self.reason.currentText().strip(), self.note.text().strip()

    @property
    def rules(self) -> tuple[float, float]:
        """The least area in µm², and how near the threshold a probability is in doubt."""
        return float(self.least.value()), self.margin.value()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.watched.emit(True)
        self.views.want_pictures()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.watched.emit(False)

    def _choose_rows(self) -> None:
        self._queue.filter(
            KINDS[self.kinds.currentText()],
            self.shows_decided.isChecked(),
            ORDERS[self.orders.currentText()],
        )

    def _choose_rules(self) -> None:
        settings.write(LEAST, self.least.value())
        settings.write(MARGIN, round(100 * self.margin.value()))
        self.rules_wanted.emit(*self.rules)

    def _tell(self) -> None:
        self.told.emit(*self.said)

    def _show(self) -> None:
        done, count = self._queue.progress
        self.counted.setText(f"{words.whole(done)} of {words.whole(count)} reviewed")
        self.bar.setRange(0, max(1, count))
        self.bar.setValue(done)
        has_any = len(self._queue) > 0
        nothing = NO_PREDICTION if self._queue.found is None else NOTHING
        self.empty.setText(UNREAD if self._is_hidden else nothing)
        self.empty.setVisible(not has_any)
        self.views.setVisible(has_any)
        for part in (self.bar, self.counted):
            part.setVisible(count > 0)

    def _show_decided(self, row: int) -> None:
        self.views.paint_row(row)
        self._show()
        if row == self._queue.current_row:
            self._show_words(self._queue.current)

    def _show_current(self) -> None:
        item = self._queue.current
        self.views.show_row(self._queue.current_row)
        self._show_words(item)
        can_decide = item is not None and item.finding is not None
        for button in self.buttons.values():
            button.setEnabled(can_decide)
        for line in (self.reason, self.note):
            line.setEnabled(item is not None)

    def _show_words(self, item: Item | None) -> None:
        """Show reason and note; what is being typed stays while item and decision do."""
        told = (item.key, item.decision) if item is not None else None
        if told == self._told_of:
            return
        self._told_of = told
        decision = item.decision if item is not None else None
        with QSignalBlocker(self.reason), QSignalBlocker(self.note):
            self.reason.setCurrentText(decision.reason if decision is not None else "")
            self.note.setText(decision.note if decision is not None else "")
