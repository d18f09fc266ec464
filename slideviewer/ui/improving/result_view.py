"""Before and after: what the corrected model is worth beside the one it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.ui import words

COUNTED = {
    "false_positives": "Wrongly the target, tiles",
    "false_negatives": "Target missed, tiles",
}


class ResultView(QWidget):
    """A headline, a table of scores, and what to think of them."""

    def __init__(self) -> None:
        super().__init__()
        self.headline, self.told = _wrapped(), _wrapped()
        bold = self.headline.font()
        bold.setBold(True)
        self.headline.setFont(bold)
        self.told.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.cells: dict[tuple[str, str], QLabel] = {}
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(4, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.headline)
        column.addLayout(self._grid)
        column.addWidget(self.told)
        column.addWidget(QLabel(RESEARCH_USE_ONLY))
        column.addStretch(1)

    def show_result(self, result: Mapping[str, Any]) -> None:
        """Show what the command told."""
        judgement = result["judgement"]
        self.headline.setText(judgement["words"])
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.cells.clear()
        for column, head in enumerate(("", "Before", "After", "Change, 95 % interval")):
            label = QLabel(head)
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            self._grid.addWidget(label, 0, column, _side(column))
        row = 0
        for change in judgement["changes"]:
            row += 1
            name = change["name"]
            self._put(row, name, change["title"], change["before"], change["after"])
            self._cell(row, 3, (name, "change"), _interval(change))
        for name, title in COUNTED.items():
            row += 1
            before, after = judgement[name]
            self._cell(row, 0, (name, "title"), title)
            self._cell(row, 1, (name, "before"), words.whole(before))
            self._cell(row, 2, (name, "after"), words.whole(after))
            self._cell(row, 3, (name, "change"), f"{after - before:+d}")
        parts = [f"Measured on {judgement['measured_on']}.", judgement["weakness"]]
        remembers = result["remembers"] or "nothing"
        parts += [
            f"Learnt from {words.whole(result['tiles'])} tiles, replay among them: {remembers}.",
            judgement["rule"] if judgement["is_worse"] else "",
        ]
        self.told.setText("\n".join(filter(None, parts)))

    def _put(
        self, row: int, name: str, title: str, before: float | None, after: float | None
    ) -> None:
        self._cell(row, 0, (name, "title"), title)
        self._cell(row, 1, (name, "before"), _number(before))
        self._cell(row, 2, (name, "after"), _number(after))

    def _cell(self, row: int, column: int, key: tuple[str, str], text: str) -> None:
        label = self.cells[key] = QLabel(text)
        self._grid.addWidget(label, row, column, _side(column))


def _wrapped() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _side(column: int) -> Qt.AlignmentFlag:
    is_number = column in (1, 2)
    return Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _interval(change: Mapping[str, Any]) -> str:
    before, after, low, high = (change[it] for it in ("before", "after", "low", "high"))
    if before is None or after is None:
        return "not defined"
    told = f"{after - before:+.3f}"
    return told if low is None or high is None else f"{told}  ({low:+.3f} to {high:+.3f})"
