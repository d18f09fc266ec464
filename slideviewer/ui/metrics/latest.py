"""Answers the latest question beside the window: one at a time, and never an old one after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from slideviewer.progress import Progress
from slideviewer.ui.jobs import Job

Q = TypeVar("Q")

PACE_MS = 40
"""Between a change and the next question: a dragged threshold is followed, not chased."""


class Latest(QObject, Generic[Q]):
    """Looks while it is wanted.

    While a threshold is dragged the question changes all the time. It is not asked again before
    the answer to the one before has come, and then what is asked is the state of that moment.

    Parameters
    ----------
    question : callable
        What is to be answered now; None where there is nothing to ask.
    is_same : callable
        Whether two questions have one answer.
    begin : callable
        What to do for a question, off the GUI thread.
    is_void : callable, optional
        Whether nobody needs the answer to the former question once another is asked, so that the
        work on it is cancelled.
    """

    answered = Signal(object)  # the answer, or None where there is no question
    failed = Signal(str)
    progressed = Signal(object)  # Step
    working = Signal(bool)

    def __init__(
        self,
        question: Callable[[], Q | None],
        is_same: Callable[[Q, Q], bool],
        begin: Callable[[Q], Callable[[Progress], object]],
        is_void: Callable[[Q, Q], bool] = lambda _, __: False,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._question, self._is_same = question, is_same
        self._begin_work, self._is_void = begin, is_void
        self._is_wanted = False
        self._asked: Q | None = None
        self._job: Job | None = None
        self._soon = QTimer(self, singleShot=True, interval=PACE_MS)
        self._soon.timeout.connect(self._begin)

    @property
    def is_working(self) -> bool:
        """Whether an answer is to come."""
        return self._job is not None or self._soon.isActive()

    def want(self, is_wanted: bool) -> None:
        """Answer, or leave it; nobody looks at a hidden panel."""
        self._is_wanted = is_wanted
        self.look()

    def look(self) -> None:
        """See soon whether the question is another one."""
        if self._is_wanted and not self._soon.isActive():
            self._soon.start()

    def forget(self) -> None:
        """Take no former answer for the present one; what is asked now is not waited for."""
        self._asked = None
        if self._job is not None:
            self._job.cancel()

    def close(self) -> None:
        """Want nothing any more."""
        self._is_wanted = False
        self._soon.stop()
        if self._job is not None:
            self._job.cancel()

    def _begin(self) -> None:
        if not self._is_wanted:
            return
        question = self._question()
        if self._job is not None:
            # It begins again when the one under way has ended.
            if self._asked is not None and (
                question is None or self._is_void(self._asked, question)
            ):
                self._job.cancel()
            return
        if question is None:
            self._asked = None
            self.answered.emit(None)
            return
        if self._asked is not None and self._is_same(self._asked, question):
            return
        self._start(question)

    def _start(self, question: Q) -> None:
        self._asked = question
        self._job = job = Job(self._begin_work(question), self)

        def succeeded(answer: Any) -> None:
            if self._asked is question:
                self.answered.emit(answer)

        def failed(problem: str) -> None:
            if self._asked is question:
                self.failed.emit(problem)

        def discarded(_: object) -> None:
            self._asked = None

        def ended() -> None:
            self._job = None
            self.working.emit(False)
            self.look()

        job.progressed.connect(self.progressed)
        job.succeeded.connect(succeeded)
        job.failed.connect(failed)
        job.discarded.connect(discarded)
        job.ended.connect(ended)
        self.working.emit(True)
        job.start()
