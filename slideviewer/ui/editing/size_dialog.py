"""The small dialog that asks how large a rectangle is to be."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from slideviewer.slide import Spacing, UnknownSpacing

LARGEST = 1_000_000.0
"""Micrometres or pixels along one side: beyond any slide."""


class SizeDialog(QDialog):
    """Asks for width and height in micrometres, or in pixels where the spacing is unknown.

    Parameters
    ----------
    size : tuple of float
        Width and height to begin with.
    spacing : Spacing or UnknownSpacing
    """

    FIRST_SIZE = (1000.0, 1000.0)
    """What ASAP proposes."""

    def __init__(
        self,
        size: tuple[float, float],
        spacing: Spacing | UnknownSpacing,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Rectangle by size")
        self._spacing = spacing
        is_known = isinstance(spacing, Spacing)
        unit, decimals = ("µm", 1) if is_known else ("px", 0)
        column, form = QVBoxLayout(self), QFormLayout()
        words = "The rectangle is laid around the place of the double-click."
        if isinstance(spacing, UnknownSpacing):
            words += f" Its size is in pixels: {spacing.reason}."
        note = QLabel(words)
        note.setWordWrap(True)
        self.width_box, self.height_box = (QDoubleSpinBox(), QDoubleSpinBox())
        rows = zip(("&Width", "&Height"), (self.width_box, self.height_box), size, strict=True)
        for name, box, value in rows:
            box.setDecimals(decimals)
            box.setRange(1.0, LARGEST)
            box.setSuffix(f" {unit}")
            box.setSingleStep(100.0)
            box.setGroupSeparatorShown(True)
            box.setValue(value)
            form.addRow(name, box)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        add = buttons.addButton("Add rectangle", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(note)
        column.addLayout(form)
        column.addWidget(buttons)
        add.setDefault(True)
        self.width_box.selectAll()
        self.setMinimumWidth(340)

    @property
    def size_typed(self) -> tuple[float, float]:
        """Width and height as they stand there, in the dialog's unit."""
        return self.width_box.value(), self.height_box.value()

    @property
    def size_px(self) -> tuple[float, float]:
        """Width and height in level-0 pixels."""
        width, height = self.size_typed
        spacing = self._spacing
        if isinstance(spacing, Spacing):
            return width / spacing.x_um_px, height / spacing.y_um_px
        return width, height
