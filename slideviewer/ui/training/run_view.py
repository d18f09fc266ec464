"""How a training goes: progress, curves, pictures, and what can be done."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.training.diary import BATCH_FILE, EXAMPLES_FILE
from slideviewer.training.following import RunState
from slideviewer.ui import words
from slideviewer.ui.elided_label import ElidedLabel
from slideviewer.ui.notices import Words
from slideviewer.ui.training.curves import Curves, names_of
from slideviewer.ui.training.phase import Phase
from slideviewer.ui.training.picture import Picture
from slideviewer.ui.training.watching import Seen

LOSS = "loss"
PREFERRED = ("dice", "roc_auc", "balanced_accuracy", "accuracy")
"""Of what is measured, the first one there is, is shown until the user chooses another."""

SAID = {
    Phase.STARTING: "Starting; reading the program takes some seconds …",
    Phase.PAUSED: "Paused. It keeps its memory, and goes on where it stands.",
    Phase.STOPPING: "Stopping …",
    Phase.FINISHED: "Finished. The model answered its own sample as it should.",
    Phase.STOPPED: "Stopped. Go on takes it up after the last epoch that was done.",
}
STOPPED_EARLY = "Stopped before its first epoch was done. Go on begins it again."


class RunView(QWidget):
    """Shows one training."""

    pause_wanted = Signal(bool)
    stop_wanted = Signal()
    go_on_wanted = Signal()
    options_wanted = Signal()  # back to the form
    model_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.phase = Phase.STARTING
        self.title, self.told = ElidedLabel(), QLabel()
        bold = self.title.font()
        bold.setBold(True)
        self.title.setFont(bold)
        self.told.setWordWrap(True)
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.told.setMinimumWidth(1)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setAccessibleName("Progress of the training")
        self.problem = Words("")
        self.pause, self.stop = QPushButton("Pause"), QPushButton("Stop")
        self.go_on, self.options = QPushButton("Go on"), QPushButton("Change options")
        self.use = QPushButton("Use this model")
        self.use.setToolTip("Choose it in the toolbar, and predict on the open slide")
        self.loss, self.measured = Curves(), Curves()
        self.metrics = QComboBox()
        self.metrics.setAccessibleName("Curve")
        self.batch = Picture("Tiles as the network sees them")
        self.examples = Picture("Held-out examples, the truth and what is found")
        self.notices = QLabel()
        self.notices.setWordWrap(True)
        self.notices.setTextFormat(Qt.TextFormat.PlainText)
        self.notices.setMinimumWidth(1)
        self.notices.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._state: RunState | None = None
        self._lay_out()
        self.pause.clicked.connect(lambda: self.pause_wanted.emit(self.phase != Phase.PAUSED))
        self.stop.clicked.connect(self.stop_wanted)
        self.go_on.clicked.connect(self.go_on_wanted)
        self.options.clicked.connect(self.options_wanted)
        self.use.clicked.connect(self.model_wanted)
        self.metrics.activated.connect(lambda _: self._show_metric())

    def _lay_out(self) -> None:
        use_only = QLabel(RESEARCH_USE_ONLY)
        use_only.setWordWrap(True)
        buttons = QHBoxLayout()
        for button in (self.pause, self.stop, self.go_on, self.use, self.options):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.addWidget(self.title)
        column.addWidget(self.bar)
        column.addWidget(self.told)
        column.addWidget(self.problem)
        column.addLayout(buttons)
        column.addWidget(self.loss)
        column.addWidget(self.metrics)
        column.addWidget(self.measured)
        column.addWidget(self.examples)
        column.addWidget(self.batch)
        column.addWidget(self.notices)
        column.addWidget(use_only)
        column.addStretch(1)

    def begin(self, title: str) -> None:
        """Show nothing of a former training any more."""
        self.title.set_words(title)
        self._state = None
        self.metrics.clear()
        for picture in (self.batch, self.examples):
            picture.show_image(type(picture.image)())
            picture.hide()
        self._show(Phase.STARTING, "", None)

    def look(self, seen: Seen) -> None:
        """Show what is seen now."""
        for name, picture in ((BATCH_FILE, self.batch), (EXAMPLES_FILE, self.examples)):
            if name in seen.pictures:
                picture.show_image(seen.pictures[name])
                picture.setVisible(not seen.pictures[name].isNull())
        self._show(seen.phase, seen.words, seen.state)

    def _show(self, phase: Phase, problem: str, state: RunState | None) -> None:
        """Show where it stands."""
        self.phase = phase
        is_told = state is not None and phase != Phase.STARTING
        step = state.step if state is not None and is_told else None
        said = SAID.get(phase, "")
        if phase == Phase.STOPPED and state is not None and not state.can_go_on:
            said = STOPPED_EARLY
        if phase == Phase.RUNNING:
            said = words.progress(step) if step is not None else "Beginning …"
        self.told.setText(said)
        self.told.setVisible(bool(said))
        self.bar.setVisible(phase.is_active)
        if step is not None and phase.is_active:
            self.bar.setRange(0, step.total)
            self.bar.setValue(step.done)
        elif phase.is_active:
            self.bar.setRange(0, 0)
        self.problem.setPlainText(problem)
        self.problem.updateGeometry()
        self.problem.setVisible(bool(problem))
        is_active, is_over = phase.is_active, not phase.is_active
        self.pause.setText("Resume" if phase == Phase.PAUSED else "Pause")
        self.pause.setVisible(is_active)
        self.pause.setEnabled(phase in (Phase.RUNNING, Phase.PAUSED))
        self.stop.setVisible(is_active)
        self.stop.setText("End at once" if phase == Phase.STOPPING else "Stop")
        can_go_on = phase == Phase.STOPPED or (
            phase == Phase.FAILED and state is not None and state.can_go_on
        )
        self.go_on.setVisible(can_go_on)
        self.options.setText("New training" if phase == Phase.FINISHED else "Change options")
        self.options.setVisible(is_over)
        self.use.setVisible(phase == Phase.FINISHED)
        self._show_rows(state if is_told else None)

    def _show_rows(self, state: RunState | None) -> None:
        former, self._state = self._state, state
        rows = state.rows if state is not None else ()
        has_any = bool(rows)
        for part in (self.loss, self.measured, self.metrics):
            part.setVisible(has_any)
        notices = "\n".join(state.notices) if state is not None else ""
        self.notices.setText(notices)
        self.notices.setVisible(bool(notices))
        # Without any there is nothing to draw, and no need to load what draws.
        if state is None or not has_any or (former is not None and former.rows is rows):
            return
        found = [name for name in names_of(rows) if name != LOSS]
        if [self.metrics.itemText(at) for at in range(self.metrics.count())] != found:
            chosen = self.metrics.currentText()
            self.metrics.clear()
            self.metrics.addItems(found)
            liked = [name for name in (chosen, *PREFERRED) if name in found]
            self.metrics.setCurrentText(next(iter(liked), ""))
        self.loss.show_rows(rows, LOSS, state.epochs)
        self._show_metric()

    def _show_metric(self) -> None:
        if self._state is not None:
            self.measured.show_rows(
                self._state.rows, self.metrics.currentText(), self._state.epochs
            )
