"""Which slides of the worklist are exported, and what of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from slideviewer.cohort.worklist import ReadingState
from slideviewer.cohort.worklist_export import TABLE_FILE, ExportOptions
from slideviewer.ui import words


class WorklistExportDialog(QDialog):
    """Asks before the folder is chosen.

    Parameters
    ----------
    states : mapping of Path to ReadingState
        Of the slides on the list.
    """

    def __init__(self, states: Mapping[Path, ReadingState], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export the worklist")
        counts = Counter(states.values())
        self.which = QComboBox()
        self.which.setAccessibleName("Slides")
        done = frozenset({ReadingState.DONE})
        read = done | {ReadingState.IN_REVIEW}
        choices = {"Done": done, "Done or in review": read, "All": frozenset(ReadingState)}
        for name, wanted in choices.items():
            count = sum(counts[it] for it in wanted)
            self.which.addItem(f"{name} ({words.whole(count)})", wanted)
        if not counts[ReadingState.DONE]:
            self.which.setCurrentIndex(2)
        self.reports = QCheckBox("A report of each slide, and a table of all")
        self.pdf = QCheckBox("The reports as PDF, too")
        self.pdf.setEnabled(False)
        self.reports.toggled.connect(self.pdf.setEnabled)
        told = QLabel(
            f"The markup of each slide is written as ASAP XML. {TABLE_FILE} lists states, times, "
            "annotations and decisions."
        )
        told.setWordWrap(True)
        form = QFormLayout()
        form.addRow("Slides", self.which)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        choose = buttons.addButton("Choose a folder…", QDialogButtonBox.ButtonRole.AcceptRole)
        choose.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSpacing(12)
        column.addWidget(told)
        column.addLayout(form)
        column.addWidget(self.reports)
        column.addWidget(self.pdf)
        column.addWidget(buttons)
        self.setMinimumWidth(420)

    @property
    def options(self) -> ExportOptions:
        """What was chosen."""
        reports = self.reports.isChecked()
        return ExportOptions(
            self.which.currentData(), reports=reports, pdf=reports and self.pdf.isChecked()
        )
