"""After a crash: finds what was edited and not saved, and gives it back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from slideviewer import paths
from slideviewer.annotations import AnnotationSet, read_annotations
from slideviewer.annotations.decisions import read_decisions
from slideviewer.annotations.differences import Differences, differences
from slideviewer.annotations.journal import (
    Journal,
    JournalError,
    Leftover,
    leftovers,
    origin_ids,
    read_leftover,
    remove,
)
from slideviewer.annotations.saving import stamp_of
from slideviewer.annotations.sidecar import Sidecar, read_sidecar
from slideviewer.errors import SlideviewerError
from slideviewer.ui import words
from slideviewer.ui.asking import ask
from slideviewer.ui.differences_dialog import DifferencesDialog
from slideviewer.ui.files import Files
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.saving import Saving
from slideviewer.ui.session import Session

CLOCK_SECONDS = 2.0
"""How coarse the times of files may be: those of FAT disks are."""

RESTORE, DELETE, LATER = "Restore", "Delete", "Later"


@dataclass(frozen=True)
class Found:
    """What was left over.

    Attributes
    ----------
    waiting : tuple of Leftover
    damaged : tuple of JournalError
    """

    waiting: tuple[Leftover, ...]
    damaged: tuple[JournalError, ...]


@dataclass(frozen=True)
class Read:
    """A journal as read.

    Attributes
    ----------
    leftover : Leftover
    annotations : AnnotationSet
    file : Path or None
        What it is compared with; None where there is no such file.
    differences : Differences
        To what the file holds now, or to nothing.
    sidecar : Sidecar
        Who drew what of it, as far as that is known.
    """

    leftover: Leftover
    annotations: AnnotationSet
    file: Path | None
    differences: Differences
    sidecar: Sidecar


@dataclass(frozen=True)
class Rescued:
    """What is given back, and the new journal that holds it; None where none can be written."""

    annotations: AnnotationSet
    journal: Journal | None


class Recovering(QObject):
    """Tells of journals that an earlier run left, and restores or deletes them."""

    def __init__(
        self,
        session: Session,
        files: Files,
        saving: Saving,
        notices: NoticeStack,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._files, self._saving = session, files, saving
        self._notices, self._window = notices, window

    def look(self) -> None:
        """Look for what an earlier run left, in the background."""
        job = Job(lambda _: find(paths.journals_folder()), self)
        job.succeeded.connect(self._tell)
        job.failed.connect(lambda problem: self._notices.warn(problem))
        job.start()

    def _tell(self, found: Found) -> None:
        for error in found.damaged:
            self._notices.warn(f"Edits that were not saved are damaged. {error}")
        for leftover in found.waiting:
            self._notices.warn(words_on(leftover), ("Look…", partial(self.open, leftover)))

    def open(self, leftover: Leftover) -> None:
        """Show what a journal holds, and ask what to do with it."""
        job = Job(lambda _: read(leftover), self)
        job.succeeded.connect(self._ask)
        job.failed.connect(lambda problem: self._notices.warn(problem))
        job.start()

    def _ask(self, read: Read) -> None:
        dialog = DifferencesDialog(
            "Annotations that were not saved",
            f"{words_on(read.leftover)} {_compared_with(read.file)}",
            read.differences,
            (RESTORE, DELETE, LATER),
            self._window,
        )
        dialog.exec()
        dialog.deleteLater()
        if dialog.answer == RESTORE:
            self._restore(read)
        elif dialog.answer == DELETE:
            self._delete(read.leftover)

    def _delete(self, leftover: Leftover) -> None:
        question = f"The edits to {_name_of(leftover)} are deleted. They cannot be brought back."
        if ask(self._window, "Delete the edits?", question, (DELETE, LATER)) == DELETE:
            remove(leftover.journal)

    def _restore(self, read: Read) -> None:
        """Open the slide, if it is still there, and then what was edited."""
        slide = read.leftover.about.slide
        shown = self._session.slide
        if slide is None or (shown is not None and shown.path.absolute() == Path(slide)):
            if self._saving.may_leave():
                self._give_back(read)
        elif Path(slide).exists():
            self._files.open_slide(Path(slide), lambda: self._give_back(read))
        elif self._saving.may_leave():
            self._notices.warn(f"{slide} is not there any more; its annotations are.")
            self._give_back(read)

    def _give_back(self, read: Read) -> None:
        about = read.leftover.about
        agreed = self._session.document.annotations

        def show(rescued: Rescued) -> None:
            document = self._session.document
            if document.annotations is not agreed and not self._saving.may_leave():
                if rescued.journal is not None:
                    rescued.journal.discard()
                return
            path = Path(about.path) if about.path is not None else None
            if path is not None:
                self._saving.note(path, about.stamp)
            document.open(
                rescued.annotations,
                path,
                unsaved=True,
                stamp=about.stamp,
                journal=rescued.journal,
            )
            if path is not None:
                self._saving.sidecars.note_read(path, read.sidecar)
            if document.journal.is_kept:
                remove(read.leftover.journal)
            self._notices.tell("Restored. Save to keep it.")

        job = Job(lambda _: rescue(read), self)
        job.succeeded.connect(show)
        job.failed.connect(lambda problem: self._notices.warn(problem))
        job.start()


def find(folder: Path) -> Found:
    """What was left over; that which its file holds by now is deleted."""
    found, damaged = leftovers(folder)
    waiting: list[Leftover] = []
    for leftover in found:
        if leftover.edits == 0 or _is_saved(leftover):
            remove(leftover.journal)
        else:
            waiting.append(leftover)
    return Found(tuple(waiting), tuple(damaged))


def read(leftover: Leftover) -> Read:
    """Read a journal that was left over."""
    annotations = read_leftover(leftover.journal, _read_file)
    file = Path(leftover.about.path) if leftover.about.path is not None else None
    try:
        before = AnnotationSet.of() if file is None else _read_file(file)
    except SlideviewerError:  # gone, or another's by now
        file, before = None, AnnotationSet.of()
    sidecar = _sidecar(leftover, file, before, annotations) if file is not None else Sidecar()
    annotations = sidecar.added_to(annotations)
    return Read(leftover, annotations, file, differences(before, annotations), sidecar)


def _sidecar(
    leftover: Leftover, file: Path, before: AnnotationSet, recovered: AnnotationSet
) -> Sidecar:
    """Who drew what: else the next save would have the user draw all of it, and now."""
    ids = origin_ids(leftover.journal)
    if len(ids) == len(before) and stamp_of(file) == leftover.about.stamp:
        # What was edited since is known by its id; its shape is another one.
        named = (replace(it, id=key) for key, it in zip(ids, before, strict=True))
        return read_sidecar(file, AnnotationSet.of(named))
    found = read_sidecar(file, recovered)
    return replace(found, notices=())  # they would speak of the edits as another program's


def rescue(read: Read) -> Rescued:
    """Write what was recovered into a journal of its own."""
    annotations, leftover = read.annotations, read.leftover
    folder, nothing = paths.journals_folder(), AnnotationSet.of()
    try:
        journal = Journal(folder, leftover.about, nothing, leftover.edits)
    except JournalError:
        return Rescued(annotations, None)
    try:
        journal.keep(annotations, leftover.edits)
    except JournalError:
        journal.discard()
        return Rescued(annotations, None)
    return Rescued(annotations, journal)


def words_on(leftover: Leftover) -> str:
    """What was not saved, for the user."""
    number = words.whole(leftover.edits)
    edits = f"{number} edit{'s' if leftover.edits != 1 else ''}"
    return (
        f"Annotations of {_name_of(leftover)} were not saved "
        f"({leftover.last:%Y-%m-%d %H:%M}, {edits})."
    )


def _compared_with(file: Path | None) -> str:
    if file is None:
        return "There is no file to compare them with. They are:"
    return f"Compared with {file.name} as it is on the disk:"


def _name_of(leftover: Leftover) -> str:
    about = leftover.about
    name = about.slide or about.path
    return Path(name).name if name is not None else "no slide"


def _is_saved(leftover: Leftover) -> bool:
    """Whether the program ended after it had saved, and before it had deleted the journal."""
    path = Path(leftover.about.path) if leftover.about.path is not None else None
    try:
        if path is None or path.stat().st_mtime < leftover.last.timestamp() - CLOCK_SECONDS:
            return False
        recovered = read_leftover(leftover.journal, _read_file)
        return not differences(_read_file(path), recovered)
    except (SlideviewerError, OSError):
        return False


def _read_file(path: Path) -> AnnotationSet:
    return read_decisions(path).added_to(read_annotations(path).annotations)
