"""The page of lesions: how many of which size are found, and each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QListWidget, QListWidgetItem

from slideviewer.evaluation.report import Report, Score
from slideviewer.geometry import Rect
from slideviewer.inference.lesions import LEAST_PROBABILITY
from slideviewer.ui import words
from slideviewer.ui.metrics.curves_view import CurvesView
from slideviewer.ui.metrics.page import Page
from slideviewer.ui.metrics.report_text import ReportText
from slideviewer.ui.metrics.score_text import notes_html, number, scores_html, table_html

if TYPE_CHECKING:
    from slideviewer.evaluation.open_slide import Measured

MOST_LISTED, MOST_ROWS = 500, 8
SIZES = "macro longer than 2 mm, micro, ITC shorter than 275 µm with a margin of 75 µm"
POINTS = f"The model's points begin at a probability of {LEAST_PROBABILITY:g}."
BOX_ROLE = Qt.ItemDataRole.UserRole


class LesionsPage(Page):
    """Sensitivity by size, FROC, the lesions, and all scores."""

    threshold_wanted = Signal(float)
    place_wanted = Signal(object)  # the Rect of a lesion

    def __init__(self) -> None:
        self.missing = QLabel()
        self.missing.setWordWrap(True)
        self.first, self.more = ReportText("Lesions found"), ReportText("Scores of lesions")
        self.curves, self.list = CurvesView(), QListWidget()
        self.list.setAccessibleName("Lesions")
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        super().__init__(self.missing, self.first, self.list, self.curves, self.more)
        self.curves.threshold_wanted.connect(self.threshold_wanted)
        for signal in (self.list.itemClicked, self.list.itemActivated):
            signal.connect(lambda item: self.place_wanted.emit(item.data(BOX_ROLE)))

    def show_measured(self, measured: Measured) -> None:
        """Show what was measured at a threshold."""
        report = measured.lesions
        self.missing.setText(measured.no_lesions)
        self.missing.setVisible(report is None)
        for part in (self.first, self.list, self.curves, self.more):
            part.setVisible(report is not None)
        if report is None:
            return
        self.first.write(lambda pale: _first_html(report, pale))
        self.more.write(lambda pale: _more_html(report, pale))
        drawn = [curve for curve in report.curves if curve.name == "froc"]
        self.curves.show_curves(drawn, measured.places)
        self._list(measured)

    def _list(self, measured: Measured) -> None:
        """The lesions, those that are missed first, then the surest last."""
        found = measured.found
        assert found is not None
        order = np.argsort(found.best, kind="stable")[:MOST_LISTED].tolist()
        lines = []
        for index in order:
            best, axis = float(found.best[index]), float(found.axes_um[index])
            is_found = best > 0 and best >= measured.threshold
            told = f"found, {number(best)}" if is_found else "missed"
            if best > 0 and not is_found:
                told += f", {number(best)}"
            lines.append(f"{found.size(index)} of {words.whole(round(axis))} µm: {told}")
        while self.list.count() > len(lines):
            self.list.takeItem(self.list.count() - 1)
        for row, (line, index) in enumerate(zip(lines, order, strict=True)):
            item = self.list.item(row)
            if item is None:
                item = QListWidgetItem(self.list)
            item.setText(line)
            item.setData(BOX_ROLE, Rect.from_corners(*found.boxes[index].tolist()))
        rows = min(max(1, len(lines)), MOST_ROWS)
        row_height = self.list.sizeHintForRow(0) if lines else self.fontMetrics().height()
        self.list.setFixedHeight(rows * row_height + 2 * self.list.frameWidth() + 4)


def _at_threshold(report: Report) -> list[Score]:
    """Those that follow the threshold stand first."""
    return [report.score(it, variant="points from") for it in ("sensitivity", "false_positives")]


def _first_html(report: Report, pale: str) -> str:
    sizes = next(it for it in report.tables if it.title.startswith("By size"))
    text = scores_html(_at_threshold(report), pale) + table_html(sizes, SIZES, pale)
    return text + notes_html((POINTS,), pale)


def _more_html(report: Report, pale: str) -> str:
    first = _at_threshold(report)
    rest = [it for it in report.scores if it not in first]
    froc = next(it for it in report.tables if it.title == "Sensitivity")
    text = scores_html(rest, pale) + table_html(froc, "", pale)
    return text + notes_html(report.notes, pale)
