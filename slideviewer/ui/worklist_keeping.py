"""The file of a worklist behind the window: one change after another, each with its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from PySide6.QtCore import QCoreApplication, QObject, Signal

from slideviewer.cohort.worklist import ReadingState, Worklist
from slideviewer.errors import SlideviewerError
from slideviewer.ui.jobs import Job

PATIENCE = 1.5
"""Seconds that a window waits at its end for changes that a slow disk still takes."""

States = Mapping[Path, ReadingState]


@dataclass(frozen=True)
class Kept:
    """How the list stands after something was asked of it.

    Attributes
    ----------
    path : Path, optional
        Its file; None where no list is open.
    states : mapping of Path to ReadingState
        The state of each slide on it.
    is_begun : bool
        The list was just begun, or slides were put on it.
    left_out : tuple of Path
        Those whose names are no text.
    problem : str
        Why what was asked was not done; empty where it was.
    """

    path: Path | None = None
    states: States = field(default_factory=dict)
    is_begun: bool = False
    left_out: tuple[Path, ...] = ()
    problem: str = ""


class Keeping(QObject):
    """The list that is open. What is asked is done in the order in which it was asked.

    A folder may lie on a network that takes its time, so each change is a job. Each job waits for
    the one before: two changes of one slide cannot overtake each other, and a list is not closed
    while something is still to be written into it.
    """

    answered = Signal(object)  # Kept; the last one that was asked for tells how all stands

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._worklist: Worklist | None = None  # this and the next are touched by jobs alone
        self._kept = Kept()
        self._turns: list[Event] = []
        self._is_closed = False

    @property
    def is_idle(self) -> bool:
        """Whether all that was asked is answered."""
        return not self._turns

    def show(self, path: Path) -> None:
        """Open a list where there is one, and none where there is not."""

        def work() -> Kept:
            if self._worklist is None or self._worklist.path != path:
                self._let_go()
                if path.is_file():
                    self._worklist = Worklist(path)
            return self._told()

        self._ask(work)

    def begin(self, path: Path, slides: Callable[[], Iterable[Path]]) -> None:
        """Open a list, new or not, and put slides on it."""
        self._ask(lambda: self._begun(path, slides()))

    def change(
        self,
        change: Callable[[Worklist], None],
        path: Path,
        slides: Iterable[Path] | None = None,
    ) -> None:
        """Change a list, be it the one that is open or not.

        Parameters
        ----------
        change : callable
        path : Path
            The list that is meant.
        slides : iterable of Path, optional
            Where there is no such list, one of these is begun; without them nothing is done.
        """

        def work() -> Kept:
            if self._worklist is not None and self._worklist.path == path:
                change(self._worklist)
            elif path.is_file():
                with Worklist(path) as other:
                    change(other)
            elif slides is not None:
                begun = self._begun(path, slides)
                assert self._worklist is not None
                change(self._worklist)
                return replace(begun, states=self._worklist.states())
            return self._told()

        self._ask(work)

    def close(self) -> None:
        """Let the list go when all that was asked is done, and want no answer any more."""
        self.blockSignals(True)

        def work() -> Kept:
            self._let_go()
            return Kept()

        self._ask(work)
        self._is_closed = True
        for last in self._turns[-1:]:
            last.wait(PATIENCE)

    def _begun(self, path: Path, slides: Iterable[Path]) -> Kept:
        if self._worklist is None or self._worklist.path != path:
            begun = Worklist(path)
            self._let_go()
            self._worklist = begun
        left_out = self._worklist.add(slides)
        return replace(self._told(), is_begun=True, left_out=left_out)

    def _told(self) -> Kept:
        if self._worklist is None:
            return Kept()
        return Kept(self._worklist.path, self._worklist.states())

    def _let_go(self) -> None:
        former, self._worklist = self._worklist, None
        if former is not None:
            former.close()

    def _ask(self, work: Callable[[], Kept]) -> None:
        if self._is_closed:
            return
        former, mine = self._turns[-1:], Event()
        self._turns.append(mine)

        def turn(_: object) -> Kept:
            for event in former:
                event.wait()
            try:
                return self._answer(work)
            finally:
                mine.set()

        # The application owns the job: this object may be gone when a network answers.
        job = Job(turn, QCoreApplication.instance())
        job.succeeded.connect(self._on_answer)
        job.failed.connect(self._on_failure)
        job.start()

    def _answer(self, work: Callable[[], Kept]) -> Kept:
        try:
            self._kept = work()
        except SlideviewerError as error:
            is_same = self._worklist is not None and self._worklist.path == self._kept.path
            path = self._worklist.path if self._worklist is not None else None
            return Kept(path, self._kept.states if is_same else {}, problem=str(error))
        return self._kept

    def _on_answer(self, kept: Kept) -> None:
        self._turns.pop(0)
        self.answered.emit(kept)

    def _on_failure(self, problem: str) -> None:
        self._on_answer(Kept(problem=problem))
