"""The list of models that can predict."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.models.package import available_packages


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
        self.setToolTip("The model that Predict runs")
        self.problems: list[str] = []
        for found in available_packages():
            if found.package is None:
                self.problems.append(str(found.error))
                continue
            spec = found.package.spec
            self.addItem(spec.title or spec.name, found.package)
            tip = f"{spec.intended_use}\n{RESEARCH_USE_ONLY}"
            self.setItemData(self.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # a turn of the wheel on the way to the canvas chooses nothing
