"""The window "Slide information": pictures, size and spacing, and all the file says."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSortFilterProxyModel, Qt
from PySide6.QtGui import QKeySequence, QShortcut, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from slideviewer.slide import Slide
from slideviewer.ui.jobs import Job
from slideviewer.ui.slide_facts import profile_fact, slide_facts
from slideviewer.ui.slide_pictures import picture_tabs
from slideviewer.ui.tables import telling_table

LONGEST_SHOWN = 2000
"""Characters of a value in the table; copying gives all of it."""


class SlideInfo(QDialog):
    """Shows one slide; it is closed with the slide.

    Parameters
    ----------
    slide : Slide
    """

    def __init__(self, slide: Slide, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slide = slide
        self.setWindowTitle(f"Slide information: {slide.path.name}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._model = QStandardItemModel(0, 2, self)
        self._model.setHorizontalHeaderLabels(["Property", "Value"])
        for name, value in slide_facts(slide):
            self._add(name, value, is_fact=True)
        self._profile = self._add("Colour profile", "…", is_fact=True)
        for name, value in sorted(slide.properties.items()):
            self._add(name, value)
        self.found = QSortFilterProxyModel(self)
        self.found.setSourceModel(self._model)
        self.found.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.found.setFilterKeyColumn(-1)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search the properties")
        self.search.textChanged.connect(self.found.setFilterFixedString)
        self.table = telling_table(self.found, "Properties of the slide")
        self.table.setColumnWidth(0, 200)
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().lineSpacing() + 8)
        self.copy = QPushButton("Copy")
        self.copy.setToolTip("Copy the selected rows as text, or all that are shown")
        self.copy.setAutoDefault(False)
        self.copy.clicked.connect(self._copy)
        copy_key = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.table)
        copy_key.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy_key.activated.connect(self._copy)
        close = QPushButton("Close")
        close.setAutoDefault(False)
        close.clicked.connect(self.close)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.search)
        column.addWidget(self.table, 1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.copy)
        buttons.addWidget(close)
        column.addLayout(buttons)
        self.pictures = picture_tabs(slide)
        left: QWidget = self.pictures or QLabel("There are no pictures\nbeside this slide.")
        if isinstance(left, QLabel):
            left.setAlignment(Qt.AlignmentFlag.AlignCenter)
        split = QSplitter()
        split.addWidget(left)
        split.addWidget(right)
        split.setSizes([300, 560] if self.pictures else [170, 690])
        split.setStretchFactor(1, 1)
        split.setChildrenCollapsible(False)
        outer = QVBoxLayout(self)
        outer.addWidget(split)
        self.resize(900, 560)
        # The window may be closed before it is read; the job then ends by itself.
        job = Job(lambda _: profile_fact(slide), QCoreApplication.instance())
        job.succeeded.connect(self._show_profile)
        job.start()

    @property
    def rows(self) -> list[tuple[str, str]]:
        """What the search has left, in order."""
        return [self._row(row) for row in range(self.found.rowCount())]

    def _add(self, name: str, value: str, *, is_fact: bool = False) -> QStandardItem:
        title, shown = QStandardItem(name), QStandardItem()
        _fill(shown, value)
        if is_fact:
            font = title.font()
            font.setBold(True)
            title.setFont(font)
        self._model.appendRow([title, shown])
        return shown

    def _show_profile(self, told: str) -> None:
        _fill(self._profile, told)

    def _row(self, row: int) -> tuple[str, str]:
        name, value = self.found.index(row, 0), self.found.index(row, 1)
        return str(name.data()), str(value.data(Qt.ItemDataRole.UserRole))

    def _copy(self) -> None:
        chosen = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        rows = [self._row(row) for row in chosen] if chosen else self.rows
        QApplication.clipboard().setText("\n".join(f"{name}\t{value}" for name, value in rows))


def _fill(item: QStandardItem, value: str) -> None:
    item.setText(" ".join(value[:LONGEST_SHOWN].split()))
    item.setData(value, Qt.ItemDataRole.UserRole)
    item.setToolTip(value[:LONGEST_SHOWN] if len(value) > 60 else "")
