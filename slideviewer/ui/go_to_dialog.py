"""The small dialog that asks where to go."""

from __future__ import annotations

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from slideviewer.errors import SlideviewerError
from slideviewer.slide import Slide
from slideviewer.ui.go_to import EXAMPLES, LONGEST_TEXT, Place, parse_place


class GoToDialog(QDialog):
    """Stays until the place makes sense, and says what is wrong with one that does not.

    Parameters
    ----------
    slide : Slide
    present : str
        What to begin with: the place in the middle of the view.
    """

    def __init__(self, slide: Slide, present: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Go to a place")
        self._slide = slide
        self.place: Place | None = None
        prompt = QLabel("Column and row, in pixels, µm or mm; a magnification after @:")
        prompt.setWordWrap(True)
        self.typed = QLineEdit(present)
        self.typed.setMaxLength(LONGEST_TEXT)
        self.typed.setAccessibleName("Place")
        self.typed.selectAll()
        prompt.setBuddy(self.typed)
        self.problem = QLabel(EXAMPLES)
        self.problem.setWordWrap(True)
        self.problem.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 4)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        go = buttons.addButton("Go", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self._go)
        buttons.rejected.connect(self.reject)
        self.typed.textEdited.connect(lambda _: self.problem.setText(EXAMPLES))
        column = QVBoxLayout(self)
        for widget in (prompt, self.typed, self.problem, buttons):
            column.addWidget(widget)
        go.setDefault(True)  # only now does the dialog know the button
        self.setMinimumWidth(440)

    def _go(self) -> None:
        slide = self._slide
        try:
            self.place = parse_place(
                self.typed.text(),
                slide.pyramid.extent,
                slide.spacing,
                QLocale().groupSeparator(),
            )
        except SlideviewerError as problem:
            self.problem.setText(str(problem))
            self.typed.setFocus()
            self.typed.selectAll()
            return
        self.accept()
