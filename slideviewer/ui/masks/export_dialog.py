"""The dialog that asks how the annotations become a mask."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from slideviewer.annotations import AnnotationSet
from slideviewer.annotations.masks import Labels, MaskGrid
from slideviewer.slide import Slide
from slideviewer.slide.masks import mask_bytes
from slideviewer.slide.png_writing import MOST_PNG_PX
from slideviewer.ui import words
from slideviewer.ui.masks.label_table import LabelTable
from slideviewer.ui.masks.resolutions import mask_resolutions

FORMATS = {"TIFF with tiles and levels": (".tif", ".tiff"), "PNG": (".png",)}
"""What their files may end in; the first is what they end in unless the user says otherwise."""

PROPOSED_PX = 500_000_000
"""The first resolution with no more pixels is proposed."""

_PACKED = 0.01
"""What remains of a mask when it is packed, at most, in those of real annotations."""


class ExportMaskDialog(QDialog):
    """Which labels, at what resolution, in which format; says the size beforehand.

    Parameters
    ----------
    slide : Slide
    annotations : AnnotationSet
    """

    def __init__(
        self, slide: Slide, annotations: AnnotationSet, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export mask")
        self._grids = mask_resolutions(slide)
        self.groups = LabelTable(annotations)
        self.resolution, self.file_format = QComboBox(), QComboBox()
        self.resolution.addItems([text for text, _ in self._grids])
        self.file_format.addItems(list(FORMATS))
        form = QFormLayout()
        for name, box in (("Resolution", self.resolution), ("Format", self.file_format)):
            box.setAccessibleName(name)
            form.addRow(name, box)
        self.size_told = QLabel()
        self.size_told.setWordWrap(True)
        self.size_told.setMinimumHeight(3 * self.fontMetrics().lineSpacing() + 4)
        note = QLabel(
            "A pixel gets a label where its centre lies inside the outline. Groups without a "
            "label have that of the group around them. Points and measurements are not painted."
        )
        note.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.save = buttons.addButton("Choose where…", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addWidget(self.groups, 1)
        column.addLayout(form)
        column.addWidget(self.size_told)
        column.addWidget(note)
        column.addWidget(buttons)
        self.save.setDefault(True)  # only now does the dialog know the button
        self.setMinimumWidth(560)
        levels = range(len(self._grids))
        fit = (it for it in levels if self._grids[it][1].pixels <= PROPOSED_PX)
        self.resolution.setCurrentIndex(next(fit, levels[-1]))
        self.groups.changed.connect(self._show_size)
        for box in (self.resolution, self.file_format):
            box.currentIndexChanged.connect(lambda _: self._show_size())
        self._show_size()

    @property
    def labels(self) -> Labels:
        """The labels chosen now."""
        return self.groups.labels

    @property
    def grid(self) -> MaskGrid:
        """The resolution chosen now."""
        return self._grids[self.resolution.currentIndex()][1]

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What the file's name may end in."""
        return FORMATS[self.file_format.currentText()]

    def _show_size(self) -> None:
        grid, labels, is_png = self.grid, self.labels, ".png" in self.suffixes
        unpacked = mask_bytes(grid, labels, is_png=is_png)
        bits = 8 if labels.most < 256 else 16
        text = (
            f"{words.whole(grid.width)} × {words.whole(grid.height)} px with {bits} bits: "
            f"{words.file_size(unpacked)}, packed mostly less than "
            f"{words.file_size(unpacked * _PACKED)}."
        )
        fits = not is_png or grid.pixels <= MOST_PNG_PX
        if not fits:
            text += (
                f" That is more than the {MOST_PNG_PX / 1e9:.0f} thousand million pixels of the "
                "largest PNG: choose TIFF, or a coarser resolution."
            )
        elif labels.most == 0:
            text += " No group has a label: the mask would be empty."
        self.size_told.setText(text)
        self.save.setEnabled(fits and labels.most > 0)
