"""The report of the open slide: the user is asked for a file, and it is written beside the window.

What is unsaved is in it, too: it tells of what is seen.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from slideviewer.annotations import with_extension
from slideviewer.cohort.slide_reports import Marked
from slideviewer.evaluation.slide_reports.making import slide_report
from slideviewer.evaluation.slide_reports.values import ReportOptions
from slideviewer.progress import Progress
from slideviewer.slide import open_slide
from slideviewer.ui.asking import ask
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.predicted.predicted import Predicted
from slideviewer.ui.prediction_results import PredictionResults
from slideviewer.ui.review.finder import Finder
from slideviewer.ui.review.panel import UNREAD
from slideviewer.ui.running import Running
from slideviewer.ui.session import Session

PAGE_FILTER, PDF_FILTER = "Page (*.html)", "PDF (*.pdf)"


class Reporting(QObject):
    """Writes reports, one after another or several at once; none while predictions are hidden.

    Parameters
    ----------
    session : Session
    predicted : Predicted
        With the threshold that the user sets.
    results : PredictionResults
    finder : Finder
        Says what is worth a look, and which groups count.
    is_hidden : callable
        Whether predictions of the open slide are hidden now.
    notices : NoticeStack
    running : Running
    window : QWidget
    """

    def __init__(
        self,
        session: Session,
        predicted: Predicted,
        results: PredictionResults,
        finder: Finder,
        is_hidden: Callable[[], bool],
        notices: NoticeStack,
        running: Running,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._predicted, self._results = session, predicted, results
        self._finder, self._is_hidden, self._notices = finder, is_hidden, notices
        self._running, self._window = running, window

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {"export_report": self.ask}

    @property
    def options(self) -> ReportOptions:
        """What counts as a finding, as the review has it, at the threshold that is shown."""
        rules, groups = self._finder.rules, self._finder.groups
        has_any = self._results.shown is not None
        threshold = self._predicted.shown.threshold if has_any else None
        return ReportOptions(threshold, groups, rules.least_um2, rules.margin)

    @property
    def open_markup(self) -> tuple[Path, Marked] | None:
        """The open slide and its markup as it is now, saved or not."""
        slide = self._session.slide
        if slide is None:
            return None
        document = self._session.document
        return Path(os.path.abspath(slide.path)), Marked(document.annotations, document.path)

    def ask(self) -> None:
        """Let the user choose a file, and write the report there in the background."""
        slide = self._session.slide
        if slide is None:
            self._notices.tell("Open a slide first.")
            return
        if self._is_hidden():
            self._notices.tell(UNREAD)
            return
        proposed = slide.path.with_name(f"{slide.path.stem}-report.html")
        name, chosen = QFileDialog.getSaveFileName(
            self._window, "Export report", str(proposed), f"{PAGE_FILTER};;{PDF_FILTER}"
        )
        if not name:
            return
        typed = Path(name)
        ending = ".pdf" if chosen == PDF_FILTER else ".html"
        known = typed.suffix.lower() in (".html", ".htm", ".pdf")
        path = typed if known else with_extension(typed, ending)
        # The dialog asked about the name as it was typed.
        if path != typed and path.exists():
            question = f"{path.name} exists already in {path.parent}."
            if ask(self._window, "Replace the file?", question, ("Replace", "Stay")) != "Replace":
                return
        self.write(path)

    def write(self, path: Path) -> None:
        """Write the report of what is open as a page, or as a PDF by the file's name."""
        slide, shown = self._session.slide, self._results.shown
        if slide is None:
            return
        document, source = self._session.document, slide.path
        markup, annotations, options = document.annotations, document.path, self.options

        def work(progress: Progress) -> None:
            # Opened anew: it may be closed in the window meanwhile.
            with closing(open_slide(source)) as own:
                made = slide_report(
                    own, markup, shown, options, annotations=annotations, progress=progress
                )
            if path.suffix.lower() == ".pdf":
                # Late: plots take a second to import.
                from slideviewer.evaluation.slide_reports.pdf import write_pdf

                write_pdf(made, path)
            else:
                from slideviewer.evaluation.slide_reports.page import slide_page, write_text

                write_text(slide_page(made), path)

        job = Job(work, self)
        job.succeeded.connect(lambda _: self._offer(path))
        job.failed.connect(lambda problem: self._notices.warn(problem))
        self._running.start(job, f"Report of {source.name}", "Comparing prediction and markup")

    def _offer(self, path: Path) -> None:
        self._notices.offer(
            f"The report was written to {path}.",
            "Open",
            lambda: show_in_the_system(path),
        )


def show_in_the_system(path: Path) -> None:
    """Open a file or folder with the program that the system has for it."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
