"""Says how each prediction ended, and offers what can be done about it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from slideviewer.inference import messages
from slideviewer.inference.stored import Stored, read_stored
from slideviewer.ui import prediction_words
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.opening import Offers
from slideviewer.ui.predicted.kinds import KINDS
from slideviewer.ui.prediction_queue import Entry, PredictionQueue

WITHHELD = "Predicted. What came out is hidden until the slide is marked as read."


class PredictionEndings(QObject):
    """Tells of the slide that is shown, and of others by their names."""

    read = Signal(object, object)  # Entry that is finished, and its result

    def __init__(self, queue: PredictionQueue, notices: NoticeStack, parent: QObject) -> None:
        super().__init__(parent)
        self._queue, self._notices = queue, notices
        self._offers = Offers(notices)

    def tell(
        self,
        entry: Entry,
        reply: messages.Reply | str,
        *,
        is_shown: bool,
        is_withheld: bool = False,
    ) -> None:
        """Say how it ended.

        Parameters
        ----------
        entry : Entry
        reply : Reply or str
            The last one, or why it could not even begin.
        is_shown : bool
            Whether it is of the slide that is shown.
        is_withheld : bool
            Whether nothing of what came out may be told yet.
        """
        number = entry.number
        about = "" if is_shown else f"{entry.order.slide.name}: "
        offer = self._offers.make if is_shown else self._notices.offer
        match reply:
            case messages.Finished():
                self._tell_finished(entry, reply, about, is_withheld)
            case messages.Stopped():
                self._notices.tell(about + prediction_words.CANCELLED)
            case messages.Failed():
                offer(about + reply.text, "Try again", lambda: self._queue.retry(number))
            case messages.Died():
                words, again = prediction_words.died(reply), "Go on, on the CPU"
                offer(about + words, again, lambda: self._queue.retry_on_cpu(number))
            case str():
                self._notices.warn(reply)

    def withdraw(self) -> None:
        """Another slide is shown: take back what was offered for the one before."""
        self._offers.withdraw()

    def _tell_finished(
        self, entry: Entry, reply: messages.Finished, about: str, is_withheld: bool
    ) -> None:
        """Say what came out, once it is known what was not seen."""
        kind = KINDS[entry.order.package.spec.task]

        def done(prediction: Stored | None) -> None:
            said = WITHHELD if is_withheld else kind.finished(reply, prediction)
            self._notices.tell(about + said)
            if prediction is not None:
                self.read.emit(entry, prediction)

        job = Job(lambda _: read_stored(reply.store), self)
        job.succeeded.connect(done)
        job.failed.connect(self._notices.warn)
        job.failed.connect(lambda _: done(None))
        job.start()
