"""The predictions that are wanted, one after the other in the worker, whatever slide is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from slideviewer.inference import messages
from slideviewer.progress import Step
from slideviewer.ui import prediction_words
from slideviewer.ui.jobs import Job
from slideviewer.ui.predicted.live import Live, live_of
from slideviewer.ui.prediction_orders import Order, Prepared, prepare, request_for
from slideviewer.ui.worker_talk import WorkerTalk


class State(Enum):
    """How far a prediction is, in the user's words."""

    WAITING = "Waiting"
    RUNNING = "Running"
    PAUSED = "Paused"
    DONE = "Done"
    STOPPED = "Cancelled"
    FAILED = "Failed"


ACTIVE = (State.WAITING, State.RUNNING, State.PAUSED)


@dataclass(frozen=True)
class Entry:
    """One order and what became of it so far.

    Attributes
    ----------
    number : int
    order : Order
    state : State
    step : Step or None
        How far it is, once that is known.
    told : str
        Why it failed.
    identity : str
        Of the slide's content, once that is known.
    store : Path or None
        Where its answers are kept, once the worker was asked.
    """

    number: int
    order: Order
    state: State = State.WAITING
    step: Step | None = None
    told: str = ""
    identity: str = ""
    store: Path | None = None

    @property
    def is_active(self) -> bool:
        """Whether it is under way or waits."""
        return self.state in ACTIVE


class PredictionQueue(QObject):
    """Gives the worker one order at a time, and keeps what became of each."""

    changed = Signal()  # some entry came, went or is in another state
    began = Signal(object, object)  # Entry, what there is of it: nothing yet
    grew = Signal(object, object)  # Entry, what came to it
    ended = Signal(object, object)  # Entry, its last Reply, or text why it could not even begin

    def __init__(self, talk: WorkerTalk, parent: QObject) -> None:
        super().__init__(parent)
        self._talk = talk
        self._entries: dict[int, Entry] = {}
        self._made = 0
        self._at: int | None = None  # number of the entry under way
        self._preparing: Job | None = None
        self._leaves_gpu = False  # as soon as nothing is under way
        self._live: Live | None = None
        self.refusal: Callable[[Order, str], str] = lambda order, identity: ""
        """Says why a slide whose content has this identity is not predicted on after all."""
        talk.answered.connect(self._on_answer)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that were not taken away, in their order."""
        return tuple(self._entries.values())

    @property
    def running(self) -> Entry | None:
        """The one under way."""
        return self._entries.get(self._at) if self._at is not None else None

    def of_slide(self, path: Path) -> Entry | None:
        """The one of a slide that is under way or waits."""
        return next((it for it in self.entries if it.is_active and it.order.slide == path), None)

    @property
    def live(self) -> Any | None:
        """What the one under way has found so far, for an overlay.

        None before it is settled where it looks.
        """
        return self._live.shown if self._live is not None else None

    def add(self, order: Order) -> Entry:
        """Have something predicted after all that is wanted already."""
        self._made += 1
        entry = Entry(self._made, order)
        for former in self.entries:
            if not former.is_active and former.order.slide == order.slide:
                del self._entries[former.number]  # the new one tells how far that slide is
        self._entries[entry.number] = entry
        self.changed.emit()
        self._go_on()
        return self._entries[entry.number]

    def retry(self, number: int) -> None:
        """Have something that ended predicted once more, as the last one."""
        entry = self._entries.get(number)
        if entry is not None and not entry.is_active:
            self.add(entry.order)

    def retry_on_cpu(self, number: int) -> None:
        """The same without the graphics processor, which all others then leave alone, too."""
        if number in self._entries:
            self._leaves_gpu = True
            self.retry(number)

    def cancel(self, number: int) -> None:
        """End one; what it predicted is kept."""
        entry = self._entries.get(number)
        if entry is None or not entry.is_active:
            return
        if number != self._at:
            ended = replace(entry, state=State.STOPPED)
            self._set(ended)
            self.ended.emit(ended, messages.Stopped(0))
        elif self._preparing is not None:
            self._preparing.cancel()
            self._end(State.STOPPED, messages.Stopped(0))
        else:
            self._talk.stop()

    def remove_ended(self) -> None:
        """Take all away that are neither under way nor wait."""
        self._entries = {key: it for key, it in self._entries.items() if it.is_active}
        self.changed.emit()

    def close(self) -> None:
        """Begin nothing more."""
        if self._preparing is not None:
            self._preparing.cancel()
        self._entries.clear()
        self._at = None

    def _go_on(self) -> None:
        """Begin with the next one, unless one is under way."""
        waiting = next((it for it in self.entries if it.state == State.WAITING), None)
        if self._at is not None or waiting is None:
            return
        if self._leaves_gpu:
            self._leaves_gpu = False
            self._talk.leave_the_graphics_processor()
        self._at, order = waiting.number, waiting.order
        self._preparing = job = Job(lambda progress: prepare(order, progress), self)
        job.succeeded.connect(self._ask)
        job.failed.connect(self._give_up)
        self._set(replace(waiting, state=State.RUNNING, step=Step(0, 0, "Starting the model")))
        job.start()

    def _ask(self, prepared: Prepared) -> None:
        entry = self.running
        self._preparing = None
        if entry is None:
            return
        refused = self.refusal(entry.order, prepared.identity)
        if not refused and prepared.tissue is not None and prepared.tissue.is_empty:
            refused = f"{entry.order.slide.name}: There is no tissue where it was to be predicted."
        if refused:
            self._end(State.FAILED, refused)
            return
        request = request_for(entry.order, prepared)
        self._set(replace(entry, identity=prepared.identity, store=request.store))
        self._talk.ask(request)

    def _give_up(self, problem: str) -> None:
        self._preparing = None
        self._end(State.FAILED, f"{problem} It cannot be predicted on now.")

    def _on_answer(self, reply: messages.Reply) -> None:
        entry = self.running
        if entry is None:
            return
        match reply:
            case messages.Started() | messages.MaskStarted():
                assert entry.store is not None
                self._live = live_of(reply, entry.store)
                self.began.emit(entry, self._live.shown)
            case messages.Batch() | messages.MaskPart() | messages.NucleiPart():
                if self._live is not None:
                    self.grew.emit(entry, self._live.take(reply))
            case messages.Progressed():
                state = State.PAUSED if reply.is_paused else State.RUNNING
                text = "Paused" if reply.is_paused else reply.step.text
                self._set(replace(entry, state=state, step=replace(reply.step, text=text)))
            case messages.Finished():
                self._end(State.DONE, reply)
            case messages.Stopped():
                self._end(State.STOPPED, reply)
            case messages.Failed() | messages.Died():
                self._end(State.FAILED, reply)

    def _end(self, state: State, reply: messages.Reply | str) -> None:
        entry = self.running
        assert entry is not None
        ended = replace(entry, state=state, told=_told(reply))
        self._at = self._preparing = self._live = None
        self._set(ended)
        self.ended.emit(ended, reply)
        self._go_on()

    def _set(self, entry: Entry) -> None:
        self._entries[entry.number] = entry
        self.changed.emit()


def _told(reply: messages.Reply | str) -> str:
    """Why something ended that failed; empty where it did not."""
    match reply:
        case str():
            return reply
        case messages.Failed():
            return reply.text
        case messages.Died():
            return prediction_words.died(reply)
    return ""
