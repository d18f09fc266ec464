"""Predicting from the window: what is ordered, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QSignalBlocker, Signal
from PySide6.QtWidgets import QWidget

from slideviewer.inference import messages
from slideviewer.inference.stored import Stored
from slideviewer.inference.worker import InferenceWorker
from slideviewer.ui import prediction_words
from slideviewer.ui.giving_way import GivingWay
from slideviewer.ui.model_cards import ModelCards
from slideviewer.ui.model_chooser import ModelChooser
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.predicted.predicted import Predicted
from slideviewer.ui.prediction_endings import PredictionEndings
from slideviewer.ui.prediction_ordering import PredictionOrdering
from slideviewer.ui.prediction_orders import Order
from slideviewer.ui.prediction_queue import Entry, PredictionQueue, State
from slideviewer.ui.prediction_regions import PredictionRegions
from slideviewer.ui.prediction_results import PredictionResults
from slideviewer.ui.running import Running
from slideviewer.ui.session import Session
from slideviewer.ui.tissue_marking import TissueMarking
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.worker_talk import WorkerTalk


class PredictionControl(QObject):
    """One prediction at a time, whichever slide is open; the open slide's is shown."""

    progressed = Signal(object)  # Step, or None when nothing is going on any more
    running_changed = Signal(bool)
    paused_changed = Signal(bool)  # whether what is under way stands still

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        predicted: Predicted,
        notices: NoticeStack,
        running: Running,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._predicted = session, predicted
        self._talk = WorkerTalk(self)
        self.queue = PredictionQueue(self._talk, self)
        self.queue.refusal = self._refusal
        self.is_of_batch: Callable[[Path], bool] = lambda slide: False
        """Whether a slide is one of many whose failures are told together, by somebody else."""
        self.results = PredictionResults(session, predicted, notices, window)
        self._regions = PredictionRegions(session, views, predicted, self.results, notices, window)
        self._tissue = TissueMarking(session, views, notices, running, window)
        self._endings = PredictionEndings(self.queue, notices, self)
        self._endings.read.connect(self._on_read)
        self.chooser = ModelChooser()
        self.ordering = PredictionOrdering(
            session, views, self.queue, self.chooser, notices, window
        )
        self._cards = ModelCards(notices, self)
        for problem in self.chooser.problems:
            notices.warn(problem)
        GivingWay(views, self._talk)
        self.queue.changed.connect(self._show_queue)
        self.queue.began.connect(self._on_began)
        self.queue.grew.connect(self._on_grew)
        self.queue.ended.connect(self._on_ended)
        self.results.changed.connect(self._show_queue)
        self.withholds: Callable[[Path], bool] = lambda _: False
        """Says of which slides nothing may be told that was predicted."""
        self.results.failed.connect(lambda problem: notices.warn(problem))
        session.slide_changed.connect(self._on_slide_changed)
        self.chooser.currentIndexChanged.connect(lambda _: self._show_former())

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {
            "predict": self.ordering.start,
            "predict_view": self.ordering.start_in_view,
            "predict_with": self.ordering.ask_how,
            "pause": self.pause,
            "cancel": self.cancel,
            "export_prediction": self.results.ask_to_export,
            "regions_to_markup": self._regions.ask,
            "show_tissue": self._tissue.ask,
            "show_card": self.show_card,
        }

    @property
    def is_running(self) -> bool:
        """Whether the open slide is being predicted, or waits for it."""
        return self.ordering.entry_here is not None

    @property
    def is_busy(self) -> bool:
        """Whether any slide is being predicted."""
        return self.queue.running is not None

    @property
    def has_result(self) -> bool:
        """Whether there is a prediction to export or to accept from."""
        return self.results.shown is not None

    def hide(self, is_hidden: bool) -> None:
        """Show nothing of what is predicted, which goes on; or all that there is by now."""
        was_hidden = self.results.is_hidden
        self.results.hide(is_hidden)
        if was_hidden and not is_hidden and self.results.shown is None:
            self._show_former()

    @property
    def worker(self) -> InferenceWorker:
        """The process that predicts."""
        return self._talk.worker

    def show_card(self) -> None:
        """Open the page that says what the chosen model is, and how good."""
        package = self.ordering.package()
        if package is not None:
            self._cards.show(package)

    def cancel(self) -> None:
        """End the open slide's prediction, or the one under way; what it did is kept."""
        entry = self.ordering.entry_here or self.queue.running
        if entry is not None:
            self.queue.cancel(entry.number)

    def pause(self, is_wanted: bool) -> None:
        """Have the prediction under way stand still, or go on, unless it does so already.

        Words of its progress that were on their way undo nothing that the user has asked for since.
        """
        entry = self.queue.running
        if entry is not None and is_wanted != (entry.state == State.PAUSED):
            self._talk.pause(is_wanted)

    def close(self) -> None:
        """End the worker process; an export that is being written is finished first."""
        self.results.close()
        self.queue.close()
        self._talk.close()

    def show_stored(self, folder: Path) -> None:
        """Show a stored prediction."""
        self.results.show_stored(folder)

    def _refusal(self, order: Order, identity: str) -> str:
        """Why the open slide is not predicted on after all: its file is another one now."""
        is_here, known = order.slide == self._session.slide_path, self.results.identity
        if is_here and known is not None and known != identity:
            return prediction_words.changed_file(order.slide)
        return ""

    def _is_shown(self, entry: Entry) -> bool:
        package = self.chooser.currentData()
        is_its_model = package is not None and package.hash == entry.order.package.hash
        return entry.order.slide == self._session.slide_path and is_its_model

    def _show_queue(self) -> None:
        """Let the window follow what is under way."""
        entry = self.queue.running
        step = entry.step if entry is not None else None
        if entry is not None and step is not None and entry.order.slide != self._session.slide_path:
            step = replace(step, text=f"{entry.order.slide.name}: {step.text}")
        self.chooser.setEnabled(not self.is_running)
        self.paused_changed.emit(entry is not None and entry.state == State.PAUSED)
        self.progressed.emit(step)
        self.running_changed.emit(self.is_running)

    def _on_began(self, entry: Entry, empty: Any) -> None:
        if self._is_shown(entry):
            self.results.show_growing(empty)

    def _on_grew(self, entry: Entry, news: Any) -> None:
        if self._is_shown(entry) and not self.results.is_hidden:
            self._predicted.add(news)

    def _on_ended(self, entry: Entry, reply: messages.Reply | str) -> None:
        """Say how it ended, and show what there is."""
        if entry.step is None:
            return  # it had not even begun, and whoever cancelled it sees that
        is_shown = self._is_shown(entry)
        is_failure = isinstance(reply, str | messages.Failed)
        if is_shown or not is_failure or not self.is_of_batch(entry.order.slide):
            is_withheld = self.withholds(entry.order.slide)
            self._endings.tell(entry, reply, is_shown=is_shown, is_withheld=is_withheld)
        store = None if isinstance(reply, messages.Finished) else entry.store
        if is_shown and store is not None and store.is_dir():
            self.results.show_stored(store)

    def _on_read(self, entry: Entry, prediction: Stored) -> None:
        if self._is_shown(entry) and not self.is_running:
            self.results.show(prediction)

    def _on_slide_changed(self) -> None:
        self._endings.withdraw()
        entry = self.ordering.entry_here
        if entry is not None:
            with QSignalBlocker(self.chooser):
                self.chooser.choose(entry.order.package)
        self._show_former()
        self._show_queue()

    def _show_former(self) -> None:
        def live(identity: str) -> Any | None:
            entry = self.queue.running
            is_it = entry is not None and self._is_shown(entry) and entry.identity == identity
            return self.queue.live if is_it else None

        self.results.show_former(self.chooser.currentData(), live)
