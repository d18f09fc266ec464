"""The dialog that asks how a mask becomes annotations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QCompleter,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from slideviewer.annotations.masks import (
    MOST_LABEL,
    UNGROUPED_WORD,
    HoleStyle,
    MaskGrid,
    Outlining,
    group_named,
)
from slideviewer.slide import Slide, Spacing
from slideviewer.slide.masks import MaskImport, MaskSummary
from slideviewer.ui import words

LABEL, PIXELS, GROUP = range(3)
HOLES = {
    "Annotations of a group “… (hole)”, which stay background": HoleStyle.GROUP,
    "Cut open: one outline that goes in to the hole and back": HoleStyle.CUT,
}
MOST_LABELS_LISTED = 50
"""More different values than this are taken for the greys of a picture."""
WHITE_FROM = 128
SMOOTHING_PX = 0.75
"""Proposed, in the mask's pixels: it turns the steps of a slanting edge into a straight line."""
_ROWS_SHOWN = 5


class ImportMaskDialog(QDialog):
    """Which label becomes which group, and how closely outlines follow the pixels.

    Parameters
    ----------
    path : Path
    summary : MaskSummary
        What the file holds.
    slide : Slide
    groups : sequence of str
        Names to choose from.

    Attributes
    ----------
    names : dict of int to QComboBox
        For each label listed, where its group is typed or chosen.
    """

    def __init__(
        self,
        path: Path,
        summary: MaskSummary,
        slide: Slide,
        groups: Sequence[str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import mask")
        self._slide, self._summary, self._known = slide, summary, [*groups]
        self.names: dict[int, QComboBox] = {}
        self._size = slide.pyramid.width, slide.pyramid.height
        self._grid = MaskGrid.fitted(self._size, summary.size)
        told = QLabel(
            f"{path.name}: {words.whole(summary.size[0])} × {words.whole(summary.size[1])} px, "
            f"laid over the whole slide. One of its pixels covers "
            f"{words.short(self._grid.scale_x)} × {words.short(self._grid.scale_y)} px of it."
        )
        told.setWordWrap(True)
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels(["Label", "Pixels", "Becomes group"])
        self.table.setAccessibleName("Labels and the groups they become")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(GROUP, QHeaderView.ResizeMode.Stretch)
        self.one_label = QCheckBox("Everything from this grey on is one label:")
        self.threshold = QSpinBox()
        self.threshold.setRange(1, MOST_LABEL)
        self.threshold.setValue(WHITE_FROM)
        self.threshold.setAccessibleName("Lowest grey of the label")
        self.smoothing, self.smallest = QDoubleSpinBox(), QDoubleSpinBox()
        self.smoothing.setRange(0, 100)
        self.smoothing.setSingleStep(0.25)
        self.smoothing.setValue(SMOOTHING_PX)
        self.smoothing.setSuffix(" px of the mask")
        self.smoothing.setSpecialValueText("not at all: every corner is kept")
        self.smoothing.setToolTip("How far outlines may leave the sides of the pixels")
        self.smallest.setRange(0, 1e12)
        self.smallest.setDecimals(1)
        self.smallest.setSuffix(" µm²" if isinstance(slide.spacing, Spacing) else " px²")
        self.smallest.setSpecialValueText("nothing")
        self.smallest.setToolTip("Smaller regions are left out, smaller holes closed")
        self.holes = QComboBox()
        self.holes.addItems(list(HOLES))
        form = QFormLayout()
        for name, box in (
            ("Smooth outlines by", self.smoothing),
            ("Leave out below", self.smallest),
            ("Holes become", self.holes),
        ):
            box.setAccessibleName(name)
            form.addRow(name, box)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        take = buttons.addButton("Add to the annotations", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        white = QHBoxLayout()
        white.addWidget(self.one_label)
        white.addWidget(self.threshold)
        white.addStretch(1)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addWidget(told)
        column.addWidget(self.table, 1)
        column.addLayout(white)
        column.addLayout(form)
        column.addWidget(buttons)
        take.setDefault(True)  # only now does the dialog know the button
        self.setMinimumWidth(560)
        self.one_label.toggled.connect(self._fill)
        self.one_label.toggled.connect(self.threshold.setEnabled)
        self.threshold.valueChanged.connect(lambda _: self._fill())
        self.one_label.setChecked(len(summary.labels) > MOST_LABELS_LISTED)
        self.threshold.setEnabled(self.one_label.isChecked())
        self._fill()

    @property
    def how(self) -> MaskImport:
        """What is chosen now."""
        groups = {
            label: group_named(box.currentText().strip()) for label, box in self.names.items()
        }
        return MaskImport(
            Outlining(
                groups,
                self.smoothing.value() * max(self._grid.scale_x, self._grid.scale_y),
                HOLES[self.holes.currentText()],
            ),
            self.threshold.value() if self.one_label.isChecked() else None,
            self._smallest_px2,
            self._size,
        )

    @property
    def _smallest_px2(self) -> float:
        spacing, smallest = self._slide.spacing, self.smallest.value()
        if isinstance(spacing, Spacing):
            return smallest / (spacing.x_um_px * spacing.y_um_px)
        return smallest

    def _fill(self) -> None:
        """List the labels, each with the group that its name or number suggests."""
        labels = self._summary.labels
        if self.one_label.isChecked():
            pixels = sum(n for grey, n in labels.items() if grey >= self.threshold.value())
            labels = {1: pixels}
        shown = dict([*labels.items()][:MOST_LABELS_LISTED])
        typed = {label: box.currentText() for label, box in self.names.items()}
        self.names = {}
        self.table.setRowCount(len(shown))
        for row, (label, pixels) in enumerate(shown.items()):
            number = QTableWidgetItem(str(label))
            count = QTableWidgetItem(words.whole(pixels))
            for item in (number, count):
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(row, LABEL, number)
            self.table.setItem(row, PIXELS, count)
            box = QComboBox()
            box.setEditable(True)
            # It offers names; Qt's own would make “Label 10” of a new “Label 1”.
            box.setCompleter(QCompleter(box.model(), box))
            box.addItems(self._known)
            proposed = self._summary.groups.get(label, f"Label {label}") or UNGROUPED_WORD
            box.setCurrentText(typed.get(label, proposed))
            box.setAccessibleName(f"Group of label {label}")
            line = box.lineEdit()
            if line is not None:
                line.setPlaceholderText("left out")
            self.names[label] = box
            self.table.setCellWidget(row, GROUP, box)
        row_height = self.table.verticalHeader().defaultSectionSize()
        self.table.setMinimumHeight((min(max(1, len(shown)), _ROWS_SHOWN) + 1) * row_height + 4)
