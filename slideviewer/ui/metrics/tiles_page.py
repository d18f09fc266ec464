"""The page of tiles, or of the pixels of a segmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel

from slideviewer.evaluation.report import Report
from slideviewer.evaluation.reports.words import OF_A_CLASS
from slideviewer.inference.segmentation.areas import Areas
from slideviewer.ui import words
from slideviewer.ui.metrics.confusion_table import ConfusionTable
from slideviewer.ui.metrics.curves_view import CurvesView
from slideviewer.ui.metrics.page import Page
from slideviewer.ui.metrics.place_steps import PlaceSteps
from slideviewer.ui.metrics.report_text import ReportText
from slideviewer.ui.metrics.score_text import by_class_html, notes_html, number, scores_html

if TYPE_CHECKING:
    from slideviewer.evaluation.open_slide import Measured

FIRST = ("dice", "jaccard")
"""Scores that stand before all others."""


class TilesPage(Page):
    """Area, confusion matrix, curves and scores."""

    threshold_wanted = Signal(float)

    def __init__(self) -> None:
        self.area, self.caption = QLabel(), QLabel()
        self.confusion, self.steps = ConfusionTable(), PlaceSteps()
        self.curves = CurvesView()
        self.first, self.more = ReportText("Overlap"), ReportText("Scores")
        self._measured: Measured | None = None
        for label in (self.area, self.caption):
            label.setWordWrap(True)
        super().__init__(
            self.area,
            self.first,
            self.caption,
            self.confusion,
            self.steps,
            self.curves,
            self.more,
        )
        self.confusion.cell_wanted.connect(self._go_through)
        self.curves.threshold_wanted.connect(self.threshold_wanted)

    def show_measured(self, measured: Measured) -> None:
        """Show what was measured at a threshold."""
        self._measured = measured
        report, said = measured.report, measured.said
        self.area.setText(area_words(measured.areas, measured.target))
        self.first.write(lambda pale: _first_html(report, pale))
        self.more.write(lambda pale: _more_html(report, measured.notices, pale))
        for part in (self.caption, self.confusion, self.steps):
            part.setVisible(said is not None)
        if said is None:
            self.steps.clear()
        else:
            self.caption.setText(report.confusions[0].title)
            self.confusion.show_confusion(report.confusions[0])
            self._follow()
        self.curves.show_curves(report.curves, measured.places)

    def clear(self) -> None:
        """Let go of what was measured, and of the cell that was chosen of it."""
        self._measured = None
        self.confusion.clearSelection()
        self.steps.clear()

    def _go_through(self, true: int, said: int) -> None:
        measured = self._measured
        if measured is not None and measured.said is not None:
            names = measured.said.tiles.class_names
            what = f"true {names[true]}, predicted {names[said]}"
            self.steps.begin(measured.said.behind(true, said), what)

    def _follow(self) -> None:
        """Keep the tiles of the chosen cell those of the present threshold."""
        chosen, measured = self.confusion.chosen, self._measured
        if chosen is None:
            self.steps.clear()
        elif measured is not None and measured.said is not None:
            self.steps.follow(measured.said.behind(*chosen))


def area_words(areas: Areas, target: str) -> str:
    """How much is predicted: µm² and the part of what was looked at; pixels without a spacing."""
    index = areas.class_names.index(target)
    um2, pixels = areas.um2(index), areas.pixels[index]
    part = f"{number(areas.percent(index))} % of the tissue looked at"
    if um2 is None or areas.pixel_um2 is None:
        return (
            f"{target} predicted on {words.whole(pixels)} of {words.whole(areas.total)} px, "
            f"{part}. How large a pixel is is not known."
        )
    seen = areas.total * areas.pixel_um2
    return (
        f"{target} predicted on {words.whole(round(um2))} µm² of {words.whole(round(seen))} µm², "
        f"{part}."
    )


def _first_html(report: Report, pale: str) -> str:
    return scores_html((it for it in report.scores if it.name in FIRST), pale)


def _more_html(report: Report, notices: tuple[str, ...], pale: str) -> str:
    rest = (
        it for it in report.scores if it.name not in FIRST and not it.name.startswith(OF_A_CLASS)
    )
    text = scores_html(rest, pale) + by_class_html(report, pale)
    return text + notes_html((*notices, *report.notes), pale)
