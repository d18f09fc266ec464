"""Exporting the worklist: what of each slide goes into a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

from slideviewer.cohort.queue import Outcome
from slideviewer.cohort.slide_reports import Marked, Predictions
from slideviewer.cohort.worklist import Entry, Worklist
from slideviewer.cohort.worklist_export import (
    Exported,
    ExportOptions,
    Outcomes,
    Withheld,
    export_worklist,
)
from slideviewer.progress import Progress
from slideviewer.ui import words
from slideviewer.ui.author import user_name
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.prediction import PredictionControl
from slideviewer.ui.reporting import Reporting, show_in_the_system
from slideviewer.ui.running import Running
from slideviewer.ui.worklist_export_dialog import WorklistExportDialog
from slideviewer.ui.worklists import Worklists

NO_LIST = "There is no worklist of this folder; the File menu begins one."


class WorklistExporting(QObject):
    """Asks what of the list is wanted, and writes it in the background.

    Parameters
    ----------
    worklists : Worklists
    prediction : PredictionControl
    reporting : Reporting
    notices : NoticeStack
    running : Running
    window : QWidget
    """

    def __init__(
        self,
        worklists: Worklists,
        prediction: PredictionControl,
        reporting: Reporting,
        notices: NoticeStack,
        running: Running,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._worklists, self._prediction, self._reporting = worklists, prediction, reporting
        self._notices, self._running, self._window = notices, running, window

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {"worklist_export": self.ask}

    def ask(self) -> None:
        """Let the user choose what goes into which folder, and write it in the background."""
        path, states = self._worklists.path, self._worklists.states
        if path is None:
            self._notices.tell(NO_LIST)
            return
        dialog = WorklistExportDialog(states, self._window)
        agreed, options = dialog.exec() == QDialog.DialogCode.Accepted, dialog.options
        dialog.deleteLater()
        if not agreed:
            return
        name = QFileDialog.getExistingDirectory(self._window, "Export the worklist to a folder")
        if name:
            self.export(Path(name), replace(options, report=self._reporting.options))

    def export(self, folder: Path, options: ExportOptions) -> None:
        """Write what is wanted of the list's slides; the open one as it is now."""
        path = self._worklists.path
        if path is None:
            return
        unsaved: dict[Path, Marked] = {}
        now = self._reporting.open_markup
        if now is not None:
            unsaved[now[0]] = now[1]

        package = self._prediction.chooser.currentData()
        stores = Predictions(model_hash="" if package is None else package.hash)
        withholds = self._prediction.withholds
        withheld = Withheld(frozenset(filter(withholds, self._worklists.states)), user_name())

        def work(progress: Progress) -> Outcomes:
            with Worklist(path) as worklist:
                return export_worklist(
                    worklist,
                    folder,
                    options,
                    stores,
                    unsaved=unsaved,
                    withheld=withheld,
                    progress=progress,
                )

        job = Job(work, self)
        job.succeeded.connect(lambda outcomes: self._tell_exported(outcomes, folder))
        job.failed.connect(lambda problem: self._notices.warn(problem))
        self._running.start(job, "Exporting the worklist", "Reading the worklist")

    def _tell_exported(self, outcomes: Outcomes, folder: Path) -> None:
        failed: list[Outcome[Entry, Exported]] = [it for it in outcomes if it.error is not None]
        count = words.counted(len(outcomes) - len(failed), "slide", "slides")
        unread = sum(it.result is not None and bool(it.result.problem) for it in outcomes)
        without = f" {words.whole(unread)} without a report: not read yet." if unread else ""
        self._notices.offer(
            f"{count} exported to {folder}.{without}", "Open", lambda: show_in_the_system(folder)
        )
        if failed:
            more = f" And {len(failed) - 1} more; see the table." if len(failed) > 1 else ""
            self._notices.warn(f"Not exported: {failed[0].error}{more}")
