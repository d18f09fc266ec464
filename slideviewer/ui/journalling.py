"""Keeps the journal of a document: what was edited is on disk before it is shown."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from slideviewer import paths
from slideviewer.annotations import AnnotationSet
from slideviewer.annotations.journal import About, Journal, JournalError, step_between
from slideviewer.annotations.saving import Stamp
from slideviewer.ui.jobs import Job

MOST_STEP_BYTES = 64 * 2**20
"""Edits that take more than this on disk make room for a whole set."""


class Journalling(QObject):
    """The journal of what is open, begun with the first edit, ended when all is saved or left.

    A journal that cannot be written stops nobody from editing; the next edit tries again, and
    then writes all that is missing.
    """

    changed = Signal()  # whether the edits are kept has become different
    failed = Signal(str)  # why edits are not kept from now on, for the user

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.slide_path: Path | None = None
        """The slide that the annotations are open with."""
        self._journal: Journal | None = None
        self._compacting: Job | None = None
        self._problem = ""
        self._told = (False, "")
        self.begin(AnnotationSet.of(), None, None)

    @property
    def is_kept(self) -> bool:
        """Whether there are edits, and all are in the journal."""
        return self._journal is not None and not self._problem

    @property
    def problem(self) -> str:
        """Why the last edits are not in the journal; empty where they are."""
        return self._problem

    def begin(
        self,
        origin: AnnotationSet,
        path: Path | None,
        stamp: Stamp | None,
        journal: Journal | None = None,
    ) -> None:
        """Begin anew, from what is in a file; the journal so far is wanted no more.

        Parameters
        ----------
        origin : AnnotationSet
            What is shown now.
        path : Path or None
            The file that holds it.
        stamp : Stamp or None
            How that file was when it was read or written.
        journal : Journal, optional
            One that holds it already.
        """
        self.end()
        self._origin = self._kept = origin
        self._path, self._stamp = path, stamp
        self._journal = journal
        self._solve()

    def record(self, text: str, after: AnnotationSet, ids: Iterable[str]) -> None:
        """Write an edit; when this returns, it is on the disk, or `problem` says why not.

        Parameters
        ----------
        text : str
        after : AnnotationSet
            What the document becomes.
        ids : iterable of str
            Those in which it differs from what it is.
        """
        known = None if self._problem else list(ids)
        try:
            if self._journal is None:
                self._journal = Journal(paths.journals_folder(), self._about(), self._origin)
            self._journal.append(step_between(text, self._kept, after, known))
        except JournalError as error:
            self._fail(str(error))
            return
        self._kept = after
        self._solve()
        if not self._journal.has_base or self._journal.step_bytes > MOST_STEP_BYTES:
            self._compact(self._journal)

    def base_writer(self) -> Callable[[], None]:
        """What to call, in any thread, before the file is replaced that the edits begin from."""
        journal, annotations = self._journal, self._kept
        seq = journal.seq if journal is not None else 0

        def write() -> None:
            if journal is not None and not journal.has_base:
                with contextlib.suppress(JournalError):  # the file's backup is a base as well
                    journal.keep(annotations, seq)

        return write

    def renew(
        self, saved: AnnotationSet, path: Path, stamp: Stamp | None, present: AnnotationSet
    ) -> None:
        """Forget the edits that a file holds now; those made while it was written stay.

        At any moment in this the disk holds them: in the file, the old journal or the new one.
        """
        if present is saved:
            self.begin(saved, path, stamp)
            return
        former = self._journal
        self._path, self._stamp, self._origin = path, stamp, saved
        try:
            journal = self._begun(saved, present)
        except JournalError as error:
            if former is None:
                self._kept = saved
            if former is None or self._problem:
                self._fail(str(error))
            return  # what the old one has it keeps
        self._journal, self._kept = journal, present
        if former is not None:
            former.discard()
        self._solve()
        if not journal.has_base:
            self._compact(journal)

    def end(self) -> None:
        """Delete the journal: all is saved, or the user wants none of it."""
        journal, self._journal = self._journal, None
        if journal is not None:
            journal.discard()

    def _begun(self, saved: AnnotationSet, present: AnnotationSet) -> Journal:
        """A new journal that leads from one set to another."""
        journal = Journal(paths.journals_folder(), self._about(), saved)
        try:
            journal.append(step_between("Edit", saved, present))
        except JournalError:
            journal.discard()
            raise
        return journal

    def _about(self) -> About:
        path, slide = self._path, self.slide_path
        return About(
            str(path.absolute()) if path is not None else None,
            self._stamp,
            str(slide.absolute()) if slide is not None else None,
        )

    def _compact(self, journal: Journal) -> None:
        """Write the whole set in the background, so that the journal needs nothing else."""
        if self._compacting is not None:
            return
        annotations, seq = self._kept, journal.seq
        self._compacting = job = Job(lambda _: journal.keep(annotations, seq), self)

        def ended() -> None:
            self._compacting = None

        def failed(problem: str) -> None:
            if journal is self._journal:
                self._fail(problem)

        job.failed.connect(failed)
        job.ended.connect(ended)
        job.start()

    def _fail(self, problem: str) -> None:
        was_well, self._problem = not self._problem, problem
        if was_well:
            self.failed.emit(problem)
        self._tell()

    def _solve(self) -> None:
        self._problem = ""
        self._tell()

    def _tell(self) -> None:
        state = self.is_kept, self._problem
        if state != self._told:
            self._told = state
            self.changed.emit()
