"""The page of two annotators: kappa, and Dice by group."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QPushButton

from slideviewer.evaluation.report import Report
from slideviewer.ui.metrics.confusion_table import ConfusionTable
from slideviewer.ui.metrics.page import Page
from slideviewer.ui.metrics.report_text import ReportText
from slideviewer.ui.metrics.score_text import notes_html, scores_html, table_html

NO_OTHER = (
    "How far do two people agree? Choose the annotations that somebody else made of this slide; "
    "they are compared with those that are open."
)


class AnnotatorsPage(Page):
    """Whom the open markup is compared with, and how far the two agree."""

    other_wanted = Signal()
    none_wanted = Signal()

    def __init__(self) -> None:
        self.told, self.scores = QLabel(NO_OTHER), ReportText("Agreement")
        self.told.setWordWrap(True)
        self.choose, self.leave = QPushButton("Choose annotations…"), QPushButton("Compare no more")
        self.caption, self.confusion = QLabel(), ConfusionTable()
        self.caption.setWordWrap(True)
        super().__init__(
            self.told, self.choose, self.leave, self.scores, self.caption, self.confusion
        )
        self.choose.clicked.connect(self.other_wanted)
        self.leave.clicked.connect(self.none_wanted)
        self.show_report(None)

    def say(self, words: str, *, has_other: bool) -> None:
        """Say whom it is compared with, or what stands in the way."""
        self.told.setText(words)
        self.leave.setVisible(has_other)

    def show_report(self, report: Report | None) -> None:
        """Show how far they agree, or nothing."""
        self.scores.write(None if report is None else lambda pale: _html(report, pale))
        for part in (self.caption, self.confusion):
            part.setVisible(report is not None)
        if report is not None:
            self.caption.setText(f"{report.confusions[0].title}: the first is the open markup")
            self.confusion.show_confusion(report.confusions[0])


def _html(report: Report, pale: str) -> str:
    areas = report.tables[0]
    unit = "µm²" if any(name.endswith("µm²") for name in areas.columns) else "px"
    shown = [
        it
        for it, name in enumerate(areas.columns)
        if name in ("group", "Dice") or name.endswith(unit)
    ]
    text = scores_html(report.scores, pale) + table_html(areas, "", pale, shown)
    return text + notes_html(report.notes, pale)
