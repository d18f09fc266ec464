"""The table that says which group is painted with which label, and in what order."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QRadioButton,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer.annotations import AnnotationSet
from slideviewer.annotations.masks import MOST_LABEL, Labels, proposed_labels
from slideviewer.ui import words

GROUP, LABEL, COUNT = range(3)
NONE = -1
"""The number that stands for no label of one's own."""
_ROWS_SHOWN = 6
LONGEST_NAME = 16
"""Letters of a group's name in the box of another one."""
_INDENT = "    "
"""Of a group that lies in another one."""


class LabelTable(QWidget):
    """Groups with their labels, and the order of painting.

    Parameters
    ----------
    annotations : AnnotationSet
    """

    changed = Signal()  # a label or the order is another one

    def __init__(self, annotations: AnnotationSet) -> None:
        super().__init__()
        self._annotations = annotations
        proposed = proposed_labels(annotations).values
        self._groups: list[str | None] = [*annotations.groups]
        if None in proposed:
            self._groups.append(None)
        self.boxes: dict[str | None, QSpinBox] = {
            group: self._box(group, proposed.get(group, NONE)) for group in self._groups
        }
        self.table = QTableWidget(len(self._groups), 3)
        self.table.setHorizontalHeaderLabels(["Group", "Label", "Shapes"])
        self.table.setAccessibleName("Groups and their labels")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(GROUP, QHeaderView.ResizeMode.Stretch)
        self.as_in_file = QRadioButton("the file's")
        self.as_in_table = QRadioButton("this table's, the lowest row on top")
        self.as_in_file.setChecked(True)
        self.up, self.down = self._mover("▲", "up", -1), self._mover("▼", "down", 1)
        order = QHBoxLayout()
        order.addWidget(QLabel("Order of painting:"))
        order.addWidget(self.as_in_file)
        order.addWidget(self.as_in_table)
        order.addStretch(1)
        order.addWidget(self.up)
        order.addWidget(self.down)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)
        column.addLayout(order)
        self.as_in_table.toggled.connect(self._show_order)
        self.table.itemSelectionChanged.connect(self._show_movers)
        self._fill()
        row = self.table.verticalHeader().defaultSectionSize()
        self.table.setMinimumHeight((min(len(self._groups), _ROWS_SHOWN) + 1) * row + 4)
        self._show_movers()

    @property
    def labels(self) -> Labels:
        """What is chosen now."""
        values = {group: box.value() for group, box in self.boxes.items() if box.value() != NONE}
        return Labels(values, tuple(self._groups) if self.as_in_table.isChecked() else None)

    def _box(self, group: str | None, label: int) -> QSpinBox:
        box = QSpinBox()
        box.setRange(NONE, MOST_LABEL)
        box.setValue(label)
        around = self._annotations.lineage(group)[1:]
        box.setSpecialValueText(f"as {_short(around[0])}" if around else "not painted")
        box.setAccessibleName(f"Label of {_name(group)}")
        box.setToolTip("0 paints background.")
        box.valueChanged.connect(lambda _: self.changed.emit())
        return box

    def _mover(self, sign: str, where: str, by: int) -> QToolButton:
        button = QToolButton()
        button.setText(sign)
        button.setToolTip(f"Move the chosen group {where}")
        button.setAccessibleName(f"Move the chosen group {where}")
        button.clicked.connect(lambda: self._move(by))
        return button

    def _fill(self) -> None:
        shapes: dict[str | None, int] = {}
        for annotation in self._annotations:
            shapes[annotation.group] = shapes.get(annotation.group, 0) + 1
        for row, group in enumerate(self._groups):
            depth = len(self._annotations.lineage(group)[1:])
            self.table.setItem(row, GROUP, QTableWidgetItem(_INDENT * depth + _name(group)))
            count = QTableWidgetItem(words.whole(shapes.get(group, 0)))
            count.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(row, COUNT, count)
            self.table.setCellWidget(row, LABEL, self.boxes[group])

    def _move(self, by: int) -> None:
        row = self.table.currentRow()
        self._groups.insert(row + by, self._groups.pop(row))
        values = {group: box.value() for group, box in self.boxes.items()}
        # A cell's widget is deleted with its place, so that each group gets another one.
        self.boxes = {group: self._box(group, values[group]) for group in self._groups}
        self._fill()
        self.table.selectRow(row + by)
        self.changed.emit()

    def _show_order(self) -> None:
        self._show_movers()
        self.changed.emit()

    def _show_movers(self) -> None:
        row = self.table.currentRow() if self.table.selectedItems() else -1
        can_move = self.as_in_table.isChecked() and row >= 0
        self.up.setEnabled(can_move and row > 0)
        self.down.setEnabled(can_move and row < len(self._groups) - 1)


def _name(group: str | None) -> str:
    return "In no group" if group is None else group


def _short(name: str) -> str:
    """A name that leaves the groups themselves their room."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
