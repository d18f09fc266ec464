"""The window "Problems of the slide": which tiles are damaged, and why."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer.geometry import Rect
from slideviewer.slide import TileKey
from slideviewer.ui.tables import telling_table
from slideviewer.ui.tiles.source import TileSource

COLUMNS = ("Level", "Column", "Row", "Place (px)", "Reason")

PLACE_END = " cannot be read: "
REST_READABLE = " The file is damaged there; the rest may still be read."
"""Around the reason in what is said of a damaged tile."""

MOST_LISTED = 1000
"""Rows; a slide with more is damaged as a whole."""


class SlideProblems(QDialog):
    """Lists the damaged tiles of a slide as they are found; it is closed with the slide.

    Parameters
    ----------
    source : TileSource
    """

    jump_wanted = Signal(object)  # the level-0 Rect of a damaged tile

    def __init__(self, source: TileSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.source = source
        self._keys: list[TileKey] = []
        self.setWindowTitle(f"Problems of {source.slide.path.name}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self._model = QStandardItemModel(0, len(COLUMNS), self)
        self._model.setHorizontalHeaderLabels(list(COLUMNS))
        self.table = telling_table(self._model, "Damaged tiles")
        self.table.setWordWrap(True)
        self.table.setTextElideMode(Qt.TextElideMode.ElideNone)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        # Rows that find their height themselves do so anew, all of them, for every one added.
        # Queued: a scroll bar that comes or goes makes the last column another width once more.
        header.sectionResized.connect(
            self.table.resizeRowsToContents, Qt.ConnectionType.QueuedConnection
        )
        self.table.activated.connect(lambda index: self._jump(index.row()))
        self.again = QPushButton("Try again")
        self.again.setToolTip("Read the damaged tiles once more: the drive may be back")
        self.copy = QPushButton("Copy as text")
        close = QPushButton("Close")
        for button in (self.again, self.copy, close):
            button.setAutoDefault(False)
        self.again.clicked.connect(source.try_again)
        self.copy.clicked.connect(lambda: QApplication.clipboard().setText(self.text))
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addWidget(self.again)
        buttons.addStretch(1)
        buttons.addWidget(self.copy)
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.addWidget(self.summary)
        column.addWidget(self.table, 1)
        column.addLayout(buttons)
        self.resize(720, 380)
        source.problem_found.connect(self._show)
        self._show()

    @property
    def text(self) -> str:
        """All that is known, a line a tile, separated by tabs."""
        lines = ["\t".join(COLUMNS)]
        for key, reason in self.source.problems.items():
            lines.append("\t".join(self._cells(key, reason)))
        return "\n".join([str(self.source.slide.path), *lines])

    def _show(self, _: int = 0) -> None:
        problems = self.source.problems
        count = len(problems)
        words = {0: "No tile of this slide has failed so far.", 1: "1 tile cannot be read."}
        text = words.get(count, f"{count} tiles cannot be read.")
        if count:
            hatched = "It is" if count == 1 else "They are"
            text += f" {hatched} hatched on the slide; all else can be used. "
            text += "Double-click to go there."
        if count > MOST_LISTED:
            text += f" The first {MOST_LISTED} are listed."
        self.summary.setText(text)
        listed = list(problems)[:MOST_LISTED]
        if listed[: len(self._keys)] != self._keys:
            self._model.removeRows(0, self._model.rowCount())
            self._keys = []
        for key in listed[len(self._keys) :]:
            items = [QStandardItem(cell) for cell in self._cells(key, problems[key])]
            for item in items[:3]:
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
            self._model.appendRow(items)
            self.table.resizeRowToContents(self._model.rowCount() - 1)
        self._keys = listed
        self.again.setEnabled(bool(count))
        self.copy.setEnabled(bool(count))

    def _cells(self, key: TileKey, reason: str) -> list[str]:
        rect = self._rect(key)
        place = f"{rect.x:.0f}, {rect.y:.0f}"
        downsample = self.source.shown.pyramid.levels[key.level].downsample
        level = f"{key.level} (1 : {downsample:.3g})"
        return [level, str(key.column), str(key.row), place, self._alone(reason)]

    def _alone(self, reason: str) -> str:
        """The reason without what stands elsewhere in this window: file, place and comfort."""
        plain = " ".join(reason.removeprefix(f"{self.source.slide.path}: ").split())
        _, place, alone = plain.removesuffix(REST_READABLE).rpartition(PLACE_END)
        return alone[:1].upper() + alone[1:] if place else alone

    def _rect(self, key: TileKey) -> Rect:
        return self.source.shown.pyramid.tile_rect(key)

    def _jump(self, row: int) -> None:
        self.jump_wanted.emit(self._rect(self._keys[row]))
