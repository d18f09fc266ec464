"""Edits the free attributes of a group or an annotation: keys and values in a table."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from slideviewer.annotations import Annotation, asap_attributes, with_only_asap_attributes
from slideviewer.ui.asking import agreed
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.session import Session

OWN_OF_ASAP = ("Name", "Type", "PartOfGroup", "Color")
"""What an annotation says elsewhere, so that no attribute can be called that."""


class AttributesDialog(QDialog):
    """A row an attribute; two rows of one key, or a value without a key, cannot be agreed to.

    Parameters
    ----------
    whose : str
        What has the attributes, for the title.
    values : mapping of str to str
    taken : container of str
        Keys that cannot be used.
    parent : QWidget
    history : sequence of str
        Sentences on who drew it.
    """

    def __init__(
        self,
        whose: str,
        values: Mapping[str, str],
        taken: Container[str],
        parent: QWidget,
        history: Sequence[str] = (),
    ) -> None:
        super().__init__(parent)
        self._taken = taken
        self.setWindowTitle(f"Attributes of {whose}")
        self.table = QTableWidget(0, 2)
        self.table.setHorizontalHeaderLabels(["Key", "Value"])
        self.table.setAccessibleName("Attributes")
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        self.add, self.remove = QPushButton("Add"), QPushButton("Remove")
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        row = QHBoxLayout()
        row.addWidget(self.add)
        row.addWidget(self.remove)
        row.addWidget(self.problem, 1)
        self.history = QLabel(" ".join(history))
        self.history.setTextFormat(Qt.TextFormat.PlainText)
        self.history.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.history.setWordWrap(True)
        self.history.setVisible(bool(history))
        column = QVBoxLayout(self)
        column.addWidget(self.history)
        column.addWidget(self.table, 1)
        column.addLayout(row)
        column.addWidget(self.buttons)
        self.resize(440, 320)
        for key, value in values.items():
            self._add_row(key, value)
        self.add.clicked.connect(self._add_and_edit)
        self.remove.clicked.connect(self._remove_chosen)
        self.table.itemChanged.connect(self._check)
        self.table.itemSelectionChanged.connect(self._check)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._check()

    def accept(self) -> None:
        """Agree; what is still being typed in a cell counts, however OK was pressed."""
        # A line is taken over when it loses the focus, which buttons of macOS leave where it is.
        self.table.setCurrentIndex(QModelIndex())
        if not self._what_is_wrong():
            super().accept()

    @property
    def values(self) -> dict[str, str]:
        """What stands in the table; rows with nothing in them do not count."""
        return {key: value for key, value in self._rows() if key or value}

    def _rows(self) -> list[tuple[str, str]]:
        return [(self._text(row, 0).strip(), self._text(row, 1)) for row in self._numbers()]

    def _numbers(self) -> range:
        return range(self.table.rowCount())

    def _text(self, row: int, column: int) -> str:
        item = self.table.item(row, column)
        return item.text() if item is not None else ""

    def _add_row(self, key: str = "", value: str = "") -> None:
        row = self.table.rowCount()
        self.table.insertRow(row)
        self.table.setItem(row, 0, QTableWidgetItem(key))
        self.table.setItem(row, 1, QTableWidgetItem(value))

    def _add_and_edit(self) -> None:
        self._add_row()
        row = self.table.rowCount() - 1
        self.table.setCurrentCell(row, 0)
        self.table.edit(self.table.model().index(row, 0))

    def _remove_chosen(self) -> None:
        for row in sorted({item.row() for item in self.table.selectedItems()}, reverse=True):
            self.table.removeRow(row)
        self._check()

    def _check(self) -> None:
        """Say what is wrong, and let only what is right be agreed to."""
        self.remove.setEnabled(bool(self.table.selectedItems()))
        problem = self._what_is_wrong()
        self.problem.setText(problem)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not problem)

    def _what_is_wrong(self) -> str:
        met: set[str] = set()
        for key, value in self._rows():
            if not key and value:
                return f"The value “{value}” has no key."
            if key in self._taken:
                return f"“{key}” is kept elsewhere: choose another key."
            if key and key in met:
                return f"“{key}” stands there twice."
            met.add(key)
        return ""


class Attributes:
    """Opens the dialog, and makes one undoable step of what was changed in it."""

    def __init__(self, session: Session, notices: NoticeStack, window: QWidget) -> None:
        self._session, self._notices, self._window = session, notices, window
        self.history: Callable[[Annotation], Sequence[str]] = lambda _: ()
        """Gives sentences on who drew an annotation."""

    def edit_group(self, name: str) -> None:
        """Edit those of a group."""
        document = self._session.document
        group = document.annotations.groups[name]
        values = self._asked(f"the group “{name}”", group.attributes, ())
        if values is not None and values != group.attributes:
            new = replace(group, attributes=values)
            document.apply(f"Change attributes of {name}", {}, (new,))

    def edit_selected(self) -> None:
        """Edit those of the one annotation that is selected."""
        document, ids = self._session.document, self._session.selection.ids
        if len(ids) != 1:
            self._notices.tell("Select one annotation first: its attributes are shown then.")
            return
        (annotation,) = (document.annotations[key] for key in ids)
        before = asap_attributes(annotation)
        whose = f"“{annotation.name}”" if annotation.name else "the annotation"
        values = self._asked(whose, before, OWN_OF_ASAP, self.history(annotation))
        if values is not None and values != before:
            new = with_only_asap_attributes(annotation, values)
            document.apply("Change attributes", {annotation.id: new})

    def _asked(
        self,
        whose: str,
        values: Mapping[str, str],
        taken: Container[str],
        history: Sequence[str] = (),
    ) -> dict[str, str] | None:
        dialog = AttributesDialog(whose, values, taken, self._window, history)
        is_agreed = agreed(dialog, self._session.document)
        chosen = dialog.values
        dialog.deleteLater()
        return chosen if is_agreed else None
