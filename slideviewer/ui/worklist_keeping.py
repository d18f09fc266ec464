"""The file of a worklist behind the window: one change after another, each with its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, Signal

from slideviewer.cohort.worklist import ReadingState, Worklist
from slideviewer.ui.jobs import Job

PATIENCE = 5.0
"""Seconds that a window waits at its end for changes that a slow disk still takes."""

States = Mapping[Path, ReadingState]


@dataclass(frozen=True)
class Kept:
    """How a list stands.

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
    """

    path: Path | None = None
    states: States = field(default_factory=dict)
    is_begun: bool = False
    left_out: tuple[Path, ...] = ()


class Keeping(QObject):
    """The list that is open. What is asked is done in the order in which it was asked.

    A folder may lie on a network that takes its time, so each change is a job. Each job waits for
    the one before: two changes of one slide cannot overtake each other, and a list is not closed
    while something is still to be written into it.
    """

    answered = Signal(object)  # Kept
    failed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._worklist: Worklist | None = None  # touched by jobs alone
        self._latest: Job | None = None
        self._waiting = 0

    @property
    def is_idle(self) -> bool:
        """Whether all that was asked is answered."""
        return not self._waiting

    def show(self, path: Path) -> None:
        """Open a list where there is one, and none where there is not."""

        def work() -> Kept:
            if self._worklist is None or self._worklist.path != path:
                self._let_go()
                if path.is_file():
                    self._worklist = Worklist(path)
            return self._told()

        self._do(work)

    def begin(self, path: Path, slides: Callable[[], Iterable[Path]]) -> None:
        """Open a list, new or not, and put slides on it."""
        self._do(lambda: self._begun(path, slides()))

    def change(
        self, change: Callable[[Worklist], None], path: Path, slides: Iterable[Path]
    ) -> None:
        """Change the list that is open; where none is, begin one with slides."""

        def work() -> Kept:
            kept = self._told() if self._worklist is not None else self._begun(path, slides)
            assert self._worklist is not None
            change(self._worklist)
            return Kept(kept.path, self._worklist.states(), kept.is_begun, kept.left_out)

        self._do(work)

    def close(self) -> None:
        """Let the list go when all that was asked is done, and want no answer any more."""
        self.blockSignals(True)

        def work() -> Kept:
            self._let_go()
            return Kept()

        self._do(work).wait(PATIENCE)

    def _begun(self, path: Path, slides: Iterable[Path]) -> Kept:
        if self._worklist is None or self._worklist.path != path:
            begun = Worklist(path)
            self._let_go()
            self._worklist = begun
        left_out = self._worklist.add(slides)
        return Kept(path, self._worklist.states(), True, left_out)

    def _told(self) -> Kept:
        if self._worklist is None:
            return Kept()
        return Kept(self._worklist.path, self._worklist.states())

    def _let_go(self) -> None:
        former, self._worklist = self._worklist, None
        if former is not None:
            former.close()

    def _do(self, work: Callable[[], Kept]) -> Job:
        former = [self._latest.worker] if self._latest is not None else []

        def turn(_: object) -> Kept:
            while former:
                former.pop().join()
            return work()

        # The application owns the job: this object may be gone when a network answers.
        self._latest = job = Job(turn, QCoreApplication.instance())
        job.succeeded.connect(self._on_success)
        job.failed.connect(self._on_failure)
        self._waiting += 1
        job.start()
        return job

    def _on_success(self, kept: Kept) -> None:
        self._waiting -= 1
        self.answered.emit(kept)

    def _on_failure(self, problem: str) -> None:
        self._waiting -= 1
        self.failed.emit(problem)
