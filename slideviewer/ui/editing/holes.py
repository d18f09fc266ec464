"""Asks what becomes of holes, which the shapes of ASAP cannot have."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer.annotations.masks import HoleStyle
from slideviewer.ui import settings, words
from slideviewer.ui.asking import agreed
from slideviewer.ui.document import Document

EXPLAINED = {
    HoleStyle.CUT: (
        "&One polygon with a cut",
        "The outline leads into each hole and back along the same line. ASAP and QuPath show it "
        "with its holes, and its area is right.",
    ),
    HoleStyle.GROUP: (
        "Outline and &exclusion group",
        "Each hole becomes an annotation of its own, in a group named like the shape's with "
        "“(hole)” behind it. The holes can be changed by themselves.",
    ),
}
"""The choices, and what each of them means."""

INDENT = 24
"""Screen pixels by which an explanation stands further in than its choice."""


class HolesDialog(QDialog):
    """One of two ways, and whether it is the way from now on.

    Parameters
    ----------
    count : int
        How many holes there are.
    """

    def __init__(self, count: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Holes")
        holes = "a hole" if count == 1 else f"{words.whole(count)} holes"
        column = QVBoxLayout(self)
        column.setSpacing(6)
        told = QLabel(f"The result has {holes}, which the shapes of ASAP cannot have. Make it:")
        told.setWordWrap(True)
        column.addWidget(told)
        self.choices: dict[HoleStyle, QRadioButton] = {}
        for style, (name, meaning) in EXPLAINED.items():
            column.addSpacing(6)
            self.choices[style] = QRadioButton(name)
            self.choices[style].setAccessibleDescription(meaning)
            explanation = QLabel(meaning)
            explanation.setWordWrap(True)
            explanation.setIndent(INDENT)
            explanation.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            explanation.setTextFormat(Qt.TextFormat.PlainText)
            column.addWidget(self.choices[style])
            column.addWidget(explanation)
        self.choices[HoleStyle.CUT].setChecked(True)
        column.addSpacing(10)
        self.remembered = QCheckBox("&Always do so (can be changed in the preferences)")
        self.remembered.setChecked(True)
        column.addWidget(self.remembered)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addStretch(1)  # else one of the explanations takes what is left over
        column.addWidget(buttons)
        self.setMinimumWidth(460)

    @property
    def style_chosen(self) -> HoleStyle:
        """The way that is chosen now."""
        return next(style for style, button in self.choices.items() if button.isChecked())


def hole_style(count: int, parent: QWidget, document: Document) -> HoleStyle | None:
    """What becomes of so many holes: as was said before, else as the user says now.

    Returns
    -------
    HoleStyle or None
        None where the user wants neither.
    """
    said = settings.read(settings.HOLES)
    if said != settings.HOLES.default:
        return HoleStyle(said)
    dialog = HolesDialog(count, parent)
    is_agreed = agreed(dialog, document)
    style, is_remembered = dialog.style_chosen, dialog.remembered.isChecked()
    dialog.deleteLater()
    if not is_agreed:
        return None
    if is_remembered:
        settings.write(settings.HOLES, style.value)
    return style
