"""Pictures of reports and of what is exported of a worklist."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from help_stage import SECONDS, Stage, framed, pause, side_by_side
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from slideviewer.cohort.worklist import ReadingState
from slideviewer.evaluation.slide_reports.making import slide_report
from slideviewer.evaluation.slide_reports.pdf import report_sheets
from slideviewer.evaluation.slide_reports.sheet import Sheet
from slideviewer.slide import open_slide
from slideviewer.ui import settings
from slideviewer.ui.launch import wait_until
from slideviewer.ui.worklist_export_dialog import WorklistExportDialog

SHEET = QSize(540, 764)
_DPI = 144


def report(stage: Stage) -> QImage:
    """The first sheet of a report, and the one with the findings."""
    settings.write(settings.AUTHOR, "A. Reader")
    stage.open(stage.slides.first, prediction=True)
    stage.do("review")
    review = stage.window.judging.reviewing
    wait_until(lambda: len(review.queue) > 4, SECONDS)
    pause(500)
    stage.do("next_finding")
    review.panel.reason.setCurrentText("Benign")
    for command in ("reject", "defer", "next_finding"):
        stage.do(command)
    document, shown = stage.window.session.document, stage.window.prediction.results.shown
    with closing(open_slide(stage.slides.first)) as slide:
        options = stage.window.judging.reporting.options
        made = slide_report(slide, document.annotations, shown, options, annotations=document.path)
    sheets = report_sheets(made)
    wanted = next(
        it for it in sheets if any(text.get_text() == "Findings" for text in it.figure.texts)
    )
    document.undo_stack.setClean()
    return side_by_side(_picture(sheets[0]), _picture(wanted))


def worklist_export(stage: Stage) -> QImage:
    """The dialog that asks what is exported."""
    counts = {ReadingState.UNREAD: 14, ReadingState.IN_REVIEW: 3, ReadingState.DONE: 25}
    names = [state for state, count in counts.items() for _ in range(count)]
    states = {Path(str(number)): state for number, state in enumerate(names)}
    dialog = WorklistExportDialog(states, stage.window)
    dialog.reports.setChecked(True)
    return framed(dialog)


def _picture(sheet: Sheet) -> QImage:
    canvas = FigureCanvasAgg(sheet.figure)
    sheet.figure.set_dpi(_DPI)
    canvas.draw()
    pixels = canvas.buffer_rgba()
    height, width = pixels.shape[:2]
    whole = QImage(pixels, width, height, QImage.Format.Format_RGBA8888).copy()
    mode = Qt.TransformationMode.SmoothTransformation
    small = whole.scaled(SHEET, Qt.AspectRatioMode.KeepAspectRatio, mode)
    made = small.convertToFormat(QImage.Format.Format_RGB32)
    painter = QPainter(made)
    painter.setPen(QColor("#8a8a8a"))
    painter.drawRect(made.rect().adjusted(0, 0, -1, -1))
    painter.end()
    return made
