"""What of the annotations is wanted in their list: words of the name, a type, a group."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QToolButton, QWidget

from slideviewer.ui.annotation_rows import UNGROUPED, Filter, natural
from slideviewer.ui.document import Document
from slideviewer.ui.editing.assigning import in_tree_order
from slideviewer.ui.icons import icon

TYPING_MS = 150
"""After the last letter, before the list is searched."""

ALL_KINDS, ALL_GROUPS, NO_GROUP = "All types", "All groups", "In no group"

Choices = list[tuple[str, str | None]]
"""The words of each choice, and what it means."""


class Chooser(QComboBox):
    """Choices that are looked up whenever they are shown.

    Parameters
    ----------
    name : str
        For those who do not see it.
    choices : callable
        Gives the choices, the first one being "all of them".
    """

    def __init__(self, name: str, choices: Callable[[], Choices]) -> None:
        super().__init__()
        self._choices = choices
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.fill()

    @property
    def chosen(self) -> str | None:
        """What is wanted; None for all."""
        data = self.currentData()
        return data if isinstance(data, str) else None

    def choose(self, value: str | None) -> None:
        """Choose as a user would."""
        self.fill()
        self.setCurrentIndex(max(0, self.findData(value)))

    def fill(self) -> None:
        """Look the choices up; what is chosen stays, even if there is no such thing any more."""
        chosen, words = self.chosen, self.currentText()
        choices = self._choices()
        with QSignalBlocker(self):
            self.clear()
            for text, value in choices:
                self.addItem(text, value)
            if chosen is not None and self.findData(chosen) < 0:
                self.addItem(words, chosen)
            self.setCurrentIndex(max(0, self.findData(chosen)) if chosen is not None else 0)

    def showPopup(self) -> None:
        self.fill()
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 24)
        super().showPopup()


class AnnotationFilter(QWidget):
    """The line to search in and the two choices, above the list.

    Parameters
    ----------
    document : Document
    parent : QWidget, optional
    """

    changed = Signal()  # something else is wanted

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.words = QLineEdit()
        self.words.setPlaceholderText("Search names")
        self.words.setAccessibleName("Search names of annotations")
        self.words.setClearButtonEnabled(True)
        self.kind = Chooser("Type of the annotations listed", self._kinds)
        self.group = Chooser("Group of the annotations listed", self._groups)
        self.menu = QToolButton()
        self.menu.setToolTip("Columns, pictures and export")
        self.menu.setAccessibleName("Columns, pictures and export")
        self.menu.setAutoRaise(True)
        self.menu.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu.setIcon(icon("dots-vertical"))
        self.menu.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 8, 8, 4)
        grid.setSpacing(4)
        grid.addWidget(self.words, 0, 0, 1, 2)
        grid.addWidget(self.menu, 0, 2)
        grid.addWidget(self.kind, 1, 0)
        grid.addWidget(self.group, 1, 1, 1, 2)
        for column in (0, 1):
            grid.setColumnStretch(column, 1)
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(self.changed)
        self.words.textChanged.connect(lambda _: self._typing.start())
        self.words.returnPressed.connect(self._search_now)
        for chooser in (self.kind, self.group):
            chooser.currentIndexChanged.connect(lambda _: self.changed.emit())
        document.replaced.connect(self.clear)

    @property
    def wanted(self) -> Filter:
        """What is wanted now."""
        return Filter(self.words.text(), self.kind.chosen, self.group.chosen)

    def clear(self) -> None:
        """Want all."""
        self.words.clear()
        self.kind.choose(None)
        self.group.choose(None)
        self._search_now()

    def _search_now(self) -> None:
        self._typing.stop()
        self.changed.emit()

    def _kinds(self) -> Choices:
        kinds = {str(annotation.kind) for annotation in self._document.annotations}
        return [(ALL_KINDS, None), *((kind, kind) for kind in sorted(kinds, key=natural))]

    def _groups(self) -> Choices:
        names = in_tree_order(self._document.annotations.groups)
        return [(ALL_GROUPS, None), (NO_GROUP, UNGROUPED), *((name, name) for name in names)]
