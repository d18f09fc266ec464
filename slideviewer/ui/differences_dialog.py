"""Shows what is different between two sets of annotations, and perhaps asks what to do."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer.annotations.differences import Differences

MOST_LINES = 1000
"""More are counted instead of shown: nobody reads them."""


class DifferencesDialog(QDialog):
    """A heading, a line for each difference, and buttons.

    Parameters
    ----------
    title : str
    heading : str
        What is compared with what.
    found : Differences
    choices : sequence of str
        The words of the buttons; the last is also what Esc means, the first is the usual one.
    parent : QWidget
    """

    def __init__(
        self,
        title: str,
        heading: str,
        found: Differences,
        choices: Sequence[str],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.answer = choices[-1]
        words = QLabel(heading)
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setWordWrap(True)
        summary = QLabel(found.summary[0].upper() + found.summary[1:] + ".")
        summary.setWordWrap(True)
        lines = found.lines
        self.list = QListWidget()
        self.list.setAccessibleName("Differences")
        self.list.setUniformItemSizes(True)
        self.list.addItems(list(lines[:MOST_LINES]))
        if len(lines) > MOST_LINES:
            self.list.addItem(f"… and {len(lines) - MOST_LINES} more")
        self.list.setVisible(bool(lines))
        self.buttons: dict[str, QPushButton] = {}
        box = QDialogButtonBox()
        for choice in choices:
            role = QDialogButtonBox.ButtonRole
            button = QPushButton(choice)
            box.addButton(button, role.RejectRole if choice == choices[-1] else role.AcceptRole)
            button.clicked.connect(lambda _=False, choice=choice: self._close_with(choice))
            self.buttons[choice] = button
        self.buttons[choices[0]].setDefault(True)
        column = QVBoxLayout(self)
        for widget in (words, summary, self.list, box):
            column.addWidget(widget)

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return hint.expandedTo(QSize(520, 360)) if self.list.isVisibleTo(self) else hint

    def _close_with(self, choice: str) -> None:
        self.answer = choice
        self.done(QDialog.DialogCode.Accepted)
