"""The list of models that can predict."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QWheelEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.models.package import ModelPackage, available_packages

LONGEST_TITLE = 40
"""So many characters of a title are shown in the toolbar; the list below shows all of them."""

TEXT_MARGIN = 2
"""Screen pixels that the style leaves beside the title."""


class ModelChooser(QComboBox):
    """Bundled and installed packages by title; the data of each entry is its `ModelPackage`.

    Attributes
    ----------
    problems : list of str
        What is wrong with packages that were refused, for the user.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Model")
        self.setToolTip("The model that Predict runs; a right click offers its card")
        self.setMaximumWidth(LONGEST_TITLE * self.fontMetrics().averageCharWidth())
        self.problems: list[str] = []
        for found in available_packages():
            if found.package is None:
                self.problems.append(str(found.error))
                continue
            self.offer(found.package)

    def offer_action(self, action: QAction) -> None:
        """Have a right click offer something about the chosen model."""
        self.addAction(action)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    @property
    def packages(self) -> tuple[ModelPackage, ...]:
        """All of them, in their order."""
        return tuple(self.itemData(index) for index in range(self.count()))

    def offer(self, package: ModelPackage) -> None:
        """Have a package in the list, in place of what its folder held before."""
        spec = package.spec
        folders = [other.folder for other in self.packages]
        if package.folder in folders:
            index = folders.index(package.folder)
        else:
            index = self.count()
            self.addItem("")
        self.setItemText(index, spec.title or spec.name)
        self.setItemData(index, package)
        tip = f"{spec.intended_use}\n{RESEARCH_USE_ONLY}"
        self.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)

    def choose(self, package: ModelPackage) -> None:
        """Choose a package, if it is still there."""
        hashes = [other.hash for other in self.packages]
        if package.hash in hashes:
            self.setCurrentIndex(hashes.index(package.hash))

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:
        super().initStyleOption(option)
        part = QStyle.SubControl.SC_ComboBoxEditField
        control = QStyle.ComplexControl.CC_ComboBox
        room = self.style().subControlRect(control, option, part, self).width() - 2 * TEXT_MARGIN
        option.currentText = self.fontMetrics().elidedText(
            self.currentText(), Qt.TextElideMode.ElideRight, room
        )

    def showPopup(self) -> None:
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0))
        super().showPopup()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # a turn of the wheel on the way to the canvas chooses nothing
