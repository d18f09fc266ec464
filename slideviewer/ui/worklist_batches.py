"""Predicting all slides of the worklist, one after another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtWidgets import QWidget

from slideviewer.cohort.worklist import ReadingState, Waiting, Worklist
from slideviewer.models.package import ModelPackage
from slideviewer.ui import words
from slideviewer.ui.author import user_name
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.prediction import PredictionControl
from slideviewer.ui.prediction_queue import Entry, State
from slideviewer.ui.worklist_exporting import NO_LIST
from slideviewer.ui.worklists import Worklists

AT_HAND = 8
"""So many slides stand in the queue of predictions at a time; the others wait in the list."""


class WorklistBatches(QObject):
    """Feeds the queue of predictions from a list, which remembers what is still to be done.

    Parameters
    ----------
    worklists : Worklists
    prediction : PredictionControl
    notices : NoticeStack
    window : QWidget
    """

    def __init__(
        self,
        worklists: Worklists,
        prediction: PredictionControl,
        notices: NoticeStack,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._worklists, self._prediction, self._notices = worklists, prediction, notices
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

    def close(self) -> None:
        """Leave the rest to the next time: the list remembers it."""
        self._is_closed = True
        self._waiting, self._list = [], None

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
