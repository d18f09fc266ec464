"""The Metrics panel: what is measured, or why nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLabel,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations.masks import UNGROUPED_WORD
from slideviewer.ui.metrics.annotators_page import AnnotatorsPage
from slideviewer.ui.metrics.lesions_page import LesionsPage
from slideviewer.ui.metrics.tiles_page import TilesPage
from slideviewer.ui.panels.threshold_row import ThresholdRow
from slideviewer.ui.predicted.predicted import Predicted

if TYPE_CHECKING:
    from slideviewer.evaluation.open_slide import Measured

BY_NAME = "Groups called like the class"
IN_NO_GROUP = "In no group"
OTHER_CLASS = "The one other class"
TABS = ("Tiles", "Lesions", "Annotators")
PIXELS = "Pixels"


class MetricsPanel(QWidget):
    """Three pages, and above them against what, and from which probability on, is measured.

    Parameters
    ----------
    predicted : Predicted
    """

    truth_wanted = Signal(object, object)  # the group and the class of the rest, or None
    threshold_wanted = Signal(float)

    def __init__(self, predicted: Predicted, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.threshold = ThresholdRow(predicted)
        self.group, self.rest = QComboBox(), QComboBox()
        self.group.setAccessibleName("Marked by")
        self.rest.setAccessibleName("Elsewhere")
        self.group.setToolTip("Which group of the markup marks what the model looks for")
        self.rest.setToolTip("The class of what is not marked")
        for box in (self.group, self.rest):  # lest a long name make the panel wide
            box.setSizeAdjustPolicy(box.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.tiles, self.lesions, self.annotators = TilesPage(), LesionsPage(), AnnotatorsPage()
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        for page, title in zip((self.tiles, self.lesions, self.annotators), TABS, strict=True):
            self.pages.addTab(page, title)
        self.research_use = QLabel(RESEARCH_USE_ONLY)
        self.research_use.setWordWrap(True)
        self._form = QFormLayout()
        self._form.addRow("Marked by", self.group)
        self._form.addRow("Elsewhere", self.rest)
        column = QVBoxLayout(self)
        column.addLayout(self._form)
        column.addWidget(self.threshold)
        column.addWidget(self.state)
        column.addWidget(self.pages, 1)
        column.addWidget(self.research_use)
        for box in (self.group, self.rest):
            box.currentIndexChanged.connect(lambda _: self._choose())
        for page in (self.tiles, self.lesions):
            page.threshold_wanted.connect(self.threshold_wanted)
        self._measured: Measured | None = None
        self.pages.currentChanged.connect(lambda _: self._show_page())
        self.show_measured(None)

    def say(self, words: str) -> None:
        """Say what is going on, or why nothing is measured."""
        self.state.setText(words)
        self.state.setVisible(bool(words))

    def set_choices(
        self, groups: Sequence[str], group: str | None, classes: Sequence[str], rest: str | None
    ) -> None:
        """Offer groups of the markup, and classes of the rest where there are several.

        `UNGROUPED_WORD` among the groups stands for what is in none.
        """
        for box, first, names, chosen in (
            (self.group, BY_NAME, groups, group),
            (self.rest, OTHER_CLASS, classes, rest),
        ):
            offered = [box.itemData(it) for it in range(box.count())]
            if offered == [None, *names] and box.currentData() == chosen:
                continue  # it may be open
            with QSignalBlocker(box):
                box.clear()
                box.addItem(first, None)
                for name in names:
                    is_none = box is self.group and name == UNGROUPED_WORD
                    box.addItem(IN_NO_GROUP if is_none else name, name)
                box.setCurrentIndex(max(0, box.findData(chosen)))
        self._form.setRowVisible(self.rest, bool(classes))

    def show_measured(self, measured: Measured | None) -> None:
        """Show what was measured, or that nothing is."""
        for page in (self.tiles, self.lesions):
            inner = page.widget()
            assert inner is not None
            inner.setVisible(measured is not None)
        self._measured = measured
        if measured is None:
            self.tiles.clear()
            return
        self.pages.setTabText(0, TABS[0] if measured.said is not None else PIXELS)
        self._show_page()

    def _show_page(self) -> None:
        """Bring the page that can be seen up to date: the threshold may be on its way."""
        page = self.pages.currentWidget()
        if self._measured is not None and isinstance(page, TilesPage | LesionsPage):
            page.show_measured(self._measured)

    def _choose(self) -> None:
        self.truth_wanted.emit(self.group.currentData(), self.rest.currentData())
