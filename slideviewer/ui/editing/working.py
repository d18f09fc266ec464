"""Edits of vast shapes are worked out beside the window; then the markup changes in one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication, QWidget

from slideviewer.annotations import Annotation
from slideviewer.progress import Progress, Step, silent
from slideviewer.ui import words
from slideviewer.ui.asking import ask
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.session import Session

MOST_AT_ONCE = 5_000
"""Vertices up to which an edit is worked out while the window waits, which nobody notices."""

SHOWN_AFTER_MS = 300
"""Work that ends sooner is not spoken of."""

LOOK_AGAIN_MS = 50
"""Between two looks at whether the user has come to the end of what they do."""

LONGEST_WAIT_SECONDS = 2.0
"""How long closing waits for work that nobody wants any more."""

Made = TypeVar("Made")


@dataclass(frozen=True)
class _Work:
    """What is being worked out."""

    text: str
    before: Mapping[str, Annotation | None]
    job: Job


class Working(QObject):
    """Works out what becomes of shapes: at once, or in a job that is spoken of in a notice.

    Meanwhile the shapes stay as they were; one that is edited nonetheless stays as it is then.

    Parameters
    ----------
    session : Session
    notices : NoticeStack
    is_drawing : callable
        Whether a gesture is under way, whose end a result waits for.
    window : QWidget
        Over which questions stand.
    """

    def __init__(
        self,
        session: Session,
        notices: NoticeStack,
        is_drawing: Callable[[], bool],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._notices, self._window = session, notices, window
        self._is_drawing = is_drawing
        self._work: _Work | None = None
        self._told = ""
        self._soon = QTimer(self, singleShot=True, interval=SHOWN_AFTER_MS)
        self._soon.timeout.connect(self._show)
        session.document.replaced.connect(self.cancel)

    @property
    def is_under_way(self) -> bool:
        """Whether something is being worked out, or waits for the end of a gesture."""
        return self._work is not None

    def do(
        self,
        text: str,
        shapes: Sequence[Annotation],
        work: Callable[[Progress], Made],
        then: Callable[[Made], object],
        weight: int = 0,
    ) -> None:
        """Work something out, and go on with it.

        Parameters
        ----------
        text : str
            The step's name in the Edit menu.
        shapes : sequence of Annotation
            What it is made of.
        work : callable
            Knows no Qt; called in another thread where the shapes have many vertices.
        then : callable
            Gets what it returns, unless one of the shapes has been edited meanwhile.
        weight : int
            What there is to do beside the shapes, as if it were vertices.
        """
        if self.refuses(shapes):
            return
        points = sum(len(it.points) for it in shapes)
        if points + weight <= MOST_AT_ONCE:
            then(work(silent))
            return
        if self._work is not None:
            self._notices.tell(f"“{self._work.text}” is still being worked out. Do one at a time.")
            return
        known = self._session.document.annotations.annotations
        before = {it.id: known.get(it.id) for it in shapes}
        # The application owns the job: this object may be gone before it ends.
        job = Job(work, QCoreApplication.instance())
        begun = self._work = _Work(text, before, job)
        self._told = f"{text}: {words.whole(points)} points …" if points else f"{text} …"
        job.progressed.connect(self._on_progress)
        job.succeeded.connect(lambda made: self._on_made(begun, lambda: then(made)))
        job.failed.connect(self._on_failed)
        self._soon.start()
        job.start()

    def is_about(self, shapes: Sequence[Annotation]) -> bool:
        """Whether one of these is being worked on."""
        return self._work is not None and any(it.id in self._work.before for it in shapes)

    def refuses(self, shapes: Sequence[Annotation]) -> bool:
        """Whether one of these is being worked on, which the user is told then."""
        if self._work is None or not self.is_about(shapes):
            return False
        name = next(it.name for it in shapes if it.id in self._work.before)
        self._notices.tell(f"“{name}” is still being worked on: {self._work.text}.")
        return True

    def cancel(self) -> None:
        """Want nothing of what is being worked out; the shapes are as they were."""
        if self._work is not None:
            self._work.job.cancel()
            self._end()

    def may_leave(self) -> bool:
        """Ask whether work under way is to be lost; True where there is none."""
        if self._work is None:
            return True
        question = f"“{self._work.text}” is still being worked out, and would not be done."
        answer = ask(self._window, "Leave without it?", question, ("Leave", "Stay"))
        return answer == "Leave"

    def close(self) -> None:
        """Leave nothing at work; the window is about to close."""
        work = self._work
        self.cancel()
        if work is not None:
            work.job.wait(LONGEST_WAIT_SECONDS)

    @Slot(object)
    def _on_progress(self, step: Step) -> None:
        if step.total and self._work is not None and self.sender() is self._work.job:
            is_shown = self._told in self._notices.texts  # else it is too early, or was closed
            self._notices.withdraw(self._told)
            self._told = words.progress(step)
            if is_shown:
                self._show()

    def _on_made(self, work: _Work, then: Callable[[], object]) -> None:
        if self._work is not work:
            return
        if self._is_drawing() or QApplication.activeModalWidget() is not None:
            # What is being drawn, or asked about, began with the shapes as they are.
            QTimer.singleShot(LOOK_AGAIN_MS, self, lambda: self._on_made(work, then))
            return
        self._end()
        known = self._session.document.annotations.annotations
        for key, before in work.before.items():
            if known.get(key) is not before:
                name = before.name if before is not None else "The new shape"
                self._notices.warn(
                    f"“{name}” was changed while “{work.text}” was worked out. It stays as it is "
                    "now: do the same again if it is still wanted."
                )
                return
        then()

    @Slot(str)
    def _on_failed(self, problem: str) -> None:
        if self._work is not None and self.sender() is self._work.job:
            text = self._work.text
            self._end()
            self._notices.warn(f"“{text}” could not be done: {problem}")

    def _show(self) -> None:
        self._notices.offer(self._told, "Cancel", self.cancel)

    def _end(self) -> None:
        self._soon.stop()
        self._work = None
        self._notices.withdraw(self._told)
