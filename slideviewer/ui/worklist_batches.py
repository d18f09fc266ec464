"""What is done with all slides of the worklist: predicted one after another, and exported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

from slideviewer.cohort.queue import Outcome
from slideviewer.cohort.slide_reports import Marked, Predictions
from slideviewer.cohort.worklist import Entry as Listed
from slideviewer.cohort.worklist import ReadingState, Waiting, Worklist
from slideviewer.cohort.worklist_export import (
    Exported,
    ExportOptions,
    Outcomes,
    Withheld,
    export_worklist,
)
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Progress
from slideviewer.ui import words
from slideviewer.ui.author import user_name
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.prediction import PredictionControl
from slideviewer.ui.prediction_queue import Entry, State
from slideviewer.ui.reporting import Reporting, show_in_the_system
from slideviewer.ui.running import Running
from slideviewer.ui.worklist_export_dialog import WorklistExportDialog
from slideviewer.ui.worklists import Worklists

AT_HAND = 8
"""So many slides stand in the queue of predictions at a time; the others wait in the list."""

NO_LIST = "There is no worklist of this folder; the File menu begins one."


class WorklistBatches(QObject):
    """Feeds the queue of predictions from a list, which remembers what is still to be done.

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
        self._list: Path | None = None  # whose slides are being predicted
        self._waiting: list[Waiting] = []
        self._failures: list[str] = []
        self._packages: dict[str, ModelPackage] = {}
        self._is_closed = False
        worklists.opened.connect(self._look_for_former)
        prediction.queue.ended.connect(self._on_ended)
        prediction.is_of_batch = lambda slide: any(it.path == slide for it in self._waiting)

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {
            "worklist_predict": self.predict_all,
            "worklist_stop": self.stop,
            "worklist_export": self.ask_to_export,
        }

    @property
    def left(self) -> int:
        """How many slides are still to be predicted, those in the queue among them."""
        return len(self._waiting)

    @property
    def is_busy(self) -> bool:
        """Whether slides of a list are being predicted: another list has to wait."""
        return self._list is not None

    def predict_all(self) -> None:
        """Have every slide of the list predicted that nobody has read and no model has seen."""
        path, package = self._worklists.path, self._prediction.chooser.currentData()
        if path is None or package is None:
            self._notices.tell(NO_LIST if path is None else "Choose a model first.")
            return
        if self._list not in (None, path):
            self._notices.tell(self._busy)
            return
        states = self._worklists.states
        slides = [it for it, state in states.items() if state == ReadingState.UNREAD]
        if not slides:
            self._notices.tell("No slide of the list is unread: there is nothing to predict.")
            return
        name = package.spec.title or package.spec.name

        def work() -> tuple[Waiting, ...]:
            with Worklist(path) as worklist:
                worklist.wait_for(slides, package.hash, name)
                return worklist.waiting()

        def begin(waiting: tuple[Waiting, ...]) -> None:
            self._go_on(path, waiting)
            if self._list != path:
                return
            count = words.counted(len(slides), "slide is", "slides are")
            self._notices.tell(f"{count} being predicted by {name}.")

        self._do(work, begin)

    def stop(self) -> None:
        """Predict no further slide of the list; what was begun is kept."""
        path = self._list or self._worklists.path
        if path is None:
            self._notices.tell(NO_LIST)
            return
        own = {it.path for it in self._waiting}
        self._waiting, self._list = [], None
        for entry in self._prediction.queue.entries:
            if entry.is_active and entry.order.slide in own:
                self._prediction.queue.cancel(entry.number)

        def work() -> None:
            with Worklist(path) as worklist:
                worklist.wait_no_more()

        told = "No further slide of the worklist is predicted; what was begun is kept."
        self._do(work, lambda _: self._notices.tell(told))

    def ask_to_export(self) -> None:
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

    def close(self) -> None:
        """Leave the rest to the next time: the list remembers it."""
        self._is_closed = True
        self._waiting, self._list = [], None

    def _tell_exported(self, outcomes: Outcomes, folder: Path) -> None:
        failed: list[Outcome[Listed, Exported]] = [it for it in outcomes if it.error is not None]
        count = words.counted(len(outcomes) - len(failed), "slide", "slides")
        unread = sum(it.result is not None and bool(it.result.problem) for it in outcomes)
        without = f" {words.whole(unread)} without a report: not read yet." if unread else ""
        self._notices.offer(
            f"{count} exported to {folder}.{without}", "Open", lambda: show_in_the_system(folder)
        )
        if failed:
            more = f" And {len(failed) - 1} more; see the table." if len(failed) > 1 else ""
            self._notices.warn(f"Not exported: {failed[0].error}{more}")

    def _look_for_former(self, path: Path) -> None:
        """Offer to go on where the program ended before all was predicted."""
        if path == self._list:
            return

        def work() -> tuple[Waiting, ...]:
            with Worklist(path) as worklist:
                return worklist.waiting()

        def offer(waiting: tuple[Waiting, ...]) -> None:
            if waiting and self._list is None and self._worklists.path == path:
                count = words.counted(len(waiting), "slide is", "slides are")
                self._notices.offer(
                    f"{count} still to be predicted by {waiting[0].name}, for this worklist.",
                    "Go on",
                    lambda: self._go_on(path, waiting),
                )

        self._do(work, offer)

    @property
    def _busy(self) -> str:
        """Why another list has to wait."""
        assert self._list is not None
        return (
            f"The slides of the worklist in {self._list.parent.name} are still being predicted. "
            "Begin this one when they are done, or end them with “Stop predicting the list”."
        )

    def _go_on(self, path: Path, waiting: tuple[Waiting, ...]) -> None:
        """Predict what waits, unless another list is under way."""
        if self._list not in (None, path):
            self._notices.tell(self._busy)
            return
        chooser = self._prediction.chooser
        self._packages = {it.hash: it for it in chooser.packages}
        missing = next((it for it in waiting if it.model not in self._packages), None)
        if missing is not None:
            self._notices.warn(
                f"The model {missing.name} is not installed any more: what waits for it is left."
            )
        self._list, self._failures = path, []
        self._waiting = [it for it in waiting if it.model in self._packages]
        if not self._waiting:
            self._list = None
        self._feed()

    def _feed(self) -> None:
        """Keep the queue of predictions supplied."""
        queue = self._prediction.queue
        for it in self._waiting[:AT_HAND]:
            if queue.of_slide(it.path) is None:
                self._prediction.ordering.start_slides([it.path], self._packages[it.model])

    def _on_ended(self, entry: Entry, _: object) -> None:
        """A prediction ended: its slide waits no more, and the next one has its turn."""
        slide, path = entry.order.slide, self._list
        mine = [it for it in self._waiting if it.path == slide]
        if path is None or not mine:
            return
        if entry.order.of_all_by != mine[0].model:
            self._feed()  # another prediction of the slide stood in the way
            return
        self._waiting = [it for it in self._waiting if it.path != slide]
        is_done, by = entry.state == State.DONE, user_name()
        if entry.state == State.FAILED:
            self._failures.append(entry.told)

        def work() -> None:
            with Worklist(path) as worklist:
                if is_done:
                    worklist.note_predicted(slide, by, mine[0].model)
                else:
                    worklist.wait_no_more([slide])

        self._do(work, lambda _: None)
        if not self._waiting:
            self._finish()
        self._feed()

    def _finish(self) -> None:
        """Say that the list is through, and once of all that failed."""
        self._list, failures = None, self._failures
        self._failures = []
        self._notices.tell("All slides of the worklist are predicted that could be.")
        if failures:
            count = words.counted(len(failures), "slide", "slides")
            self._notices.warn(
                f"{count} could not be predicted; the Predictions panel lists them. The first: "
                f"{failures[0]}"
            )

    def _do(self, work: Callable[[], object], show: Callable[..., object]) -> None:
        """Work on the disk beside the window: a folder may lie on a network."""
        # The application owns the job: this object may be gone when a network answers.
        job = Job(lambda _: work(), QCoreApplication.instance())
        job.succeeded.connect(lambda answer: None if self._is_closed else show(answer))
        job.failed.connect(lambda problem: None if self._is_closed else self._notices.warn(problem))
        job.start()
