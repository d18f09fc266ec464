"""The file of a worklist behind the window: one change after another, each with its answer."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Lock

from PySide6.QtCore import QCoreApplication, QObject, Signal

from slideviewer.cohort.worklist import ReadingState, Worklist
from slideviewer.errors import SlideviewerError
from slideviewer.ui.jobs import Job

PATIENCE = 1.5
"""Seconds that a window waits at its end for changes that a slow disk still takes."""

States = Mapping[Path, ReadingState]


@dataclass(frozen=True)
class Kept:
    """How a list stands after something was asked of it.

    Attributes
    ----------
    meant : Path, optional
        The file that was asked about.
    path : Path, optional
        The same, where there is such a list; else None.
    states : mapping of Path to ReadingState
        The state of each slide on it.
    is_begun : bool
        The list was just begun, or slides were put on it.
    left_out : tuple of Path
        Those whose names are no text.
    problem : str
        Why what was asked was not done; empty where it was.
    """

    meant: Path | None = None
    path: Path | None = None
    states: States = field(default_factory=dict)
    is_begun: bool = False
    left_out: tuple[Path, ...] = ()
    problem: str = ""


@dataclass(eq=False)
class _Work:
    """Something to do, once, whoever comes to it first."""

    act: Callable[[], Kept]
    is_done: bool = False


@dataclass(eq=False)
class _Line:
    """What is asked of one list: done one by one, in the order in which it was asked.

    Attributes
    ----------
    path : Path
    works : deque of _Work
        The first one is at work. Touched by the GUI thread alone.
    at_work : Lock
        Held by the job that is; the two that follow are touched by it alone.
    worklist : Worklist, optional
    kept : Kept
        How it stood last.
    """

    path: Path
    works: deque[_Work] = field(default_factory=deque)
    at_work: Lock = field(default_factory=Lock)
    worklist: Worklist | None = None
    kept: Kept = field(default_factory=Kept)

    def opened(self) -> Worklist:
        """The list; it is made where it is missing."""
        if self.worklist is None:
            self.worklist = Worklist(self.path)
        return self.worklist

    def told(self) -> Kept:
        """How it stands."""
        if self.worklist is None:
            return Kept(self.path)
        return Kept(self.path, self.path, self.worklist.states())

    def begun(self, slides: Iterable[Path]) -> Kept:
        """Put slides on it."""
        left_out = self.opened().add(slides)
        return replace(self.told(), is_begun=True, left_out=left_out)

    def let_go(self) -> Kept:
        """Close it."""
        former, self.worklist = self.worklist, None
        if former is not None:
            former.close()
        return Kept(self.path)

    def done(self, work: _Work) -> Kept:
        """Do one work; its answer, whether it succeeds or not."""
        with self.at_work:
            if work.is_done:
                return self.kept
            work.is_done = True
            try:
                self.kept = work.act()
            except SlideviewerError as error:
                known = self.kept if self.worklist is not None else Kept(self.path)
                return replace(known, is_begun=False, left_out=(), problem=str(error))
            return self.kept


class Keeping(QObject):
    """The lists that are at hand: the current one, and former ones with work left.

    A folder may lie on a network that takes its time, so each change is a job. What is asked of one
    list waits for what was asked of it before, and for no other list: two changes of one slide
    cannot overtake each other, and a folder that is gone keeps nobody from the next.
    """

    answered = Signal(object)  # Kept

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._lines: dict[Path, _Line] = {}
        self._current: Path | None = None
        self._is_closed = False

    def is_last_word(self, kept: Kept) -> bool:
        """Whether an answer is of the current list, and nothing more is asked of that."""
        return kept.meant == self._current and kept.meant not in self._lines_at_work

    def show(self, path: Path) -> None:
        """Make a list the current one, and open it where it is there."""
        self._take(path)
        line = self._line(path)

        def work() -> Kept:
            if path.is_file():
                line.opened()
            return line.told()

        self._ask(line, work)

    def begin(self, path: Path, slides: Callable[[], Iterable[Path]]) -> None:
        """Put slides on a list, new or not, which is the current one as soon as they are there."""
        line = self._line(path)
        self._ask(line, lambda: line.begun(slides()))

    def change(
        self,
        change: Callable[[Worklist], None],
        path: Path,
        slides: Iterable[Path] | None = None,
    ) -> None:
        """Change a list, be it the current one or not.

        Parameters
        ----------
        change : callable
        path : Path
            The list that is meant.
        slides : iterable of Path, optional
            Where there is no such list, one of these is begun; without them nothing is done.
        """
        line = self._line(path)

        def work() -> Kept:
            begun = Kept()
            if line.worklist is None and not path.is_file():
                if slides is None:
                    return line.told()
                begun = line.begun(slides)
            change(line.opened())
            return replace(line.told(), is_begun=begun.is_begun, left_out=begun.left_out)

        self._ask(line, work)

    def close(self) -> None:
        """Let all go when what was asked is done, and want no answer any more."""
        if self._is_closed:
            return
        self._is_closed = True
        jobs = []
        for line in self._lines.values():
            left = [*line.works, _Work(line.let_go)]
            job = Job(partial(_do_all, line, left), QCoreApplication.instance())
            job.start()
            jobs.append(job)
        until = time.monotonic() + PATIENCE
        for job in jobs:
            job.wait(max(0.0, until - time.monotonic()))

    @property
    def _lines_at_work(self) -> set[Path]:
        return {path for path, line in self._lines.items() if line.works}

    def _line(self, path: Path) -> _Line:
        return self._lines.setdefault(path, _Line(path))

    def _take(self, path: Path) -> None:
        former, self._current = self._current, path
        if former is not None and former != path:
            line = self._line(former)
            self._ask(line, line.let_go)

    def _ask(self, line: _Line, work: Callable[[], Kept]) -> None:
        if not self._is_closed:
            line.works.append(_Work(work))
            if len(line.works) == 1:
                self._start(line)

    def _start(self, line: _Line) -> None:
        work = line.works[0]
        # The application owns the job: this object may be gone when a network answers.
        job = Job(lambda _: line.done(work), QCoreApplication.instance())
        job.succeeded.connect(partial(self._on_answer, line))
        job.failed.connect(lambda problem: self._on_answer(line, Kept(line.path, problem=problem)))
        job.start()

    def _on_answer(self, line: _Line, kept: Kept) -> None:
        if self._is_closed:
            return
        line.works.popleft()
        if line.works:
            self._start(line)
        if kept.is_begun:
            self._take(line.path)
        if not line.works and line.path != self._current:
            if line.worklist is not None:
                self._ask(line, line.let_go)  # it was opened for one change
            else:
                del self._lines[line.path]
        self.answered.emit(kept)


def _do_all(line: _Line, works: Iterable[_Work], _: object) -> None:
    for work in works:
        line.done(work)
