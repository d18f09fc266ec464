"""The status line: where, how large, what is going on, and what is saved."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QStatusBar

from slideviewer.progress import Step
from slideviewer.ui import words
from slideviewer.ui.saving import Saving
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid


class StatusLine(QStatusBar):
    """Follows the session and the canvas."""

    problems_wanted = Signal()  # the user wants to know more of the damaged tiles

    def __init__(self, session: Session, views: ViewGrid, saving: Saving) -> None:
        super().__init__()
        self._views = views
        self.setSizeGripEnabled(False)
        self.setContentsMargins(8, 0, 8, 0)
        self.position, self.magnification = QLabel(), QLabel()
        self.hint, self.progress_text = QLabel(), QLabel()
        for label in (self.hint, self.progress_text):
            label.setMinimumWidth(1)  # long words must not widen the window
            label.setTextFormat(Qt.TextFormat.PlainText)  # names of groups stand in them
        self.saved = QLabel()
        self.problems = QPushButton()
        self.problems.setFlat(True)
        self.problems.setCursor(Qt.CursorShape.PointingHandCursor)
        self.problems.setToolTip("Show which tiles cannot be read, and why")
        self.problems.clicked.connect(self.problems_wanted)
        self.progress_bar = QProgressBar()
        self.progress_bar.setFixedWidth(140)
        self.progress_bar.setTextVisible(False)
        self.progress_bar.setAccessibleName("Progress of the prediction")
        for label, width in ((self.magnification, 150), (self.position, 230)):
            label.setMinimumWidth(width)
            self.addWidget(label)
        self.addWidget(self.hint, 1)
        for widget in (self.problems, self.progress_text, self.progress_bar, self.saved):
            self.addPermanentWidget(widget)
        self.show_problems(0)
        self.show_progress(None)
        views.hovered.connect(self._show_position)
        views.left.connect(self.position.clear)
        views.viewpoint_changed.connect(lambda _: self._show_magnification())
        views.active_changed.connect(self._on_view_changed)
        views.slide_changed.connect(self._on_view_changed)
        views.problem_found.connect(self.show_problems)
        self._document, self._saving = session.document, saving
        saving.changed.connect(self._show_saved)
        session.document.state_changed.connect(self._show_saved)

    def show_hint(self, hint: str) -> None:
        """Say what the tool in hand does."""
        self.hint.setText(hint)
        self.hint.setToolTip(hint)

    def show_problems(self, count: int) -> None:
        """Say how many tiles of the slide could not be read."""
        words_for = {0: "", 1: "1 damaged tile"}
        self.problems.setText(words_for.get(count, f"{count} damaged tiles"))
        self.problems.setVisible(count > 0)

    def show_progress(self, step: Step | None) -> None:
        """Show how far the prediction is, or that none is under way."""
        text = "" if step is None else words.progress(step)
        self.progress_text.setText(text)
        self.progress_text.setToolTip(text)
        self.progress_bar.setVisible(step is not None)
        if step is not None:
            self.progress_bar.setRange(0, step.total)  # 0 to 0 shows that the end is unknown
            self.progress_bar.setValue(step.done)

    def _on_view_changed(self) -> None:
        self.show_problems(len(self._views.active.tiles.problems))
        self.position.clear()
        self._show_magnification()
        self._show_saved()

    def _show_position(self, x: float, y: float) -> None:
        slide = self._views.active.slide
        if slide is not None:
            self.position.setText(words.position(x, y, slide.spacing))

    def _show_magnification(self) -> None:
        slide = self._views.active.slide
        scale = self._views.active.canvas.viewpoint.scale
        self.magnification.setText(words.magnification(scale, slide.spacing) if slide else "")

    def _show_saved(self) -> None:
        document = self._document
        problem = document.journal.problem
        tip = ""
        if self._saving.is_under_way:
            text = "Saving …"
        elif not document.is_saved and problem:
            text, tip = "Not saved · Not kept against a crash", problem
        elif not document.is_saved:
            text = "Not saved · Journal up to date"
            tip = "Every edit is on the disk and comes back after a crash"
        else:
            text = f"Saved {document.saved_at:%H:%M}" if document.saved_at is not None else ""
        self.saved.setText(text)
        self.saved.setToolTip(tip)
